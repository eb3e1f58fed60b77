//! From the command line to the exit code.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;

use super::args::{Cli, Color, Format};
use crate::config::RunConfig;
use crate::event::Reporter;
use crate::harness::Harness;
use crate::process::kill_all;
use crate::reporters::{JUnit, JsonReport, LibtestJson, Pretty, Terse};
use crate::server::Server;
use crate::test::Test;

/// What is wrong with the command line or what it names.
const USAGE: u8 = 2;

impl<S: Server, Stage> Harness<S, Stage> {
    /// Runs the tests as the command line says, and reports: the whole of a test binary's `main`.
    ///
    /// The tests run in a runtime of their own, so that a test which blocks its thread is still
    /// stopped by its timeout. Ctrl-C and SIGTERM stop the run in order: tests are abandoned,
    /// `after_each` and `after_all` called, the server stopped. A second one kills what is left.
    pub async fn main(self) -> ExitCode {
        self.main_with(&Cli::parse(), RunConfig::default()).await
    }

    /// Like [`main`](Self::main), with options that were read before and a configuration that they
    /// are applied to.
    pub async fn main_with(self, cli: &Cli, mut config: RunConfig) -> ExitCode {
        cli.apply(&mut config);
        if cli.list {
            return match list(&self.tests, cli, &config) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => failed(&format!("listing the tests: {error}")),
            };
        }
        #[cfg(feature = "worker")]
        if let Some(asked) = crate::worker::Asked::from_env() {
            let interrupts = tokio::spawn(interrupts(config.interrupt.clone()));
            let serving = crate::worker::serve(&asked, self.server, self.hooks, self.tests, config);
            let code = Box::pin(serving).await;
            interrupts.abort();
            return code;
        }
        let mut reporter = match reporter(cli) {
            Ok(reporter) => reporter,
            Err(error) => return failed(&error),
        };
        let interrupts = tokio::spawn(interrupts(config.interrupt.clone()));
        let report = self.run_with(&config, &mut *reporter).await;
        interrupts.abort();
        ExitCode::from(report.exit_code())
    }
}

#[expect(
    clippy::print_stderr,
    reason = "this is what a program's main function does"
)]
fn failed(why: &str) -> ExitCode {
    eprintln!("error: {why}");
    ExitCode::from(USAGE)
}

/// Turns the first signal into a cancelled run, the second into the end of everything.
async fn interrupts(cancel: tokio_util::sync::CancellationToken) {
    #[cfg(unix)]
    let code = {
        use tokio::signal::unix::{SignalKind, signal};

        let (Ok(mut interrupt), Ok(mut terminate)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        ) else {
            return;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        cancel.cancel();
        tokio::select! {
            _ = interrupt.recv() => 130,
            _ = terminate.recv() => 143,
        }
    };
    #[cfg(not(unix))]
    let code = {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        cancel.cancel();
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        130
    };
    kill_all();
    #[expect(
        clippy::exit,
        reason = "whatever still runs was asked to end and did not"
    )]
    std::process::exit(code);
}

/// The tests, as the Rust test harness lists them.
fn list<C>(tests: &[Test<C>], cli: &Cli, config: &RunConfig) -> io::Result<()> {
    let mut write = writer(cli)?;
    let mut count = 0;
    for test in tests.iter().filter(|test| config.selection.selects(test)) {
        count += 1;
        writeln!(write, "{}: test", test.name())?;
    }
    if cli.format == Format::Pretty && !cli.quiet {
        let s = if count == 1 { "" } else { "s" };
        writeln!(write, "\n{count} test{s}, 0 benchmarks")?;
    }
    write.flush()
}

fn writer(cli: &Cli) -> io::Result<Box<dyn Write + Send>> {
    Ok(match &cli.logfile {
        Some(path) => Box::new(BufWriter::new(File::create(path)?)),
        None => Box::new(io::stdout()),
    })
}

fn reporter(cli: &Cli) -> Result<Box<dyn Reporter>, String> {
    let write = writer(cli).map_err(|error| match &cli.logfile {
        Some(path) => format!("creating {}: {error}", path.display()),
        None => error.to_string(),
    })?;
    let color = match cli.color {
        _ if cli.no_color => false,
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            cli.logfile.is_none()
                && io::stdout().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    };
    let main: Box<dyn Reporter> = match cli.format {
        _ if cli.quiet => Box::new(Terse::new(write, color)),
        Format::Pretty => Box::new(Pretty::new(write, color)),
        Format::Terse => Box::new(Terse::new(write, color)),
        Format::Json => Box::new(LibtestJson::new(write)),
        Format::JsonReport => Box::new(JsonReport::new(write)),
        Format::Junit => Box::new(JUnit::new(write, suite())),
    };
    let Some(path) = &cli.junit else {
        return Ok(main);
    };
    let file =
        File::create(path).map_err(|error| format!("creating {}: {error}", path.display()))?;
    Ok(Box::new((main, JUnit::new(BufWriter::new(file), suite()))))
}

/// The binary's name, without the hash that cargo adds.
fn suite() -> String {
    let program = std::env::current_exe().ok();
    let name = program.as_ref().and_then(|program| program.file_stem());
    let name = name.map_or_else(
        || "rpc".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    match name.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            name.to_owned()
        }
        _ => name,
    }
}
