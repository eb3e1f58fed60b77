//! Puts a run together, and takes it apart again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use paceline_engine::dispatch::{self, Inbox, MaxFail, Options, Transport};
use paceline_engine::plan::Plan;
use paceline_engine::sys::{self, Guard};
use paceline_history::{History, RunRecord};
use paceline_report::Program;
use paceline_report::events::EventWriter;
use paceline_report::logs::SuiteLogs;

use super::dry_run;
use super::memory::{Memory, open_history, warn_of};
use super::record::{RunDir, StateDir, run_id};
use super::reporters::{self, Wanted};
use super::reporting::{Importance, Problem, Reporting};
use super::verdict;
use crate::Context;
use crate::cli::{NoTests, RunArgs, RunOptions, TransportChoice};
use crate::config::{Config, FILE_NAME, Origin};
use crate::diagnostic::Diagnostic;
use crate::exit::ExitCode;
use crate::select::{Overrides, Query, Tools, select};
use crate::targets::TestQuery;
use crate::values::{EventsTarget, OnMaxFail, Timeout};

/// How many signals end the run in order. The next one ends the process: it may wait for a reader of
/// its output who does not read.
const PATIENT_SIGNALS: u32 = 2;

/// Runs what was asked for.
pub fn run(context: &Context, args: &RunArgs) -> ExitCode {
    let began = Instant::now();
    let started = Timestamp::now();
    if let Some(refusal) = needs_terminal(&args.options) {
        context.refuse_with(refusal);
        return ExitCode::Usage;
    }
    let config = match context.config() {
        Ok(config) => config,
        Err(error) => return context.refuse(&error),
    };
    let state = StateDir::of(&config.root);
    let mut tests = TestQuery::new(&context.cwd, args);
    if args.options.failed {
        match state.last_failures() {
            Some(failures) if !failures.is_empty() => tests.failed = Some(failures),
            Some(_) => {
                let nothing = Diagnostic::new("nothing failed in the last run");
                return nothing_selected(context, args.options.no_tests, nothing);
            }
            None => {
                let nothing = Diagnostic::new("no run is recorded whose failures could run again");
                return nothing_selected(context, args.options.no_tests, nothing);
            }
        }
    }
    let query = Query::new(&args.suites, &args.selection, tests);
    let overrides = Overrides {
        timeout: args.options.timeout.map(Timeout::get),
        retries: args.options.retries,
    };
    let tools = if args.options.dry_run {
        Tools::to_show(&config.root)
    } else {
        Tools::to_run(&config.root)
    };
    let selected = match select(&config, &query, overrides, &tools) {
        Ok(selected) => selected,
        Err(error) => return context.refuse(&error),
    };
    let mut plan = selected.plan;
    if config.file.suite.iter().next().is_none() {
        return nothing_selected(context, args.options.no_tests, no_suites(&config));
    }
    if plan.suites.is_empty() {
        let nothing = Diagnostic::new("no suite is selected")
            .help("`paceline list` shows all suites with their categories");
        return nothing_selected(context, args.options.no_tests, nothing);
    }
    let jobs = args.options.jobs.unwrap_or(config.file.jobs).resolve();
    if args.options.dry_run {
        if !args.options.no_history && state.history().exists() {
            warn_of(context, open_history(&state, &mut plan).err());
        }
        let evidence = (args.options.verbose > 0).then_some(&selected.evidence);
        return dry_run::explain(context, &plan, jobs, evidence);
    }
    Run {
        context,
        args,
        config: &config,
        state,
        jobs,
        began,
        started,
    }
    .go(plan)
}

/// What to say where the terminal is asked for twice.
fn needs_terminal(options: &RunOptions) -> Option<Diagnostic> {
    let option = options.interactive()?;
    if options.events != Some(EventsTarget::Stdout) {
        return None;
    }
    let refusal = Diagnostic::new(format!("`{option}` cannot be used with `--events -`"))
        .note("what tests print would be among the events")
        .help("write the events to a file: `--events events.ndjson`");
    Some(refusal)
}

