//! What a run does: order, isolation, hooks, limits, and what it survives.

mod support;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use paceline_rpc::{
    AfterEachFailure, Ctx, Failure, FailureKind, Harness, Isolation, Mode, Outcome, RunConfig,
    RunReport, Stage, Test, ensure, ensure_eq,
};
use proptest::prelude::*;
use tokio::sync::{Barrier, Notify};

use support::{Conn, Counted, Log};

fn config(workers: usize) -> RunConfig {
    let mut config = RunConfig::default();
    config.parallel_workers = Some(workers);
    config
}

fn verdicts(report: &RunReport) -> Vec<String> {
    let verdict = |outcome: &Outcome| match outcome {
        Outcome::Passed => "passed".to_owned(),
        Outcome::Failed(failure) => format!("failed: {}", failure.message),
        Outcome::TimedOut(failure) => format!("timed out: {}", failure.message),
        Outcome::Skipped(reason) => format!("skipped: {reason}"),
    };
    let tests = report.tests.iter();
    tests
        .map(|test| format!("{}: {}", test.name, verdict(&test.outcome)))
        .collect()
}

#[tokio::test]
async fn all_parallel_tests_are_in_their_bodies_at_once() {
    const COUNT: usize = 8;
    let barrier = Arc::new(Barrier::new(COUNT));
    let tests = (0..COUNT).map(|n| {
        let barrier = Arc::clone(&barrier);
        Test::new(format!("t{n}"), move |_: Ctx<Conn>| {
            let barrier = Arc::clone(&barrier);
            async move {
                barrier.wait().await;
                Ok(())
            }
        })
        .parallel()
    });
    let server = Counted::default();
    let report = Harness::new(server.clone())
        .tests(tests)
        .run(&config(COUNT))
        .await;
    assert_eq!(report.passed, COUNT);
    let workers: BTreeSet<_> = report
        .tests
        .iter()
        .map(|test| test.worker.unwrap())
        .collect();
    assert_eq!(workers, (0..COUNT).collect());
    assert_eq!(server.open_now(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_more_tests_run_at_once_than_there_are_workers() {
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let tests = (0..20).map(|n| {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        Test::new(format!("t{n}"), move |_: Ctx<Conn>| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            async move {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(n % 3 + 1)).await;
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            }
        })
        .parallel()
    });
    let report = Harness::new(Counted::default())
        .tests(tests)
        .run(&config(3))
        .await;
    assert_eq!(report.passed, 20);
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn results_are_in_registration_order_whatever_the_order_of_completion() {
    let finished = Log::default();
    let tests = (0..5_u64).map(|n| {
        let finished = finished.clone();
        Test::new(format!("t{n}"), move |_: Ctx<Conn>| {
            let finished = finished.clone();
            async move {
                tokio::time::sleep(Duration::from_secs(10 - n)).await;
                finished.add(format!("t{n}"));
                Ok(())
            }
        })
        .parallel()
    });
    let events = support::Events::default();
    let mut reporter = events.clone();
    let report = Harness::new(Counted::default())
        .tests(tests)
        .run_with(&config(5), &mut reporter)
        .await;
    assert_eq!(finished.take(), ["t4", "t3", "t2", "t1", "t0"]);
    let names: Vec<_> = report.tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!(names, ["t0", "t1", "t2", "t3", "t4"]);
    assert_eq!(
        events.0.take(),
        [
            "run 5", "start t0", "end t0", "start t1", "end t1", "start t2", "end t2", "start t3",
            "end t3", "start t4", "end t4", "done"
        ]
    );
}

#[tokio::test]
async fn sequential_tests_come_first_on_the_shared_connection_then_parallel_ones_on_their_own() {
    let log = Log::default();
    let test = |name: &str| {
        let log = log.clone();
        Test::new(name, move |cx: Ctx<Conn>| {
            let log = log.clone();
            async move {
                log.add(format!("{} on {}", cx.name(), cx.client().number));
                Ok(())
            }
        })
    };
    let hook = |name: &'static str| {
        let log = log.clone();
        move |cx: Ctx<Conn>| {
            let log = log.clone();
            async move {
                log.add(format!("{name} on {}", cx.client().number));
                Ok(())
            }
        }
    };
    let server = Counted::default();
    let report = Harness::new(server.clone())
        .before_all(hook("before_all"))
        .before_each(hook("before_each"))
        .after_each(hook("after_each"))
        .after_all(hook("after_all"))
        .tests([
            test("p1").parallel(),
            test("s1"),
            test("p2").parallel(),
            test("s2"),
        ])
        .run(&config(1))
        .await;
    assert_eq!(
        log.take(),
        [
            "before_all on 0",
            "before_each on 0",
            "s1 on 0",
            "after_each on 0",
            "before_each on 0",
            "s2 on 0",
            "after_each on 0",
            "before_each on 1",
            "p1 on 1",
            "after_each on 1",
            "before_each on 2",
            "p2 on 2",
            "after_each on 2",
            "after_all on 0",
        ]
    );
    assert_eq!(
        verdicts(&report),
        ["p1: passed", "s1: passed", "p2: passed", "s2: passed"]
    );
    assert_eq!((server.opened(), server.open_now()), (3, 0));
}

#[tokio::test]
async fn the_default_mode_can_be_the_other_way_round() {
    let mut config = config(2);
    config.default_mode = Mode::Parallel;
    let barrier = Arc::new(Barrier::new(2));
    let test = |name: &str| {
        let barrier = Arc::clone(&barrier);
        Test::new(name, move |_: Ctx<Conn>| {
            let barrier = Arc::clone(&barrier);
            async move {
                barrier.wait().await;
                Ok(())
            }
        })
    };
    let server = Counted::default();
    let report = Harness::new(server.clone())
        .tests([test("a"), test("b")])
        .test("c", |_| async { Ok(()) })
        .sequential()
        .run(&config)
        .await;
    assert_eq!(report.passed, 3);
    assert_eq!(report.tests[2].worker, None);
}

#[tokio::test]
async fn without_parallel_the_isolation_stays() {
    let mut config = config(8);
    config.parallel = false;
    let server = Counted::default();
    let tests =
        (0..4).map(|n| Test::new(format!("t{n}"), |_: Ctx<Conn>| async { Ok(()) }).parallel());
    let report = Harness::new(server.clone()).tests(tests).run(&config).await;
    assert!(report.tests.iter().all(|test| test.worker == Some(0)));
    assert_eq!(server.opened(), 5);
}

#[tokio::test(start_paused = true)]
async fn after_each_runs_after_a_failure_a_timeout_a_panic_and_a_failed_before_each() {
    for parallel in [false, true] {
        let after = Log::default();
        let log = after.clone();
        let mode = |test: Test<Conn>| if parallel { test.parallel() } else { test };
        let report = Harness::new(Counted::default())
            .before_each(|cx| async move {
                ensure!(cx.name() != "unprepared", "cannot prepare");
                Ok(())
            })
            .after_each(move |cx| {
                let log = log.clone();
                async move {
                    log.add(cx.name());
                    Ok(())
                }
            })
            .after_all({
                let log = after.clone();
                move |_| {
                    let log = log.clone();
                    async move {
                        log.add("after_all");
                        Ok(())
                    }
                }
            })
            .tests([
                mode(Test::new("fails", |_| async { Err(Failure::new("wrong")) })),
                mode(Test::new("panics", |_| async { panic!("oh {}", 1) })),
                mode(
                    Test::new("hangs", |_| std::future::pending()).timeout(Duration::from_secs(5)),
                ),
                mode(Test::new("unprepared", |_| async {
                    panic!("must not run")
                })),
                mode(Test::new("skips", |cx: Ctx<Conn>| async move {
                    cx.skip("no reason")
                })),
            ])
            .run(&config(1))
            .await;
        assert_eq!(
            verdicts(&report),
            [
                "fails: failed: wrong",
                "panics: failed: panicked: oh 1",
                "hangs: timed out: the test did not end within 5s",
                "unprepared: failed: cannot prepare",
                "skips: skipped: no reason",
            ]
        );
        assert_eq!(
            after.take(),
            [
                "fails",
                "panics",
                "hangs",
                "unprepared",
                "skips",
                "after_all"
            ]
        );
        let stages: Vec<_> = report
            .tests
            .iter()
            .filter_map(|test| {
                test.outcome
                    .failure()
                    .map(|failure| (failure.stage, failure.kind))
            })
            .collect();
        assert_eq!(
            stages,
            [
                (Stage::Body, FailureKind::Assertion),
                (Stage::Body, FailureKind::Panic),
                (Stage::Body, FailureKind::Timeout),
                (Stage::BeforeEach, FailureKind::Assertion),
            ]
        );
        let panic = report.tests[1].outcome.failure().unwrap();
        assert!(
            panic.location.as_ref().unwrap().contains("run.rs:"),
            "{panic}"
        );
        assert_eq!(report.exit_code(), 101);
    }
}

#[tokio::test]
async fn an_after_each_that_fails_is_noted_or_fails_the_test_as_configured() {
    let run = async |policy| {
        let mut config = config(1);
        config.after_each_failure = policy;
        Harness::new(Counted::default())
            .after_each(|_| async { Err(Failure::new("left a mess")) })
            .test("t", |_| async { Ok(()) })
            .run(&config)
            .await
    };
    let noted = run(AfterEachFailure::Note).await;
    assert_eq!(noted.passed, 1);
    assert!(noted.tests[0].notes[0].starts_with("after_each failed: left a mess (at "));
    let failed = run(AfterEachFailure::Fail).await;
    assert_eq!(verdicts(&failed), ["t: failed: left a mess"]);
    assert_eq!(
        failed.tests[0].outcome.failure().unwrap().stage,
        Stage::AfterEach
    );
}

#[tokio::test]
async fn a_failed_before_all_aborts_the_run_and_after_all_still_runs() {
    let after_all = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&after_all);
    let server = Counted::default();
    let report = Harness::new(server.clone())
        .before_all(|_| async { Err(Failure::new("no database")) })
        .after_all(move |_| {
            seen.store(true, Ordering::SeqCst);
            async { Err(Failure::new("nothing to clean")) }
        })
        .tests([
            Test::new("s", |_: Ctx<Conn>| async { panic!("must not run") }),
            Test::new("p", |_: Ctx<Conn>| async { panic!("must not run") }).parallel(),
        ])
        .run(&config(2))
        .await;
    let aborted = report.aborted.as_ref().unwrap();
    assert!(
        aborted.starts_with("before_all: no database (at "),
        "{aborted}"
    );
    assert!(after_all.load(Ordering::SeqCst));
    assert!(
        report
            .after_all_failed
            .as_ref()
            .unwrap()
            .contains("nothing to clean")
    );
    assert_eq!((report.skipped, report.failed), (2, 0));
    assert_eq!(report.exit_code(), 101);
    assert_eq!(server.open_now(), 0);
}

