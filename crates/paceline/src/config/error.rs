//! What is wrong with a configuration or with what was asked of it.

use std::fmt;

use thiserror::Error;

use crate::diagnostic::{Diagnostic, Look, Source, render_all};

/// Mistakes in a configuration, or in names that the command line takes from it. All that could be
/// found are told together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct ConfigError {
    /// The file that the mistakes are in.
    pub source_text: Option<Source>,
    /// The mistakes, in the order of the file; never empty.
    pub diagnostics: Vec<Diagnostic>,
}

impl ConfigError {
    /// One mistake that is in no file.
    pub fn new(diagnostic: Diagnostic) -> Self {
        Self {
            source_text: None,
            diagnostics: vec![diagnostic],
        }
    }

    /// Mistakes that are in no file; an error if there are any.
    pub(crate) fn refuse(mistakes: Vec<Diagnostic>) -> Result<(), Self> {
        if mistakes.is_empty() {
            return Ok(());
        }
        Err(Self {
            source_text: None,
            diagnostics: mistakes,
        })
    }

    /// All mistakes as text; ends with a line break.
    pub fn render(&self, look: Look) -> String {
        render_all(&self.diagnostics, self.source_text.as_ref(), look)
    }
}

/// As [`ConfigError::render`], without colors.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(Look::default()).trim_end())
    }
}
