//! Starts hosts and workers, and greets them.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use paceline_protocol::{Fork, PROTOCOL_VERSION, ToWorker, Welcome};

use super::suite::FrameworkSuite;
use super::worker::{Origin, Worker};
use crate::attempt::{Handle, Job, JobId, Program, ProgramLog, Sweep};
use crate::event::NoteKind;
use crate::plan::Launch;
use crate::run::{Core, LinkId, Peer};

/// How long a worker may take from its start to its first message.
const CONNECT_PATIENCE: Duration = Duration::from_secs(60);
/// What several workers have to save against one to be worth it: where workers boot by themselves;
/// where they are forked; and where the host itself can be the one.
const WORTH_BOOTS: Duration = Duration::from_millis(50);
const WORTH_FORKS: Duration = Duration::from_millis(2);
const WORTH_LEAVING_THE_HOST: Duration = Duration::from_millis(4);

impl<'env> FrameworkSuite<'env> {
    pub(super) fn start_host(&self, core: &mut Core<'_, '_, 'env>) -> io::Result<Handle> {
        let exchange = core.exchange()?;
        let token = exchange.expect(Peer::Host(self.id))?;
        let env = vec![
            ("PACELINE_CONNECT".into(), exchange.address().into()),
            ("PACELINE_TOKEN".into(), token.into()),
            ("PACELINE_ROLE".into(), "host".into()),
        ];
        core.pool.run(Job {
            id: JobId::Host(self.id),
            program: Program {
                suite: self.suite.name.clone(),
                launch: Cow::Borrowed(&self.suite.launch),
                attempt: 1,
                env,
                timeout: None,
                log: ProgramLog::Suite(self.suite),
                sweep: Sweep::Suite,
            },
        })
    }

    /// What a `welcome` for a process that boots by itself holds.
    pub(super) fn welcome(&self, core: &Core<'_, '_, 'env>) -> Welcome {
        Welcome {
            protocol: PROTOCOL_VERSION,
            run: Some(core.options.run.clone()),
            workers: Some(self.most_workers(core)),
            worker_input: self
                .ready
                .as_ref()
                .and_then(|ready| ready.worker_input.clone()),
            journal: false,
            options: self.framework.options.clone(),
        }
    }

    /// How many workers the suite may have, as far as that can be told before its units are known.
    fn most_workers(&self, core: &Core<'_, '_, 'env>) -> u32 {
        let most = self.allowed_workers(core);
        let expected = &self.framework.expected_tests;
        let is_small = !expected.is_empty() && self.is_small(expected.values().sum(), most);
        if is_small { 1 } else { most }
    }

    /// How many workers the suite may have, whatever it has to do.
    pub(super) fn allowed_workers(&self, core: &Core<'_, '_, 'env>) -> u32 {
        match self.framework.workers {
            _ if self.framework.interactive => 1,
            Some(most) => most.min(core.options.jobs).max(1),
            None => core.options.jobs,
        }
    }

    /// Whether this is so little to do that so many workers are not worth what they cost.
    pub(super) fn is_small(&self, expected: Duration, workers: u32) -> bool {
        // What was asked for and not what came of it: processes have been told the number.
        let worth = match (self.framework.fork, self.framework.stays) {
            (true, true) => WORTH_LEAVING_THE_HOST,
            (true, false) => WORTH_FORKS,
            (false, _) => WORTH_BOOTS,
        };
        expected.saturating_sub(expected / workers.max(1)) < worth
    }

    /// An idle worker, one that is starting and has nothing yet, or a new one.
    pub(super) fn choose_worker(&mut self, core: &mut Core<'_, '_, 'env>) -> io::Result<u32> {
        let asks = |worker: &Worker| worker.is_idle() && worker.wants_next;
        let idle = |worker: &Worker| worker.is_idle();
        let find = |wanted: &dyn Fn(&Worker) -> bool| {
            self.workers
                .iter()
                .find(|(_, worker)| wanted(worker))
                .map(|(number, _)| *number)
        };
        if let Some(number) = find(&asks).or_else(|| find(&idle)) {
            return Ok(number);
        }
        let count = self.workers.values().filter(|w| w.is_usable()).count();
        if count >= self.most as usize {
            let busy = self.workers.iter().filter(|(_, worker)| worker.is_usable());
            if let Some((number, _)) = busy.min_by_key(|(_, worker)| worker.queue.len()) {
                return Ok(*number);
            }
        }
        self.start_worker(core)
    }