#[tokio::test]
async fn a_failed_after_all_fails_the_run() {
    let report = Harness::new(Counted::default())
        .after_all(|_| async { panic!("left over") })
        .test("t", |_| async { Ok(()) })
        .run(&config(1))
        .await;
    assert_eq!((report.passed, report.failed), (1, 0));
    assert!(!report.is_success());
    assert!(
        report
            .after_all_failed
            .unwrap()
            .contains("panicked: left over")
    );
}

#[tokio::test]
async fn skip_if_is_asked_before_anything_is_opened() {
    let server = Counted::default();
    let report = Harness::new(server.clone())
        .before_all(|_| async { panic!("must not run") })
        .test("s", |_| async { panic!("must not run") })
        .skip_if(|| true, "not here")
        .test("p", |_| async { panic!("must not run") })
        .parallel()
        .skip_if(|| false, "never")
        .skip_if(|| true, "not now")
        .run(&config(1))
        .await;
    assert_eq!(
        verdicts(&report),
        ["s: skipped: not here", "p: skipped: not now"]
    );
    assert_eq!(server.opened(), 0);
    assert!(report.is_success());
}

#[tokio::test]
async fn a_condition_that_panics_fails_its_test() {
    let report = Harness::new(Counted::default())
        .test("t", |_| async { Ok(()) })
        .skip_if(|| panic!("no such variable"), "")
        .run(&config(1))
        .await;
    assert_eq!(
        verdicts(&report),
        ["t: failed: skip_if panicked: no such variable"]
    );
}

