//! Puts the worker programs into the crate: what is compiled in is their text, not their place.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Worker programs: the name of the constant, the directory, and how its files end.
const WORKERS: [(&str, &str, &str); 3] = [
    (
        "PYTHON_FILES",
        "../../workers/python/paceline_worker",
        ".py",
    ),
    ("PHP_FILES", "../../workers/php", ".php"),
    ("RUBY_FILES", "../../workers/ruby/paceline_worker", ".rb"),
];

/// Holds what is not part of the program.
const TESTS: &str = "tests";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut text = String::new();
    for (constant, dir, ending) in WORKERS {
        let dir = here.join(dir);
        writeln!(text, "pub(crate) const {constant}: &[(&str, &[u8])] = &[")?;
        for name in files(&dir, ending)? {
            let path = dir.join(&name);
            // The files and not the directory: programs that ran from there leave caches in it. A
            // file that is added shows by the import of it in another.
            println!("cargo::rerun-if-changed={}", path.display());
            let path = path.to_str().ok_or("the path of a worker is not UTF-8")?;
            writeln!(text, "    ({name:?}, include_bytes!({path:?})),")?;
        }
        writeln!(text, "];")?;
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("workers.rs"), text)?;
    Ok(())
}

/// The files with this ending in a directory and those below it, relative to it, sorted.
fn files(dir: &Path, ending: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    let mut below = vec![String::new()];
    while let Some(prefix) = below.pop() {
        for entry in fs::read_dir(dir.join(&prefix))? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().ok_or("the name of a file is not UTF-8")?;
            if entry.file_type()?.is_dir() {
                if name != TESTS {
                    below.push(format!("{prefix}{name}/"));
                }
            } else if name.ends_with(ending) {
                names.push(format!("{prefix}{name}"));
            }
        }
    }
    names.sort();
    if names.is_empty() {
        return Err(format!("there is no worker in {}", dir.display()).into());
    }
    Ok(names)
}
