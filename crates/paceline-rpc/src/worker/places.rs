//! Files as the engine has them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

/// Finds the files that the compiler has named: relative to the package, or to its workspace.
#[derive(Debug)]
pub(super) struct Places {
    directory: PathBuf,
    known: HashMap<Arc<str>, String>,
}

impl Places {
    pub(super) fn new() -> Self {
        Self {
            directory: std::env::current_dir().unwrap_or_default(),
            known: HashMap::new(),
        }
    }

    /// The directory that paths below it are relative to.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A file relative to the directory, or absolute if it is not below it.
    pub(super) fn file(&mut self, file: &Arc<str>) -> String {
        let directory = &self.directory;
        let find = || {
            let mut around = directory.ancestors().map(|dir| dir.join(&**file));
            let found = around.find(|path| path.exists());
            let found = found.unwrap_or_else(|| directory.join(&**file));
            let below = found.strip_prefix(directory).unwrap_or(&found);
            below.to_string_lossy().into_owned()
        };
        self.known
            .entry(Arc::clone(file))
            .or_insert_with(find)
            .clone()
    }

    /// `file:line:column` as a place of the protocol.
    pub(super) fn location(&mut self, location: &str) -> Option<Value> {
        let (rest, _column) = location.rsplit_once(':')?;
        let (file, line) = rest.rsplit_once(':')?;
        let line: u32 = line.parse().ok()?;
        let file = self.file(&file.into());
        let file = self.directory.join(file);
        Some(json!({"file": file.to_string_lossy(), "line": line}))
    }
}