#[tokio::test]
async fn a_connection_that_fails_fails_its_test_only() {
    let server = Counted::default();
    server.refuse(2);
    let tests =
        (0..3).map(|n| Test::new(format!("t{n}"), |_: Ctx<Conn>| async { Ok(()) }).parallel());
    let report = Harness::new(server.clone())
        .tests(tests)
        .run(&config(1))
        .await;
    assert_eq!(
        verdicts(&report),
        ["t0: passed", "t1: failed: refused number 2", "t2: passed"]
    );
    let failure = report.tests[1].outcome.failure().unwrap();
    assert_eq!(
        (failure.stage, failure.kind),
        (Stage::Connect, FailureKind::Error)
    );
    assert_eq!(server.open_now(), 0);
}

#[tokio::test]
async fn without_a_shared_connection_nothing_runs() {
    let server = Counted::default();
    server.refuse(0);
    let report = Harness::new(server.clone())
        .test("s", |_| async { panic!("must not run") })
        .test("p", |_| async { panic!("must not run") })
        .parallel()
        .run(&config(2))
        .await;
    assert_eq!(report.aborted.as_deref(), Some("refused number 0"));
    assert_eq!(report.skipped, 2);
    assert!(!report.is_success());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_come_is_given_up() {
    let report = Harness::new(std::future::pending::<Result<(), std::io::Error>>)
        .test("t", |_| async { Ok(()) })
        .run(&config(1))
        .await;
    assert_eq!(report.aborted.as_deref(), Some("no connection within 10s"));
}

#[tokio::test]
async fn fail_fast_lets_running_tests_finish_and_skips_the_rest() {
    let mut config = config(2);
    config.max_failures = Some(1);
    let failed = Arc::new(Notify::new());
    let (fails, waits) = (Arc::clone(&failed), failed);
    let both = Arc::new(Barrier::new(2));
    let (first, second) = (Arc::clone(&both), both);
    let report = Harness::new(Counted::default())
        .after_each(move |cx| {
            // Only once the failure is known may the other test end.
            if cx.name() == "fails" {
                fails.notify_one();
            }
            async { Ok(()) }
        })
        .test("fails", move |_| {
            let both = Arc::clone(&first);
            async move {
                both.wait().await;
                Err(Failure::new("wrong"))
            }
        })
        .parallel()
        .test("finishes", move |_| {
            let (both, failed) = (Arc::clone(&second), Arc::clone(&waits));
            async move {
                both.wait().await;
                failed.notified().await;
                Ok(())
            }
        })
        .parallel()
        .test("not started", |_| async { panic!("must not run") })
        .parallel()
        .test("nor this", |_| async { panic!("must not run") })
        .parallel()
        .run(&config)
        .await;
    assert_eq!(
        verdicts(&report),
        [
            "fails: failed: wrong",
            "finishes: passed",
            "not started: skipped: fail-fast",
            "nor this: skipped: fail-fast",
        ]
    );
}

#[tokio::test]
async fn fail_fast_in_the_sequential_phase_skips_both_phases() {
    let mut config = config(2);
    config.max_failures = Some(1);
    let report = Harness::new(Counted::default())
        .test("p", |_| async { panic!("must not run") })
        .parallel()
        .test("a", |_| async { Err(Failure::new("wrong")) })
        .test("b", |_| async { panic!("must not run") })
        .run(&config)
        .await;
    assert_eq!(
        verdicts(&report),
        [
            "p: skipped: fail-fast",
            "a: failed: wrong",
            "b: skipped: fail-fast"
        ]
    );
}

#[tokio::test]
async fn filtered_tests_are_counted_and_not_listed() {
    let mut config = config(1);
    config.selection.tags = vec!["fast".to_owned()];
    let report = Harness::new(Counted::default())
        .test("a", |_| async { Ok(()) })
        .tag("fast")
        .test("b", |_| async { panic!("must not run") })
        .run(&config)
        .await;
    assert_eq!((report.tests.len(), report.filtered), (1, 1));
}

#[tokio::test]
async fn ignored_tests_are_skipped_with_their_reason() {
    let report = Harness::new(Counted::default())
        .test("a", |_| async { panic!("must not run") })
        .ignore("needs a display")
        .run(&config(1))
        .await;
    assert_eq!(verdicts(&report), ["a: skipped: needs a display"]);
}

#[tokio::test]
async fn further_connections_and_temporary_directories_go_with_the_test() {
    let server = Counted::default();
    let kept = Arc::new(Mutex::new(None));
    let path = Arc::clone(&kept);
    let report = Harness::new(server.clone())
        .test("t", move |cx| {
            let path = Arc::clone(&path);
            async move {
                let other = cx.connect_another().await?;
                ensure!(other.number != cx.client().number);
                let file = cx.temp_path("x")?;
                std::fs::write(&file, "x")?;
                ensure_eq!(cx.temp_dir()?, file.parent().unwrap());
                *path.lock().unwrap() = Some(file);
                Err(Failure::new("after all that"))
            }
        })
        .parallel()
        .run(&config(1))
        .await;
    assert_eq!(verdicts(&report), ["t: failed: after all that"]);
    assert_eq!((server.opened(), server.open_now()), (3, 0));
    assert!(!kept.lock().unwrap().as_ref().unwrap().exists());
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_abandons_what_runs_and_still_cleans_up() {
    let config = config(2);
    let interrupt = config.interrupt.clone();
    let cleaned = Log::default();
    let log = cleaned.clone();
    let all = cleaned.clone();
    let server = Counted::default();
    let report = Harness::new(server.clone())
        .after_each(move |cx| {
            let log = log.clone();
            async move {
                log.add(cx.name());
                Ok(())
            }
        })
        .after_all(move |_| {
            let all = all.clone();
            async move {
                all.add("after_all");
                Ok(())
            }
        })
        .test("runs", move |cx| {
            interrupt.cancel();
            async move {
                cx.cancelled().cancelled().await;
                std::future::pending().await
            }
        })
        .parallel()
        .test("comes later", |_| std::future::pending())
        .parallel()
        .run(&config)
        .await;
    assert_eq!(
        verdicts(&report),
        [
            "runs: skipped: interrupted",
            "comes later: skipped: interrupted"
        ]
    );
    assert!(report.interrupted);
    assert_eq!(report.exit_code(), 130);
    let cleaned = cleaned.take();
    assert_eq!(cleaned.first().map(String::as_str), Some("runs"));
    assert_eq!(cleaned.last().map(String::as_str), Some("after_all"));
    assert_eq!(server.open_now(), 0);
}

#[tokio::test]
async fn each_worker_and_each_test_can_have_a_server() {
    let server = support::Farm::default();
    let body = |cx: Ctx<Conn>| async move {
        cx.note(format!("server {}", cx.client().server));
        Err(Failure::new("to see the note"))
    };
    let tests = (0..3)
        .map(|n| {
            Test::new(format!("w{n}"), body)
                .parallel()
                .isolation(Isolation::WorkerServer)
        })
        .chain((0..2).map(|n| {
            Test::new(format!("o{n}"), body)
                .parallel()
                .isolation(Isolation::Server)
        }))
        .chain([Test::new("shared", body).parallel()]);
    let report = Harness::new(server.clone())
        .tests(tests)
        .run(&config(1))
        .await;
    let notes: Vec<_> = report
        .tests
        .iter()
        .map(|test| test.notes[0].clone())
        .collect();
    assert_eq!(
        notes,
        [
            "server 0", "server 0", "server 0", "server 1", "server 2", "server 3"
        ]
    );
    assert_eq!((server.started(), server.running()), (4, 0));
}

#[tokio::test]
async fn ten_thousand_tests() {
    let tests = (0..10_000_usize).map(|n| {
        let test = Test::new(format!("t{n}"), move |_: Ctx<Conn>| async move {
            ensure!(n % 1000 != 7);
            Ok(())
        });
        if n % 2 == 0 { test } else { test.parallel() }
    });
    let server = Counted::default();
    let report = Harness::new(server.clone())
        .tests(tests)
        .run(&config(16))
        .await;
    assert_eq!((report.passed, report.failed), (9990, 10));
    assert!(
        report
            .tests
            .iter()
            .enumerate()
            .all(|(n, test)| test.name == format!("t{n}"))
    );
    assert_eq!((server.opened(), server.open_now()), (5001, 0));
}

#[test]
fn a_test_that_blocks_its_thread_is_stopped_and_the_others_run() {
    // What blocks is let go at the end, so that the thread does not outlive this test.
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Arc::new(Mutex::new(blocked));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let report = runtime.block_on(async move {
        let mut config = config(2);
        config.runtime = paceline_rpc::TestRuntime::Dedicated;
        Harness::new(Counted::default())
            .test("blocks", move |_| {
                let blocked = Arc::clone(&blocked);
                async move {
                    // An error when the sender is gone.
                    let _ = blocked.lock().unwrap().recv();
                    Ok(())
                }
            })
            .parallel()
            .timeout(Duration::from_millis(50))
            .test("runs", |_| async {
                tokio::task::yield_now().await;
                Ok(())
            })
            .parallel()
            .run(&config)
            .await
    });
    drop(release);
    assert_eq!(
        verdicts(&report),
        [
            "blocks: timed out: the test did not end within 50ms",
            "runs: passed"
        ]
    );
    assert_eq!(
        report.tests[0].notes,
        ["it blocks its thread and could not be stopped"]
    );
}

#[tokio::test]
async fn a_reporter_that_cannot_write_changes_no_verdict() {
    struct Full;
    impl paceline_rpc::Reporter for Full {
        fn event(&mut self, _: &paceline_rpc::Event<'_>) -> std::io::Result<()> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
    }
    let report = Harness::new(Counted::default())
        .test("t", |_| async { Ok(()) })
        .run_with(&config(1), &mut Full)
        .await;
    assert_eq!(report.passed, 1);
    assert_eq!(report.warnings, ["writing the report: no storage space"]);
}

/// What a random test does.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Pass,
    Fail,
    Panic,
    Hang,
    Skip,
    BadSetUp,
    LeftOut,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        4 => Just(Kind::Pass),
        1 => Just(Kind::Fail),
        1 => Just(Kind::Panic),
        1 => Just(Kind::Hang),
        1 => Just(Kind::Skip),
        1 => Just(Kind::BadSetUp),
        1 => Just(Kind::LeftOut),
    ]
}

fn random(number: usize, kind: Kind, parallel: bool, isolation: u8) -> Test<Conn> {
    let suffix = if matches!(kind, Kind::BadSetUp) {
        " unprepared"
    } else {
        ""
    };
    let test = Test::new(
        format!("t{number}{suffix}"),
        move |cx: Ctx<Conn>| async move {
            tokio::time::sleep(Duration::from_millis(number as u64 * 7 % 5)).await;
            match kind {
                Kind::Pass | Kind::BadSetUp | Kind::LeftOut => Ok(()),
                Kind::Fail => Err(Failure::new("wrong")),
                Kind::Panic => panic!("oh"),
                Kind::Hang => std::future::pending().await,
                Kind::Skip => cx.skip("no reason"),
            }
        },
    )
    .skip_if(move || matches!(kind, Kind::LeftOut), "left out");
    let test = match isolation {
        0 => test.isolation(Isolation::Server),
        1 => test.isolation(Isolation::WorkerServer),
        2 => test.isolation(Isolation::Connection),
        _ => test,
    };
    if parallel { test.parallel() } else { test }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_mix_of_tests_is_reported_in_order_and_leaves_nothing(
        kinds in prop::collection::vec((kind(), any::<bool>(), 0..6_u8), 0..40),
        workers in 1..6_usize,
        limit in prop::option::of(1..4_usize),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let farm = support::Farm::default();
        let before = Log::default();
        let after = Log::default();
        let (began, ended) = (before.clone(), after.clone());
        let mut config = config(workers);
        config.max_failures = limit;
        let tests = kinds.iter().enumerate();
        let tests = tests.map(|(n, &(kind, parallel, isolation))| random(n, kind, parallel, isolation));
        let harness = Harness::new(farm.clone())
            .before_each(move |cx| {
                began.add(cx.name());
                async move {
                    ensure!(!cx.name().contains("unprepared"));
                    Ok(())
                }
            })
            .after_each(move |cx| {
                ended.add(cx.name());
                async { Ok(()) }
            })
            .tests(tests);
        let report = runtime.block_on(harness.run(&config));

        prop_assert_eq!(report.tests.len(), kinds.len());
        prop_assert!(report.tests.iter().enumerate().all(|(n, test)| test.index == n));
        prop_assert_eq!(report.passed + report.failed + report.skipped, kinds.len());
        let (mut before, mut after) = (before.take(), after.take());
        before.sort_unstable();
        after.sort_unstable();
        prop_assert_eq!(before, after);
        prop_assert_eq!(farm.running(), 0);
        prop_assert_eq!(farm.open_now(), 0);
        for (test, (kind, ..)) in report.tests.iter().zip(&kinds) {
            let expected = match (kind, &test.outcome) {
                (_, Outcome::Skipped(reason)) if reason == "fail-fast" => limit.is_some(),
                (Kind::Pass, outcome) => matches!(outcome, Outcome::Passed),
                (Kind::Hang, outcome) => matches!(outcome, Outcome::TimedOut(_)),
                (Kind::Skip | Kind::LeftOut, outcome) => matches!(outcome, Outcome::Skipped(_)),
                (_, outcome) => matches!(outcome, Outcome::Failed(_)),
            };
            prop_assert!(expected, "{:?}", test);
        }
    }
}
