//! What the engine costs by itself: an example of its crate runs suites without logs, reports,
//! record and history.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context, Result};

use super::rounds::{Sample, interleaved};
use crate::process;

/// A line of the table for each of the kinds of suites: a name, how many, and the program.
pub(super) fn table(
    kinds: &[(&str, usize, &[&str])],
    rounds: usize,
    page: &mut String,
) -> Result<()> {
    eprintln!("the engine's CPU time, without logs and reports");
    let name = "engine-cost";
    process::run(process::cargo().args([
        "build",
        "--locked",
        "--quiet",
        "--release",
        "--package",
        "paceline-engine",
        "--example",
        name,
    ]))?;
    let program = process::target().join("release/examples").join(name);
    let mut shares: Vec<Sample> = kinds.iter().map(|_| Sample::default()).collect();
    let own = interleaved(kinds.len(), rounds, |which| {
        let (_, count, argv) = kinds[which];
        let mut command = Command::new(&program);
        command.arg(count.to_string()).args(argv);
        let (engine, suite) = parse(&process::output(&mut command)?)
            .with_context(|| format!("reading what {name} printed"))?;
        shares[which].push(100.0 * engine / (engine + suite));
        Ok(engine)
    })?;
    writeln!(
        page,
        "\n| the engine alone, `-j 2` | µs a suite | range µs | of the run's CPU |\n|---|---:|---:|---:|"
    )?;
    for (((kind, count, _), own), share) in kinds.iter().zip(&own).zip(&shares) {
        writeln!(
            page,
            "| {count} × {kind} | {:.0} | {own:.0} | {:.1} % |",
            own.median(),
            share.median()
        )?;
    }
    Ok(())
}

/// Two numbers: the engine's and the programs' microseconds a suite.
fn parse(line: &str) -> Option<(f64, f64)> {
    let (engine, suite) = line.trim().split_once(' ')?;
    Some((engine.parse().ok()?, suite.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn two_numbers_are_read() {
        assert_eq!(parse("131.0 824.5\n"), Some((131.0, 824.5)));
        assert_eq!(parse("131.0\n"), None);
    }
}
