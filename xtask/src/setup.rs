//! Installs the tools that are missing, where the machine is a Debian and lets us.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process;

/// A tool that something here calls.
pub(crate) struct Tool {
    /// What it is called in messages.
    name: &'static str,
    /// A command that succeeds exactly where a usable version is there.
    probe: &'static [&'static str],
    /// The Debian packages that bring it.
    packages: &'static [&'static str],
}

const PYTHON: Tool = Tool {
    name: "Python 3.10 or newer",
    probe: &[
        "python3",
        "-c",
        "import sqlite3, sys, unittest; sys.exit(sys.version_info < (3, 10))",
    ],
    packages: &["python3"],
};
const VENV: Tool = Tool {
    name: "Python's venv",
    probe: &["python3", "-c", "import ensurepip, venv"],
    packages: &["python3-venv"],
};
const NODE: Tool = Tool {
    name: "Node.js 18 or newer",
    probe: &[
        "node",
        "-e",
        "process.exit(Number(process.versions.node.split('.')[0]) < 18 ? 1 : 0)",
    ],
    packages: &["nodejs"],
};
const MAKE: Tool = Tool {
    name: "make",
    probe: &["make", "--version"],
    packages: &["make"],
};
const C_COMPILER: Tool = Tool {
    name: "a C compiler",
    probe: &[
        "sh",
        "-c",
        "echo 'int main(void){return 0;}' | cc -x c -o /dev/null -",
    ],
    packages: &["gcc", "libc6-dev"],
};
const DIFF: Tool = Tool {
    name: "diff",
    probe: &["diff", "--version"],
    packages: &["diffutils"],
};
const XMLLINT: Tool = Tool {
    name: "xmllint",
    probe: &["xmllint", "--version"],
    packages: &["libxml2-utils"],
};
const PARALLEL: Tool = Tool {
    name: "GNU parallel",
    probe: &["sh", "-c", "parallel --version | grep -q '^GNU parallel'"],
    packages: &["parallel"],
};
const XARGS: Tool = Tool {
    name: "xargs",
    probe: &["xargs", "--version"],
    packages: &["findutils"],
};

const PHP: Tool = Tool {
    name: "PHP 8.1 or newer with PHPUnit, XML and mbstring",
    probe: &[
        "sh",
        "-c",
        "php -r 'exit(PHP_VERSION_ID >= 80100 && extension_loaded(\"dom\") && extension_loaded(\"mbstring\") ? 0 : 1);' \
         && phpunit --version",
    ],
    packages: &["php-cli", "phpunit", "php-xml", "php-mbstring"],
};
const PCOV: Tool = Tool {
    name: "PHP's pcov",
    probe: &["php", "-r", "exit(extension_loaded('pcov') ? 0 : 1);"],
    packages: &["php-pcov"],
};
const DPKG_SOURCE: Tool = Tool {
    name: "dpkg-source",
    probe: &["sh", "-c", "dpkg-source --version && xz --version"],
    packages: &["dpkg-dev", "xz-utils"],
};

const RUBY: Tool = Tool {
    name: "Ruby with test-unit and minitest",
    probe: &[
        "ruby",
        "-e",
        "require 'test/unit/version'; require 'minitest'",
    ],
    packages: &["ruby", "ruby-test-unit", "ruby-minitest"],
};
const RUBY_LIBRARIES: Tool = Tool {
    name: "concurrent-ruby, minitest-global_expectations and Rake for Ruby",
    probe: &[
        "ruby",
        "-e",
        "require 'concurrent'; require 'rake'; gem 'minitest-global_expectations'",
    ],
    packages: &[
        "ruby-concurrent",
        "ruby-minitest-global-expectations",
        "rake",
    ],
};

/// What examples/polyglot needs. The compiler also builds the SQLite that paceline carries.
pub(crate) const EXAMPLE: &[Tool] = &[C_COMPILER, PYTHON, PHP, NODE, MAKE, DIFF, RUBY];
/// What the tests of this repository need.
pub(crate) const TESTS: &[Tool] = &[
    C_COMPILER,
    PYTHON,
    VENV,
    NODE,
    MAKE,
    DIFF,
    XMLLINT,
    PHP,
    PCOV,
    DPKG_SOURCE,
    RUBY,
];
/// What `bench commands` compares with.
pub(crate) const RIVALS: &[Tool] = &[C_COMPILER, PARALLEL, XARGS, MAKE];
/// What `bench real` runs.
pub(crate) const REAL: &[Tool] = &[C_COMPILER, PYTHON, VENV];

/// What builds paceline, beside Rust.
pub(crate) const BUILD: &[Tool] = &[C_COMPILER];
/// What the published packages of PHP need.
pub(crate) const PHP_PACKAGES: &[Tool] = &[PHP, PCOV, DPKG_SOURCE];

/// What tests of Ruby suites need.
pub(crate) const RUBY_TESTS: &[Tool] = &[C_COMPILER, RUBY];
/// What the published packages of Ruby need.
pub(crate) const RUBY_PACKAGES: &[Tool] = &[C_COMPILER, RUBY, RUBY_LIBRARIES, DPKG_SOURCE];

/// Installs those of `tools` that are missing; an error names what has to be installed by hand.
pub(crate) fn ensure(tools: &[Tool]) -> Result<()> {
    let missing: Vec<&Tool> = tools.iter().filter(|tool| !is_there(tool)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|tool| tool.name).collect();
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|tool| tool.packages.iter().copied())
        .collect();
    eprintln!("missing: {}", names.join(", "));
    let Some(apt) = Apt::find() else {
        bail!(
            "{} missing, and apt-get is not here or needs rights that this user lacks.\n\
             On Debian and its like: apt-get install {}",
            be(&names),
            packages.join(" ")
        );
    };
    // A fresh machine has no package lists, and old lists name files that are gone.
    process::run(apt.command().args(["-qq", "update"]))?;
    process::run(
        apt.command()
            .args(["-qq", "install", "-y", "--no-install-recommends"])
            .args(&packages)
            // A line for each file that dpkg touches; what goes wrong is on standard error.
            .stdout(Stdio::null()),
    )
    .with_context(|| format!("installing {}", packages.join(" ")))?;
    let still: Vec<&str> = missing
        .iter()
        .filter(|tool| !is_there(tool))
        .map(|tool| tool.name)
        .collect();
    if !still.is_empty() {
        bail!(
            "{} still missing or too old after installing {}; install a newer one by hand",
            be(&still),
            packages.join(" ")
        );
    }
    Ok(())
}

fn is_there(tool: &Tool) -> bool {
    tool.probe
        .split_first()
        .is_some_and(|(program, args)| process::succeeds(Command::new(program).args(args)))
}

fn be(names: &[&str]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", names.join(", "))
}

/// apt-get with the rights to install.
enum Apt {
    AsRoot,
    WithSudo,
}

impl Apt {
    fn find() -> Option<Self> {
        let is_root =
            || process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
        if !process::in_path("apt-get") {
            None
        } else if is_root() {
            Some(Self::AsRoot)
        } else if process::succeeds(Command::new("sudo").args(["-n", "true"])) {
            Some(Self::WithSudo)
        } else {
            None
        }
    }

    fn command(&self) -> Command {
        match self {
            Self::AsRoot => {
                let mut command = Command::new("apt-get");
                command.env("DEBIAN_FRONTEND", "noninteractive");
                command
            }
            Self::WithSudo => {
                let mut command = Command::new("sudo");
                command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
                command
            }
        }
    }
}
