//! paceline-rpc beside libtest-mimic and `#[tokio::test]`: the same tests in each, against the same
//! server, and tests that do nothing, for what the harness itself costs.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::machine;
use super::measure::measure;
use super::rounds::interleaved;
use crate::process;

#[derive(Debug, clap::Args)]
pub(crate) struct Rpc {
    /// How many tests each binary has; thousands of `#[tokio::test]` take minutes to compile
    #[arg(long, default_value_t = 100)]
    tests: usize,
    /// How often each is measured
    #[arg(long, default_value_t = 9)]
    rounds: usize,
}

const HARNESSES: [&str; 3] = ["paceline_rpc", "libtest_mimic", "tokio_test"];
const WORKERS: [usize; 2] = [1, 16];

impl Rpc {
    pub(crate) fn run(&self) -> Result<()> {
        let directory = process::target().join("bench-rpc");
        write_package(&directory, self.tests)?;
        process::run(
            Command::new(process::cargo().get_program())
                .args(["build", "--release", "--quiet", "--bins"])
                .current_dir(&directory)
                .env("CARGO_TARGET_DIR", directory.join("target")),
        )?;
        process::run(
            Command::new(process::cargo().get_program())
                .args(["test", "--release", "--quiet", "--no-run"])
                .current_dir(&directory)
                .env("CARGO_TARGET_DIR", directory.join("target")),
        )?;
        let binaries = HARNESSES.map(|name| test_binary(&directory, name));
        let server = Server::start(&directory.join("target/release/server"))?;

        let mut cases = Vec::new();
        for kind in ["echo", "empty"] {
            for workers in WORKERS {
                for (at, harness) in HARNESSES.iter().enumerate() {
                    cases.push((kind, workers, *harness, at));
                }
            }
        }
        let samples = interleaved(cases.len(), self.rounds, |which| {
            let (kind, workers, _, at) = cases[which];
            let binary = binaries[at]
                .as_ref()
                .map_err(|error| anyhow::anyhow!("{error:#}"))?;
            let mut command = Command::new(binary);
            command
                .args(["-q", "--test-threads", &workers.to_string()])
                .arg(format!("{kind}_"))
                .env("BENCH_SERVER", &server.url)
                .stdout(Stdio::null());
            Ok(measure(&mut command)?.wall.as_secs_f64())
        })?;

        let tests = self.tests as f64;
        let mut table = String::new();
        writeln!(table, "{}\n", machine::line())?;
        writeln!(
            table,
            "{} tests in a binary, {} rounds, medians. A test of `echo` connects by WebSocket, calls \
             once and closes.\n",
            self.tests, self.rounds
        )?;
        writeln!(
            table,
            "| tests | workers | harness | s (range) | tests/s | µs a test |"
        )?;
        writeln!(table, "|---|---|---|---|---|---|")?;
        for ((kind, workers, harness, _), sample) in cases.iter().zip(&samples) {
            let median = sample.median();
            writeln!(
                table,
                "| {kind} | {workers} | {harness} | {median:.3} ({sample:.3}) | {:.0} | {:.1} |",
                tests / median,
                median / tests * 1e6
            )?;
        }
        print!("{table}");
        Ok(())
    }
}

/// The server of all tests, until it is dropped.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(program: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let mut url = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut url)?;
        }
        let url = url.trim().to_owned();
        let server = Self { child, url };
        ensure!(
            server.url.starts_with("ws://"),
            "the server did not tell its address"
        );
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The newest binary of a test target.
fn test_binary(directory: &Path, name: &str) -> Result<PathBuf> {
    let deps = directory.join("target/release/deps");
    let mut found: Vec<_> = fs::read_dir(&deps)
        .with_context(|| format!("reading {}", deps.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            path.extension().is_none()
                && file
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('-'))
        })
        .collect();
    found.sort_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    found
        .pop()
        .with_context(|| format!("there is no test binary {name} in {}", deps.display()))
}

