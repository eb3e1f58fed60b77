//! What a test and a hook are given.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::failure::{Failure, TestResult};
use crate::server::{BoxFuture, Instance};

/// What a test and a hook are given. Cheap to clone.
pub struct Ctx<C> {
    inner: Arc<Inner<C>>,
}

struct Inner<C> {
    name: Arc<str>,
    client: Arc<C>,
    cancelled: CancellationToken,
    instance: Arc<dyn Instance>,
    another: Box<dyn Fn() -> BoxFuture<'static, Result<Arc<C>, Failure>> + Send + Sync>,
    worker: Option<usize>,
    shared: Arc<Noted>,
}

/// What outlives the clones of a context: the harness reads it when the test is over.
#[derive(Default)]
pub(crate) struct Noted {
    notes: Mutex<Vec<String>>,
    directory: OnceLock<TempDir>,
}

impl Noted {
    fn notes(&self) -> MutexGuard<'_, Vec<String>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, note: String) {
        self.notes().push(note);
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.notes())
    }
}

pub(crate) struct Parts<C> {
    pub(crate) name: Arc<str>,
    pub(crate) client: Arc<C>,
    pub(crate) cancelled: CancellationToken,
    pub(crate) instance: Arc<dyn Instance>,
    pub(crate) another: Box<dyn Fn() -> BoxFuture<'static, Result<Arc<C>, Failure>> + Send + Sync>,
    pub(crate) worker: Option<usize>,
    pub(crate) shared: Arc<Noted>,
}

impl<C> Ctx<C> {
    pub(crate) fn new(parts: Parts<C>) -> Self {
        let Parts {
            name,
            client,
            cancelled,
            instance,
            another,
            worker,
            shared,
        } = parts;
        Self {
            inner: Arc::new(Inner {
                name,
                client,
                cancelled,
                instance,
                another,
                worker,
                shared,
            }),
        }
    }

    /// The connection: the test's own, or the shared one.
    pub fn client(&self) -> &C {
        &self.inner.client
    }

    /// The same, to be kept by a task of the test's own.
    pub fn client_arc(&self) -> Arc<C> {
        Arc::clone(&self.inner.client)
    }

    /// The name of the test, or `before_all` or `after_all`.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The number of the worker that runs the test: 0, 1, 2, … below the number of workers. The
    /// tests of the sequential phase have none.
    pub fn worker(&self) -> Option<usize> {
        self.inner.worker
    }

    /// Cancelled when the test is: by its timeout, the end of the server, an interrupt. For tasks
    /// that the test has started.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.inner.cancelled
    }

    /// The server that the test runs against.
    pub fn server(&self) -> &dyn Instance {
        &*self.inner.instance
    }

    /// Opens a further connection to the same server. It is closed after the test.
    pub async fn connect_another(&self) -> Result<Arc<C>, Failure> {
        (self.inner.another)().await
    }

    /// A directory of the test's own, removed after it.
    pub fn temp_dir(&self) -> std::io::Result<&Path> {
        let directory = &self.inner.shared.directory;
        if directory.get().is_none() {
            // If two of the test's tasks come at once, one directory too many is removed again.
            let _ = directory.set(TempDir::with_prefix("paceline-rpc-")?);
        }
        directory
            .get()
            .map(TempDir::path)
            .ok_or_else(|| std::io::Error::other("the temporary directory is gone"))
    }

    /// A path in [`temp_dir`](Self::temp_dir).
    pub fn temp_path(&self, name: &str) -> std::io::Result<PathBuf> {
        Ok(self.temp_dir()?.join(name))
    }

    /// Adds a line to what is shown with the test's result if it fails.
    pub fn note(&self, note: impl Into<String>) {
        self.inner.shared.add(note.into());
    }

    /// Skips the test: `return cx.skip("needs a network")`.
    #[track_caller]
    pub fn skip(&self, reason: impl Into<String>) -> TestResult {
        Err(Failure::skip(reason))
    }
}

impl<C> Clone for Ctx<C> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<C> fmt::Debug for Ctx<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctx")
            .field("name", &self.inner.name)
            .field("worker", &self.inner.worker)
            .finish_non_exhaustive()
    }
}
