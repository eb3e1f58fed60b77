//! Fetches source packages of Debian, with apt-get and lists of its own: the system is not touched,
//! and no rights are needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process;

/// The unpacked source package of this name in the Debian release of this machine, fetched at first
/// use.
pub(crate) fn source(name: &str) -> Result<PathBuf> {
    source_of(&release()?, name, &process::target().join("debian"))
}

/// The unpacked source package of this name in the Debian release that is being made, which has
/// newer versions than the machine's, fetched at first use.
pub(crate) fn newest_source(name: &str) -> Result<PathBuf> {
    source_of("sid", name, &process::target().join("debian-sid"))
}

fn source_of(release: &str, name: &str, directory: &Path) -> Result<PathBuf> {
    let packages = directory.join("packages");
    let package = packages.join(name);
    if package.is_dir() {
        return Ok(package);
    }
    let unpacked = directory.join("unpacked").join(name);
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked)
            .with_context(|| format!("removing {}", unpacked.display()))?;
    }
    for path in [&packages, &unpacked] {
        fs::create_dir_all(path).with_context(|| format!("creating {}", path.display()))?;
    }
    let apt = Apt::prepare(release, directory)?;
    process::run(
        apt.command()
            .args(["-qq", "source", "--only-source", name])
            // A line for each step of dpkg-source; what goes wrong is on standard error.
            .stdout(Stdio::null())
            .current_dir(&unpacked),
    )
    .with_context(|| format!("fetching the source package {name}"))?;
    // Renamed last, so that an interrupted run does not leave half a package.
    let found = only_directory(&unpacked)?;
    fs::rename(&found, &package).with_context(|| format!("moving {}", found.display()))?;
    Ok(package)
}

/// The version of a source package that was fetched, as its change log has it.
pub(crate) fn version(name: &str) -> Result<String> {
    let log = process::target()
        .join("debian/packages")
        .join(name)
        .join("debian/changelog");
    let text = fs::read_to_string(&log).with_context(|| format!("reading {}", log.display()))?;
    let version = text
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'));
    let (version, _) = version.with_context(|| format!("{} has no version", log.display()))?;
    Ok(version.to_owned())
}

fn only_directory(directory: &Path) -> Result<PathBuf> {
    let reading = || format!("reading {}", directory.display());
    let mut directories = Vec::new();
    for entry in fs::read_dir(directory).with_context(reading)? {
        let path = entry.with_context(reading)?.path();
        if path.is_dir() {
            directories.push(path);
        }
    }
    match <[PathBuf; 1]>::try_from(directories) {
        Ok([only]) => Ok(only),
        Err(several) => bail!("{} directories in {}", several.len(), directory.display()),
    }
}

/// apt-get with a state of its own.
struct Apt {
    configuration: PathBuf,
}

impl Apt {
    fn prepare(release: &str, directory: &Path) -> Result<Self> {
        if !process::in_path("apt-get") {
            bail!("source packages of Debian are fetched with apt-get, which is not here");
        }
        let state = directory.join("apt");
        for path in ["lists/partial", "cache/archives/partial"] {
            let path = state.join(path);
            fs::create_dir_all(&path).with_context(|| format!("creating {}", path.display()))?;
        }
        let write = |path: &Path, text: String| {
            fs::write(path, text).with_context(|| format!("writing {}", path.display()))
        };
        let sources = state.join("sources.list");
        let keys = "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg";
        write(
            &sources,
            format!("deb-src [{keys}] http://deb.debian.org/debian {release} main\n"),
        )?;
        let configuration = state.join("apt.conf");
        let path = |name: &str| state.join(name).display().to_string();
        // Without a user of its own, apt-get as root writes into directories of any user.
        let text = format!(
            "Dir::Etc::sourcelist {:?};\nDir::Etc::sourceparts \"-\";\nDir::State::lists {:?};\n\
             Dir::Cache {:?};\nAPT::Sandbox::User \"root\";\n",
            path("sources.list"),
            path("lists"),
            path("cache")
        );
        write(&configuration, text)?;
        let apt = Self { configuration };
        process::run(apt.command().args(["-qq", "update"]))?;
        Ok(apt)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("apt-get");
        command.env("APT_CONFIG", &self.configuration);
        command
    }
}

/// The code name of the machine's Debian release: `bookworm`.
fn release() -> Result<String> {
    const FILE: &str = "/etc/os-release";
    let text = fs::read_to_string(FILE).with_context(|| format!("reading {FILE}"))?;
    let value = |key: &str| {
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        Some(value.trim_matches('"').to_owned())
    };
    match (value("ID").as_deref(), value("VERSION_CODENAME")) {
        (Some("debian"), Some(name)) => Ok(name),
        (id, _) => bail!(
            "source packages are fetched on Debian, and this is {}",
            id.unwrap_or("something else")
        ),
    }
}
