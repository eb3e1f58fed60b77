//! Names that are too long for their columns.

use paceline_engine::event::{EventKind, TestFinished};
use paceline_engine::outcome::Outcome;

use super::*;
use crate::test_framework::{Story, framework_suite, play, test_of};

const CLASS: &str = "Payments::ExternalProviders::RenewalWithProratedAmountsAndCouponsTest";

/// A suite of short and long paths, and one of a short and a long class of a file.
fn long_names() -> Vec<Event> {
    let of_class = |file: &str, class: &str, name: &str| {
        test_of("mini", &format!("{class}#{name}")).with(|details| {
            details.unit = file.into();
            details.file = Some(file.to_owned());
        })
    };
    let path = "tests/renewals/test_subscriptions_with_prorated_amounts_and_coupons_of_partners.py";
    let mut flaky = test_of("api", &format!("{path}::test_total"));
    flaky.flaky = true;
    flaky.attempts.insert(0, flaky.attempts[0].clone());
    flaky.attempts[0].outcome = Outcome::Failed;
    flaky.attempts[1].attempt = 2;
    let mut short = test_of("api", "tests/test_b.py::test_y");
    short.flaky = true;
    short.attempts.clone_from(&flaky.attempts);
    let tests: [TestFinished; 4] = [
        flaky,
        short,
        of_class("test/test_renewal.rb", CLASS, "test_amount")
            .ended(Outcome::Failed, "Expected: 1"),
        of_class("test/test_cart.rb", "TestCart", "test_a"),
    ];
    let mut minitest = framework_suite("mini");
    minitest.framework = "minitest".to_owned();
    minitest.dir = "mini".to_owned();
    let suites = [framework_suite("api"), minitest];
    let mut events = play(2, &suites, &tests, &[0, 1, 2, 3]);
    for event in &mut events {
        if let EventKind::UnitReported(reported) = &mut event.kind
            && &*reported.suite == "mini"
        {
            reported.part = Some(if reported.counts.failures() > 0 {
                CLASS.into()
            } else {
                "TestCart".into()
            });
        }
    }
    events
}

/// The lines of units.
fn units(columns: Option<&str>) -> String {
    let mut setup = setup();
    if let Some(columns) = columns {
        setup = setup.environment([("LANG", "C.UTF-8"), ("COLUMNS", columns)]);
    }
    let stdout = setup.run(&long_names()).stdout;
    let (lines, _) = stdout.split_once("\n FAILURES").unwrap();
    let is_unit = |line: &&str| !line.starts_with(' ');
    let units: Vec<&str> = lines.lines().filter(is_unit).collect();
    units.join("\n")
}

#[test]
fn long_paths_and_classes_are_cut_in_their_middle() {
    insta::assert_snapshot!(units(None), @"
    FLAKY  pytest    tests/renewals/test_sub…with_prorated_amounts_and_coupons_of_partners.py     1 test    0.03s   1 flaky
    FLAKY  pytest    tests/test_b.py                                                              1 test    0.03s   1 flaky
    FAIL   minitest  mini/test/test_renewal.…viders::RenewalWithProratedAmountsAndCouponsTest     1 test    0.03s   1 failed
    PASS   minitest  mini/test/test_cart.rb::TestCart                                             1 test    0.03s
    ");
    insta::assert_snapshot!(units(Some("120")), @"
    FLAKY  pytest    tests/renewals/test_sub…with_prorated_amounts_and_coupons_of_partners.py     1 test    0.03s   1 flaky
    FLAKY  pytest    tests/test_b.py                                                              1 test    0.03s   1 flaky
    FAIL   minitest  mini/test/test_renewal.…viders::RenewalWithProratedAmountsAndCouponsTest     1 test    0.03s   1 failed
    PASS   minitest  mini/test/test_cart.rb::TestCart                                             1 test    0.03s
    ");
    insta::assert_snapshot!(units(Some("80")), @"
    FLAKY  pytest    tests/rene…oupons_of_partners.py     1 test    0.03s   1 flaky
    FLAKY  pytest    tests/test_b.py                      1 test    0.03s   1 flaky
    FAIL   minitest  mini/test/…AmountsAndCouponsTest     1 test    0.03s   1 failed
    PASS   minitest  mini/test/test_cart.rb::TestCart     1 test    0.03s
    ");
    insta::assert_snapshot!(units(Some("60")), @"
    FLAKY  pytest    tests/…f_partners.py     1 test    0.03s   1 flaky
    FLAKY  pytest    tests/test_b.py          1 test    0.03s   1 flaky
    FAIL   minitest  mini/t…ndCouponsTest     1 test    0.03s   1 failed
    PASS   minitest  mini/t….rb::TestCart     1 test    0.03s
    ");
}

#[test]
fn a_name_to_copy_is_never_cut_and_does_not_push_others_aside() {
    let setup = setup().environment([("LANG", "C.UTF-8"), ("COLUMNS", "60")]);
    let stdout = setup.run(&long_names()).stdout;
    let from = stdout.find(" FLAKY (").unwrap();
    let end = stdout.find(" WARNINGS (").unwrap();
    insta::assert_snapshot!(&stdout[from..end], @"
    FLAKY (2)
       tests/renewals/test_subscriptions_with_prorated_amounts_and_coupons_of_partners.py::test_total  failed attempt 1, passed attempt 2
       tests/test_b.py::test_y  failed attempt 1, passed attempt 2
    ");
    let rerun = format!("paceline run 'mini::{CLASS}#test_amount'");
    assert!(stdout.contains(&rerun), "{stdout}");
}
