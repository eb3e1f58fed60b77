//! A text larger than any in the library gives the same counts on any number of threads.

use lexi_count::Counts;

/// A text of `words` words that is the same every time.
fn text(words: usize) -> String {
    const SYLLABLES: [&str; 8] = ["ba", "dé", "ki", "lo", "mü", "na", "ro", "su"];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut text = String::new();
    for i in 0..words {
        for _ in 0..1 + i % 3 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text.push_str(SYLLABLES[(state >> 61) as usize]);
        }
        text.push(if i % 12 == 11 { '\n' } else { ' ' });
    }
    text
}

#[test]
fn counts_do_not_depend_on_the_number_of_threads() {
    let text = text(300_000);
    let sequential = Counts::of(&text);
    assert_eq!(sequential.total(), 300_000);
    for threads in [2, 3, 8, 64] {
        assert!(
            Counts::of_parallel(&text, threads) == sequential,
            "{threads} threads"
        );
    }
}

#[test]
fn every_word_of_one_to_three_syllables_occurs() {
    let counts = Counts::of_parallel(&text(300_000), 2);
    assert_eq!(counts.ranked().len(), 8 + 8 * 8 + 8 * 8 * 8);
}