/// What to say of a file in which no suite is.
fn no_suites(config: &Config) -> Diagnostic {
    let file = match &config.origin {
        Origin::File { source, .. } => &*source.name,
        Origin::Detected(_) => FILE_NAME,
    };
    Diagnostic::new(format!("{file} has no suites"))
        .help("a suite is a table: `[suite.unit]` with a line like `command = \"make test\"`")
}

fn nothing_selected(context: &Context, action: NoTests, mistake: Diagnostic) -> ExitCode {
    match action {
        NoTests::Pass => ExitCode::Success,
        NoTests::Warn => {
            let text = mistake.render_warning(None, context.stderr.look());
            context.stderr.print(&text);
            ExitCode::Success
        }
        NoTests::Fail => {
            context.refuse_with(mistake);
            ExitCode::NothingSelected
        }
    }
}

struct Run<'a> {
    context: &'a Context,
    args: &'a RunArgs,
    config: &'a Config,
    state: StateDir,
    jobs: u32,
    began: Instant,
    started: Timestamp,
}

impl Run<'_> {
    fn go(self, mut plan: Plan) -> ExitCode {
        // Before there is a record: without what was asked for, nothing runs.
        let events = self.args.options.events.as_ref();
        let events = events.map(|target| reporters::open_events(target, &self.context.cwd));
        let events = match events.transpose() {
            Ok(events) => events,
            Err(error) => return self.internal(&error.to_string()),
        };
        let run_dir = self.start_record();
        let history = match &run_dir {
            Some(_) if !self.args.options.no_history => open_history(&self.state, &mut plan),
            _ => return self.go_on(&plan, events, run_dir.as_ref(), None),
        };
        match history {
            Ok(history) => self.go_on(&plan, events, run_dir.as_ref(), Some(history)),
            Err(error) => {
                warn_of(self.context, Some(error));
                self.go_on(&plan, events, run_dir.as_ref(), None)
            }
        }
    }

    /// A directory for the record; without one the run goes on all the same.
    fn start_record(&self) -> Option<RunDir> {
        match self.state.start_run(self.started) {
            Ok(run_dir) => Some(run_dir),
            Err(error) => {
                let dir = self.config.root.join(".paceline");
                let text = format!(
                    "cannot keep a record of this run in {}: {error}",
                    dir.display()
                );
                let text = Diagnostic::new(text)
                    .note("the results of this run are not affected")
                    .render_warning(None, self.context.stderr.look());
                self.context.stderr.print(&text);
                None
            }
        }
    }

    fn go_on(
        self,
        plan: &Plan,
        events: Option<EventWriter>,
        run_dir: Option<&RunDir>,
        history: Option<History>,
    ) -> ExitCode {
        let run = match run_dir {
            Some(run_dir) => run_dir.id.clone(),
            None => run_id(self.started),
        };
        // Before any thread starts, as the guard is a fork.
        let guard = self.start_guard(&run);
        let log_dir = self.log_dir();
        let logs = match run_dir {
            Some(run_dir) => SuiteLogs::new(run.as_str(), run_dir.logs(), Some(log_dir.clone())),
            None => SuiteLogs::new(run.as_str(), log_dir.clone(), None),
        };
        let logs = logs.shown_from(&self.config.root);
        let inbox = Inbox::new();
        let remote = inbox.remote();
        let mut signals = 0;
        let interactive = self.args.options.interactive().is_some();
        let watched = sys::watch_signals(move |signal| {
            // In a debugger Ctrl-C is one of the commands.
            signals += u32::from(!(interactive && signal.is_interrupt()));
            if signals > PATIENT_SIGNALS {
                // The guard stops what is left, as it would after a kill.
                std::process::exit(signal.exit_code().into());
            }
            remote.interrupt(signal);
        });
        if let Err(error) = watched {
            return self.internal(&format!("cannot listen for signals: {error}"));
        }
        let output = (self.args.options.verbose > 0).then(Arc::default);
        let wanted = Wanted {
            options: self.args.options.clone(),
            color: self.context.global.color,
            cwd: self.context.cwd.clone(),
            started_in: self.context.started_in.clone(),
            program: self.program(),
            root: self.config.root.clone(),
            log_dir: log_dir.clone(),
            record: run_dir.map(RunDir::events),
        };
        let keep = run_dir.map(|_| self.config.file.keep_runs);
        let memory = match Memory::tidy(history, &self.state, keep) {
            Ok(memory) => memory,
            Err(error) => return self.internal(&format!("cannot start a thread: {error}")),
        };
        let reporters = reporters::make(wanted, events);
        let reporting = Reporting::start(reporters, self.began, output.clone(), inbox.remote());
        let reporting = match reporting {
            Ok(reporting) => reporting,
            Err(error) => return self.internal(&format!("cannot start a thread: {error}")),
        };

        let options = Options {
            run,
            started: self.started,
            began: self.began,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            root: self.config.root.clone(),
            jobs: self.jobs,
            max_fail: self.args.options.max_fail().map(|limit| MaxFail {
                count: u64::from(limit.count.get()),
                immediate: limit.then == OnMaxFail::Immediate,
            }),
            kill_grace: self.config.file.kill_grace.0,
            environment: std::env::vars_os().collect(),
            output,
            worker_logs: match run_dir {
                Some(run_dir) => run_dir.worker_logs(),
                None => log_dir.join("workers"),
            },
            transport: match self.args.options.transport {
                TransportChoice::Auto => Transport::Auto,
                TransportChoice::Tcp => Transport::Tcp,
            },
        };
        let mut record = RunRecord::default();
        let result = dispatch::run(plan, &options, &logs, &inbox, &mut |event| {
            record.note(&event);
            reporting.send(event);
        });
        drop(guard);
        let closing = reporting.close();
        // Beside the reporters.
        let remembered = memory.add(&record);
        let problems = closing.finish();
        let report_failed = self.tell_problems(&problems);
        remembered.warn(self.context);
        match verdict::exit_code(&result, report_failed) {
            ExitCode::Success if result.finished.counts.total == 0 => {
                let nothing = Diagnostic::new("no test was found that is asked for");
                nothing_selected(self.context, self.args.options.no_tests, nothing)
            }
            code => code,
        }
    }

    #[expect(
        unsafe_code,
        reason = "the guard is a fork, which needs to know of all threads"
    )]
    fn start_guard(&self, run: &str) -> Option<Guard> {
        // SAFETY: no thread has been started so far.
        match unsafe { Guard::start(run) } {
            Ok(guard) => Some(guard),
            Err(error) => {
                let text = format!(
                    "cannot start the guard that stops suites if paceline is killed: {error}"
                );
                let text = Diagnostic::new(text).render_warning(None, self.context.stderr.look());
                self.context.stderr.print(&text);
                None
            }
        }
    }

    /// How paceline runs with the same configuration.
    fn program(&self) -> Program {
        let global = &self.context.global;
        let option = |name: &str, path: &Option<PathBuf>| {
            let path = path.as_ref()?.display().to_string();
            Some([name.to_owned(), path])
        };
        let options = [
            option("-C", &global.directory),
            option("--config", &global.config),
        ];
        let options = options.iter().flatten().flatten().map(String::as_str);
        Program::new(
            options,
            &reporters::shown(&self.config.root, &self.context.cwd),
        )
    }

    fn log_dir(&self) -> PathBuf {
        match &self.args.options.log_dir {
            Some(dir) => self.context.cwd.join(dir),
            None => self
                .config
                .root
                .join::<&Path>(self.config.file.log_dir.as_ref()),
        }
    }

    /// Says which reports are missing; answers whether one was asked for.
    fn tell_problems(&self, problems: &[Problem]) -> bool {
        for problem in problems {
            let mistake = Diagnostic::new(problem.error.to_string());
            let look = self.context.stderr.look();
            self.context.stderr.print(&match problem.importance {
                Importance::Requested => mistake.render(None, look),
                Importance::Courtesy => mistake.render_warning(None, look),
            });
        }
        let requested = |problem: &Problem| problem.importance == Importance::Requested;
        problems.iter().any(requested)
    }

    fn internal(&self, message: &str) -> ExitCode {
        self.context.refuse_with(Diagnostic::new(message));
        ExitCode::Internal
    }
}
