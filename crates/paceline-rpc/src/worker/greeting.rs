//! Who this process is to be, and what it was asked for.

use std::io;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::connection::Engine;
use super::settings::Override;
use crate::config::RunConfig;

/// What paceline has asked for in the environment.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(super) address: String,
    token: String,
    pub(super) role: Role,
    /// The file to which this process's output goes.
    pub(super) log: Option<PathBuf>,
}

/// What the process is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// It lists the tests.
    Host,
    /// It runs tests; it has this number.
    Worker(usize),
}

impl Asked {
    /// Nothing if the program was started by anybody else.
    pub(crate) fn from_env() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        let number = variable("PACELINE_WORKER_ID").and_then(|number| number.parse().ok());
        Some(Self {
            address: variable("PACELINE_CONNECT")?,
            token: variable("PACELINE_TOKEN").unwrap_or_default(),
            role: match variable("PACELINE_ROLE").as_deref() {
                Some("worker") => Role::Worker(number.unwrap_or_default()),
                _ => Role::Host,
            },
            log: std::env::var_os("PACELINE_LOG").map(PathBuf::from),
        })
    }
}

/// What paceline has asked for in its answer.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    /// Only tests of these names; all if there are none.
    only: Vec<String>,
    /// Not the tests of these names.
    except: Vec<String>,
    /// What holds for some tests.
    pub(super) overrides: Vec<Override>,
}

impl Wishes {
    fn read(welcome: &Value) -> Self {
        let overrides = welcome["overrides"].as_array();
        Self {
            only: texts(&welcome["only"]),
            except: texts(&welcome["except"]),
            overrides: overrides
                .into_iter()
                .flatten()
                .filter_map(Override::read)
                .collect(),
        }
    }

    /// Whether a test of this name is to run.
    pub(super) fn selects(&self, name: &str) -> bool {
        let among = |names: &[String]| names.iter().any(|one| one == name);
        (self.only.is_empty() || among(&self.only)) && !among(&self.except)
    }

    /// Names that were asked for and that no test has.
    pub(super) fn unknown(&self, known: impl Fn(&str) -> bool) -> Vec<&str> {
        let names = self.only.iter().map(String::as_str);
        names.filter(|name| !known(name)).collect()
    }
}

fn texts(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

/// Says hello, and takes the arguments in the answer into the configuration. Nothing if this process
/// is not wanted.
#[expect(
    clippy::print_stderr,
    reason = "the protocol asks for the reason there"
)]
pub(super) async fn greet(
    asked: &Asked,
    engine: &mut Engine,
    config: &mut RunConfig,
) -> io::Result<Option<Wishes>> {
    let version = env!("CARGO_PKG_VERSION");
    let mut hello = json!({
        "kind": "hello",
        "protocol": 1,
        "token": asked.token,
        "role": "host",
        "pid": std::process::id(),
        "framework": {"name": "paceline-rpc", "version": version},
        "language": {"name": "rust", "version": null},
    });
    if let Role::Worker(number) = asked.role {
        hello["role"] = json!("worker");
        hello["worker"] = json!(number);
    }
    engine.send(&hello).await?;
    let answer = engine.next().await.unwrap_or_default();
    if answer["kind"] != "welcome" {
        let reason = answer["reason"].as_str().unwrap_or("the connection ended");
        eprintln!("error: refused by paceline: {reason}");
        return Ok(None);
    }
    let args = texts(&answer["args"]);
    if !args.is_empty()
        && let Err(error) = apply(args, config)
    {
        engine.fatal(&error).await?;
        return Ok(None);
    }
    Ok(Some(Wishes::read(&answer)))
}

#[cfg(feature = "cli")]
fn apply(args: Vec<String>, config: &mut RunConfig) -> Result<(), String> {
    use clap::Parser;

    let all = std::iter::once("test".to_owned()).chain(args);
    let cli = crate::cli::Cli::try_parse_from(all).map_err(|error| error.to_string())?;
    cli.apply(config);
    Ok(())
}

#[cfg(not(feature = "cli"))]
fn apply(_: Vec<String>, _: &mut RunConfig) -> Result<(), String> {
    Err("built without the feature `cli`, and so without arguments".to_owned())
}
