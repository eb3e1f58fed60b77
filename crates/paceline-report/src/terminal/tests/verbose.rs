//! All output, line by line.

use super::*;

#[test]
fn verbose_in_plan_order_holds_back_whose_turn_it_is_not() {
    insta::assert_snapshot!(verbose(None).run(&chatty()).stdout, @"
    unit        │ test a ... ok
    unit        │ test b ... ok
    unit        │ done
         PASS [  2.00s] (1/2) unit
    integration │ connecting
    integration │ refused
    integration │ --- attempt 2 of 2 ---
    integration │ ::error::fake
    FLAKY 2/2 [  1.00s] (2/2) integration

     FLAKY (1)
        integration  failed attempt 1 (exit code 1), passed attempt 2

    ────────────────────────────────────────────────────────────────────────
     PASSED   2 suites: 2 passed (1 flaky)
     time     2.00s wall, 3.00s sum of durations, speed-up 1.5x against that sum
     limit    1.92s (all work on 2 jobs), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
    ");
}

#[test]
fn verbose_in_the_order_of_completion_shows_lines_as_they_come() {
    insta::assert_snapshot!(verbose(Some(Order::Completion)).run(&chatty()).stdout, @"
    integration │ connecting
    unit        │ test a ... ok
    unit        │ test b
    integration │ refused
    integration │ --- attempt 2 of 2 ---
    unit        ┊  ... ok
    integration │ ::error::fake
    FLAKY 2/2 [  1.00s] (1/2) integration
    unit        │ done
         PASS [  2.00s] (2/2) unit

     FLAKY (1)
        integration  failed attempt 1 (exit code 1), passed attempt 2

    ────────────────────────────────────────────────────────────────────────
     PASSED   2 suites: 2 passed (1 flaky)
     time     2.00s wall, 3.00s sum of durations, speed-up 1.5x against that sum
     limit    1.92s (all work on 2 jobs), efficiency 96 %
     logs     .paceline/logs
     reports  test-report.json  junit.xml
    ");
}

pub(super) fn verbose(order: Option<Order>) -> Setup {
    setup().with(|options| {
        options.verbosity = 1;
        options.order = order;
    })
}

pub(super) fn chatty() -> Vec<Event> {
    let mut integration = suite("integration");
    integration.retries = 1;
    let mut script = Script::new(2, vec![suite("unit"), integration]);
    script
        .start("unit")
        .start("integration")
        .output("integration", "connecting\n")
        .output("unit", "test a ... ok\ntest b")
        .output("integration", "refused")
        .at(0.5)
        .fail_and_retry("integration", "connecting\nrefused")
        .output("unit", " ... \u{1b}[32mok\u{1b}[0m\r\n")
        .output("integration", "::error::fake\n")
        .at(1.0)
        .pass("integration")
        .output("unit", "done\n")
        .at(2.0)
        .pass("unit")
        .finish();
    script.events.clone()
}
