//! Runs `.io` files against a server, without a line of Rust.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use paceline_rpc::cli::Cli;
use paceline_rpc::{Harness, RunConfig, io_tests};

/// Run .io files, requests and expected responses, against a JSON-RPC server
#[derive(Parser)]
#[command(name = "paceline-rpc", version)]
struct Arguments {
    /// A file, or a directory of files; can be repeated
    #[arg(long, value_name = "PATH", required = true)]
    io: Vec<PathBuf>,

    #[command(flatten)]
    run: Cli,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut tests = Vec::new();
    for path in &arguments.io {
        match io_tests(path) {
            Ok(found) => tests.extend(found),
            Err(error) => return failed(&error),
        }
    }
    let server = match arguments.run.server.server() {
        Ok(server) => server,
        Err(error) => return failed(&error),
    };
    Harness::new(server)
        .tests(tests)
        .main_with(&arguments.run, RunConfig::default())
        .await
}

#[expect(clippy::print_stderr, reason = "this is a program's main function")]
fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(2)
}
