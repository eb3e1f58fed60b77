//! Threads that run attempts, kept from one attempt to the next.
//!
//! Starting a program blocks until the new process has called `exec`, so attempts start from
//! threads of their own, and the dispatcher never waits for one.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Scope;

use super::control::{Control, Stop};
use super::program::Program;
use super::supervise::{Context, Update, supervise};
use crate::event::AttemptResult;
use crate::plan::SuiteId;
use crate::sys::Waiter;

/// Who a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum JobId {
    /// The command of a suite.
    Command(SuiteId),
    /// The host of a suite.
    Host(SuiteId),
    /// A worker of a suite, by its number.
    Worker(SuiteId, u32),
}

/// A program to run.
pub(crate) struct Job<'env> {
    pub(crate) id: JobId,
    pub(crate) program: Program<'env>,
}

/// What the pool tells of a program.
pub(crate) enum Notice {
    Update(JobId, Update),
    Finished(JobId, AttemptResult),
}

/// Threads of a scope, as many as have ever been busy at once.
pub(crate) struct Pool<'scope, 'env: 'scope> {
    scope: &'scope Scope<'scope, 'env>,
    context: &'env Context<'env>,
    notify: Arc<dyn Fn(Notice) + Send + Sync + 'scope>,
    idle: Receiver<usize>,
    done: Sender<usize>,
    threads: Vec<Sender<(Job<'env>, Arc<Control>)>>,
    wakers: Vec<crate::sys::Waker>,
}

/// A running attempt, to be stopped.
pub(crate) struct Handle(Arc<Control>);

impl Handle {
    pub(crate) fn stop(&self, how: Stop) {
        self.0.stop(how);
    }
}

impl<'scope, 'env> Pool<'scope, 'env> {
    pub(crate) fn new(
        scope: &'scope Scope<'scope, 'env>,
        context: &'env Context<'env>,
        notify: impl Fn(Notice) + Send + Sync + 'scope,
    ) -> Self {
        let (done, idle) = channel();
        Self {
            scope,
            context,
            notify: Arc::new(notify),
            idle,
            done,
            threads: Vec::new(),
            wakers: Vec::new(),
        }
    }

    /// Runs a job on an idle thread, or on a new one.
    pub(crate) fn run(&mut self, job: Job<'env>) -> io::Result<Handle> {
        let index = match self.idle.try_recv() {
            Ok(index) => index,
            Err(_) => self.grow()?,
        };
        let control = Arc::new(Control::new(self.wakers[index].clone()));
        self.threads[index]
            .send((job, Arc::clone(&control)))
            .map_err(|_| io::Error::other("a thread of the pool has ended"))?;
        Ok(Handle(control))
    }

    fn grow(&mut self) -> io::Result<usize> {
        let index = self.threads.len();
        let (send, jobs) = channel::<(Job<'env>, Arc<Control>)>();
        let (waker, waiter) = Waiter::pair()?;
        let context = self.context;
        let notify = Arc::clone(&self.notify);
        let done = self.done.clone();
        std::thread::Builder::new()
            .name(format!("attempt-{index}"))
            .spawn_scoped(self.scope, move || {
                for (job, control) in jobs {
                    waiter.clear();
                    let tell = |update| notify(Notice::Update(job.id, update));
                    let program = &job.program;
                    let result = supervise(context, program, index, &control, &waiter, &tell);
                    // Idle before it is told, so that what starts next can start here.
                    let _ = done.send(index);
                    notify(Notice::Finished(job.id, result));
                }
            })?;
        self.threads.push(send);
        self.wakers.push(waker);
        Ok(index)
    }
}
