//! `lexi-count [--threads N] [FILE…]`: counts the words of files, or of the standard input.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use lexi_count::Counts;

fn main() -> ExitCode {
    match run(env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("lexi-count: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(mut args: impl Iterator<Item = String>) -> Result<(), String> {
    let mut threads = 1;
    let mut files = Vec::new();
    while let Some(arg) = args.next() {
        if arg == "--threads" {
            threads = args
                .next()
                .and_then(|n| n.parse().ok())
                .filter(|n| (1..=64).contains(n))
                .ok_or("--threads takes a number from 1 to 64")?;
        } else {
            files.push(arg);
        }
    }
    let mut counts = Counts::default();
    if files.is_empty() {
        let mut bytes = Vec::new();
        io::stdin()
            .read_to_end(&mut bytes)
            .map_err(|e| format!("reading the standard input: {e}"))?;
        counts = Counts::of_parallel(&String::from_utf8_lossy(&bytes), threads);
    }
    for file in files {
        let bytes = fs::read(&file).map_err(|e| format!("reading {file}: {e}"))?;
        counts.merge(Counts::of_parallel(
            &String::from_utf8_lossy(&bytes),
            threads,
        ));
    }
    match io::stdout().lock().write_all(counts.to_string().as_bytes()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(format!("writing: {e}")),
        Ok(()) => Ok(()),
    }
}