fn write_package(directory: &Path, tests: usize) -> Result<()> {
    fs::create_dir_all(directory.join("src"))?;
    fs::create_dir_all(directory.join("tests"))?;
    let library = process::root().join("crates/paceline-rpc");
    let manifest = format!(
        r#"[workspace]

[package]
name = "bench-rpc"
version = "0.0.0"
edition = "2024"

[dependencies]
paceline-rpc = {{ path = "{}", features = ["mock"] }}
serde_json = "1"
tokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}

[dev-dependencies]
libtest-mimic = "0.8"

[[bin]]
name = "server"
path = "src/server.rs"
test = false

[[test]]
name = "paceline_rpc"
harness = false

[[test]]
name = "libtest_mimic"
harness = false

[[test]]
name = "tokio_test"
"#,
        library.display()
    );
    fs::write(directory.join("Cargo.toml"), manifest)?;
    fs::write(directory.join("src/server.rs"), SERVER)?;
    let count = format!("const COUNT: usize = {tests};\n");
    fs::write(
        directory.join("tests/paceline_rpc.rs"),
        format!("{count}{PACELINE_RPC}"),
    )?;
    fs::write(
        directory.join("tests/libtest_mimic.rs"),
        format!("{count}{LIBTEST_MIMIC}{ECHO}"),
    )?;
    let mut file = String::from(ECHO);
    for n in 0..tests {
        writeln!(
            file,
            "#[tokio::test] async fn echo_{n}() {{ echo({n}).await; }}"
        )?;
        writeln!(file, "#[tokio::test] async fn empty_{n}() {{}}")?;
    }
    fs::write(directory.join("tests/tokio_test.rs"), file)?;
    Ok(())
}

const SERVER: &str = r#"
use paceline_rpc::mock::MockServer;

#[tokio::main]
async fn main() {
    let server = MockServer::start().await.unwrap();
    server.on("echo", |params| Ok(params[0].clone()));
    println!("{}", server.websocket_url());
    server.ended().await;
}
"#;

const ECHO: &str = r#"
async fn echo(n: usize) {
    let url = std::env::var("BENCH_SERVER").unwrap();
    let options = paceline_rpc::ClientOptions::new();
    let client = paceline_rpc::Client::websocket(&url, options).await.unwrap();
    let reply: usize = client.call("echo", [n]).await.unwrap();
    assert_eq!(reply, n);
}
"#;

const PACELINE_RPC: &str = r#"
use paceline_rpc::{Client, ClientOptions, Ctx, Harness, Isolation, JsonRpc, Test, ensure_eq};

#[tokio::main]
async fn main() -> std::process::ExitCode {
    // Only one kind is selected in a run. That which does nothing needs no connection.
    if std::env::args().any(|arg| arg == "empty_") {
        let tests = (0..COUNT).map(|n| Test::new(format!("empty_{n}"), |_| async { Ok(()) }).parallel());
        return Harness::new(|| async { Ok::<(), std::io::Error>(()) }).tests(tests).main().await;
    }
    let url = std::env::var("BENCH_SERVER").unwrap_or_default();
    let tests = (0..COUNT).map(|n| {
        Test::new(format!("echo_{n}"), move |cx: Ctx<Client>| async move {
            let reply: usize = cx.client().call("echo", [n]).await?;
            ensure_eq!(reply, n);
            Ok(())
        })
        .parallel()
        .isolation(Isolation::Connection)
    });
    let server = JsonRpc::websocket(url).options(ClientOptions::new());
    Harness::new(server).tests(tests).main().await
}
"#;

const LIBTEST_MIMIC: &str = r#"
use libtest_mimic::{Arguments, Trial};

/// As `#[tokio::test]` does it: a runtime for each test.
fn on_runtime(future: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(future);
}

fn main() -> std::process::ExitCode {
    let mut trials = Vec::new();
    for n in 0..COUNT {
        trials.push(Trial::test(format!("echo_{n}"), move || Ok(on_runtime(echo(n)))));
        trials.push(Trial::test(format!("empty_{n}"), || Ok(on_runtime(async {}))));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
"#;
