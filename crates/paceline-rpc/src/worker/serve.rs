//! From the connection to the exit code.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use super::connection::Engine;
use super::greeting::{Asked, Role, greet};
use super::units::units;
use super::{host, work};
use crate::config::{OnServerExit, RunConfig};
use crate::harness::{ClientOf, Hooks};
use crate::run::Run;
use crate::server::Server;
use crate::test::Test;

/// Serves until paceline has no more for this process.
#[expect(
    clippy::print_stderr,
    reason = "the engine keeps it as this process's log"
)]
pub(crate) async fn serve<S: Server>(
    asked: &Asked,
    server: Arc<S>,
    hooks: Hooks<ClientOf<S>>,
    tests: Vec<Test<ClientOf<S>>>,
    mut config: RunConfig,
) -> ExitCode {
    let served = async {
        let mut engine = Engine::connect(&asked.address).await?;
        let Some(wishes) = greet(asked, &mut engine, &mut config).await? else {
            return Ok(2);
        };
        // How many tests run at once, and when to stop, is paceline's business. So is what becomes of
        // the tests that are left when something dies: they run, here as after the end of a worker.
        config.max_failures = None;
        config.parallel_workers = Some(1);
        config.on_server_exit = OnServerExit::Restart;
        let run = Arc::new(Run::new(server, hooks, &config));
        let selected = tests
            .into_iter()
            .filter(|test| config.selection.selects(test) && wishes.selects(test.name()));
        let units = units(selected.collect(), |test| run.mode(test), &wishes.overrides);
        match asked.role {
            Role::Host => host::serve(&mut engine, &units, &wishes).await,
            Role::Worker(number) => {
                let log = asked.log.as_deref();
                work::serve(&mut engine, &run, &units, number, log).await
            }
        }
    };
    let served: io::Result<u8> = served.await;
    match served {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("error: serving paceline: {error}");
            ExitCode::FAILURE
        }
    }
}
