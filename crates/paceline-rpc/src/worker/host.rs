//! The host: lists the units.

use std::collections::{BTreeMap, HashSet};
use std::io;

use serde_json::{Value, json};

use super::connection::Engine;
use super::greeting::Wishes;
use super::places::Places;
use super::units::Unit;

/// Variables by which programs find what a build has made, beside those of cargo.
const SEARCH_PATHS: [&str; 3] = [
    "LD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
];

pub(super) async fn serve<C>(
    engine: &mut Engine,
    units: &[Unit<C>],
    wishes: &Wishes,
) -> io::Result<u8> {
    let tests = units.iter().flat_map(|unit| &unit.tests);
    let names: HashSet<&str> = tests.map(|member| member.test.name()).collect();
    let unknown = wishes.unknown(|name| names.contains(name));
    if !unknown.is_empty() {
        let quoted: Vec<_> = unknown.iter().map(|name| format!("`{name}`")).collect();
        let text = format!("there is no test named {}", quoted.join(", "));
        if units.is_empty() {
            engine.fatal(&text).await?;
            return Ok(2);
        }
        let warning = json!({"kind": "warning", "when": "collect", "message": text, "text": text});
        engine.queue(&warning);
    }
    let mut places = Places::new();
    let mut number = 0;
    for some in units.chunks(1000) {
        let mut list = Vec::with_capacity(some.len());
        for unit in some {
            let path = places.file(&unit.key);
            list.push(json!({"unit": number, "key": &*unit.key, "path": path}));
            number += 1;
        }
        let message = json!({"kind": "discovered", "units": list, "complete": false});
        engine.queue(&message);
    }
    engine.queue(&json!({"kind": "discovered", "units": [], "complete": true}));
    let mut ready = json!({
        "kind": "ready",
        "can_fork": false,
        "why_not": "a program with threads cannot be forked",
        "collect": "files",
        "rootdir": places.directory().to_string_lossy(),
        "config_file": null,
        "maxfail": 0,
    });
    if let Some(launch) = worker_launch(&places) {
        ready["worker_launch"] = launch;
    }
    engine.send(&ready).await?;
    while let Some(message) = engine.next().await {
        match message["kind"].as_str() {
            Some("shutdown") => break,
            Some("fork") => {
                let failed = json!({
                    "kind": "fork_failed",
                    "worker": message["worker"],
                    "reason": "a program with threads cannot be forked",
                });
                engine.send(&failed).await?;
            }
            _ => engine.refuse(&message).await?,
        }
    }
    engine.goodbye(0).await
}

/// How workers are started if cargo has started the host: as cargo has, without asking it again.
fn worker_launch(places: &Places) -> Option<Value> {
    std::env::var_os("CARGO_MANIFEST_DIR")?;
    let program = std::env::current_exe().ok()?;
    let is_cargos = |name: &str| name.starts_with("CARGO") || SEARCH_PATHS.contains(&name);
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let env: BTreeMap<String, String> = variables.filter(|(name, _)| is_cargos(name)).collect();
    let directory = places.directory().to_str()?;
    Some(json!({"argv": [program.to_str()?], "dir": directory, "env": env}))
}