    fn start_worker(&mut self, core: &mut Core<'_, '_, 'env>) -> io::Result<u32> {
        let number = core.take_worker_number();
        let log = core.worker_log(&self.suite.name, number);
        if let Some(dir) = log.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let exchange = core.exchange()?;
        let token = exchange.expect(Peer::Worker(self.id, number))?;
        let address = exchange.address().to_owned();
        let origin = self.next_origin();
        let mut worker = Worker::new(origin, log.clone(), Instant::now() + CONNECT_PATIENCE);
        let env = worker_environment(number, &core.options.run);
        if origin != Origin::Spawned
            && let Some(link) = &mut self.host.link
        {
            let env = env.into_iter().map(|(name, value)| (name, Some(value)));
            let what = Fork {
                worker: number,
                token,
                env: env.collect(),
                log: Some(log.display().to_string()),
            };
            if origin == Origin::Host {
                // From then on it is no host that could fork.
                self.forks = false;
                link.send(&ToWorker::Stay(what));
            } else {
                link.send(&ToWorker::Fork(what));
            }
        } else {
            let own = [
                ("PACELINE_CONNECT".to_owned(), address),
                ("PACELINE_TOKEN".to_owned(), token),
                ("PACELINE_ROLE".to_owned(), "worker".to_owned()),
            ];
            let mut env: Vec<(String, String)> = env.into_iter().chain(own).collect();
            let log = if self.framework.interactive {
                ProgramLog::Terminal
            } else {
                env.push(("PACELINE_LOG".to_owned(), log.display().to_string()));
                ProgramLog::File(log)
            };
            worker.handle = Some(
                core.pool.run(Job {
                    id: JobId::Worker(self.id, number),
                    program: Program {
                        suite: self.suite.name.clone(),
                        launch: self.worker_launch(),
                        attempt: 1,
                        env: env
                            .into_iter()
                            .map(|(n, v)| (OsString::from(n), OsString::from(v)))
                            .collect(),
                        timeout: None,
                        log,
                        sweep: Sweep::Session,
                    },
                })?,
            );
        }
        self.workers.insert(number, worker);
        Ok(number)
    }

    /// Where the next worker comes from. A host whose suite runs on one worker is that worker, where
    /// it can be: that saves a fork, and what a forked process copies.
    fn next_origin(&self) -> Origin {
        let can_stay = self.ready.as_ref().is_some_and(|ready| ready.can_stay);
        if !self.forks || self.host.link.is_none() {
            Origin::Spawned
        } else if can_stay && self.workers.is_empty() && self.most == 1 {
            Origin::Host
        } else {
            Origin::Forked
        }
    }

    /// The host has not forked: workers boot by themselves from now on.
    pub(super) fn fork_failed(&mut self, core: &mut Core<'_, '_, 'env>, number: u32, reason: &str) {
        let Some(worker) = self.workers.get_mut(&number) else {
            return;
        };
        // It has not died, as it has never lived.
        worker.is_ending = true;
        if std::mem::take(&mut self.forks) {
            self.note(
                core,
                NoteKind::Mode,
                &format!("each worker boots by itself: {reason}"),
            );
        }
        self.worker_is_gone(core, number);
    }

    /// What starts a worker: what has started the host, or what the host has said.
    fn worker_launch(&self) -> Cow<'env, Launch> {
        let own = &self.suite.launch;
        let said = self.ready.as_ref().and_then(|r| r.worker_launch.as_ref());
        let Some(said) = said.filter(|said| !said.argv.is_empty()) else {
            return Cow::Borrowed(own);
        };
        let env = said
            .env
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        Cow::Owned(Launch {
            argv: said.argv.iter().map(OsString::from).collect(),
            display: own.display.clone(),
            dir: said
                .dir
                .as_ref()
                .map_or_else(|| own.dir.clone(), PathBuf::from),
            // What the host was started with goes first: the host may have changed it.
            env: own.env.iter().cloned().chain(env).collect(),
        })
    }

    /// A connection has said who it is.
    pub(crate) fn connected(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        link: LinkId,
        peer: Peer,
        hello: &paceline_protocol::Hello,
    ) {
        let Some(mut link) = core.introduce(link, peer) else {
            return;
        };
        match peer {
            Peer::Host(_) => {
                link.send(&ToWorker::Welcome(self.welcome(core)));
                self.host.link = Some(link);
            }
            Peer::Worker(_, number) => {
                let origin = self.workers.get(&number).map(|worker| worker.origin);
                let mut welcome = if origin == Some(Origin::Spawned) {
                    self.welcome(core)
                } else {
                    Welcome {
                        protocol: PROTOCOL_VERSION,
                        ..Welcome::default()
                    }
                };
                let Some(worker) = self.workers.get_mut(&number) else {
                    link.close();
                    return;
                };
                // Without it the connection does.
                let journal = hello.journal.as_ref();
                welcome.journal = journal.is_some_and(|file| link.read_journal(file, &worker.log));
                link.send(&ToWorker::Welcome(welcome));
                worker.link = Some(link);
                // What its host has said of it counts more.
                worker.pid = worker.pid.or(crate::sys::process(hello.pid));
                worker.stacks.clone_from(&hello.stacks);
                worker.captured.clone_from(&hello.captured);
                worker.free_since = (!worker.queue.is_empty()).then(|| core.now());
                for task in worker.queue.clone() {
                    self.send_run(number, task);
                }
                if self.ended_early.is_some() || core.stopping.is_some() {
                    self.not_run_all(core);
                }
            }
        }
    }
}

/// What tests can know of their worker; the names are those that the known parallel runners use, so
/// that suites prepared for them work unchanged.
fn worker_environment(number: u32, run: &str) -> Vec<(String, String)> {
    let token = format!("{number}_{run}");
    let from_one = (number + 1).to_string();
    let test_env = if number == 0 {
        String::new()
    } else {
        from_one.clone()
    };
    [
        ("PACELINE_WORKER_ID", number.to_string()),
        ("PACELINE_WORKER_TOKEN", token.clone()),
        ("TEST_TOKEN", from_one),
        ("UNIQUE_TEST_TOKEN", token.clone()),
        ("PHPUNIT_WORKER_ID", number.to_string()),
        ("PHPUNIT_WORKER_TOKEN", token),
        ("TEST_ENV_NUMBER", test_env),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
