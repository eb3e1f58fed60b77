//! The program as its users call it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn lexi_count(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lexi-count"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[test]
fn counts_the_standard_input() {
    let output = lexi_count(&[], b"tick tock tick");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "2\ttick\n1\ttock\n"
    );
    assert!(output.status.success());
}

#[test]
fn counts_several_files_together() {
    let texts = concat!(env!("CARGO_MANIFEST_DIR"), "/../texts");
    let ferry = format!("{texts}/ferry.txt");
    let once = String::from_utf8(lexi_count(&[&ferry], b"").stdout).unwrap();
    let twice = String::from_utf8(lexi_count(&[&ferry, &ferry], b"").stdout).unwrap();
    assert!(!once.is_empty());
    for (one, two) in once.lines().zip(twice.lines()) {
        let (n, word) = one.split_once('\t').unwrap();
        let doubled = 2 * n.parse::<u64>().unwrap();
        assert_eq!(two, format!("{doubled}\t{word}"));
    }
}

#[test]
fn survives_bytes_that_are_not_utf_8() {
    let output = lexi_count(&["--threads", "3"], b"caf\xe9 caf\xe9 tea");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2\tcaf\n1\ttea\n");
}

#[test]
fn names_the_file_that_cannot_be_read() {
    let output = lexi_count(&["no-such-file.txt"], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("reading no-such-file.txt"));
}

#[test]
fn refuses_a_number_of_threads_out_of_range() {
    for n in ["0", "65", "many"] {
        assert_eq!(lexi_count(&["--threads", n], b"").status.code(), Some(2));
    }
}
