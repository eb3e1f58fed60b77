//! What a measurement was made on.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::process;

/// One line: processor, CPUs, memory, system.
pub(crate) fn line() -> String {
    let model =
        field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cpus = thread::available_parallelism().map_or(0, usize::from);
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kib| kib.div_ceil(1024 * 1024));
    let system =
        field("/etc/os-release", "PRETTY_NAME").unwrap_or_else(|| "unknown system".to_owned());
    let kernel = first_line(Command::new("uname").arg("-sr"));
    let hypervisor =
        field("/proc/cpuinfo", "flags").is_some_and(|flags| flags.contains("hypervisor"));
    let kind = if hypervisor { "virtual machine, " } else { "" };
    format!(
        "{model}, {kind}{cpus} CPUs, {memory} GiB, {}, {kernel}",
        system.trim_matches('"')
    )
}

/// The first line that a program prints, such as its version.
pub(crate) fn first_line(command: &mut Command) -> String {
    process::output(command)
        .ok()
        .and_then(|text| text.lines().next().map(|line| line.trim().to_owned()))
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The value of the first `name : value` or `name=value` line of a file.
fn field(path: impl AsRef<Path>, name: &str) -> Option<String> {
    fs::read_to_string(path).ok()?.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        let value = rest.trim_start().strip_prefix([':', '='])?;
        Some(value.trim().to_owned())
    })
}
