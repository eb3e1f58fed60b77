//! Documents that are made from the types. `cargo xtask docs` writes them.

use std::fs;
use std::path::Path;

use paceline::config::reference;

/// Compares a document with what it would be, or writes it where `UPDATE_DOCS` is set.
fn check(file: &str, text: &str) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let path = docs.join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "{} is out of date; run `cargo xtask docs`",
        path.display()
    );
}

#[test]
fn the_configuration_reference_is_current() {
    check("configuration.md", &reference::markdown());
}

#[test]
fn the_configuration_schema_is_current() {
    let schema = serde_json::to_string_pretty(&reference::schema()).unwrap();
    check("schema/paceline.schema.json", &(schema + "\n"));
}

/// The schema and the program agree on what is right and what is wrong.
#[test]
fn the_schema_accepts_and_refuses_what_the_program_does() {
    let schema = serde_json::to_value(reference::schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let is_valid = |text: &str| {
        let table: toml::Table = text.parse().unwrap();
        validator.is_valid(&serde_json::to_value(table).unwrap())
    };
    let dir = tempfile::tempdir().unwrap();
    let is_accepted = |text: &str| {
        fs::write(dir.path().join("paceline.toml"), text).unwrap();
        paceline::config::load(dir.path(), &paceline::cli::GlobalArgs::default()).is_ok()
    };
    let suite = |lines: &str| format!("[resources]\npostgres = 1\nports = 4\n[suite.x]\n{lines}");
    let good = [
        String::new(),
        "jobs = \"cpus\"\ntimeout = \"1m30s\"\nkeep-runs = 0".to_owned(),
        "jobs = 3\nslow-categories = []\nkill-grace = \"0s\"".to_owned(),
        suite("command = \"x\""),
        suite("command = [\"x\", \"\"]\nserial = true\nallow-failure = true\nretries = 2"),
        suite("command = \"x\"\nneeds = { ports = 2, postgres = \"shared\" }\nweight = 2"),
        suite("command = \"x\"\nneeds = [\"ports\"]\nenv = { A = \"\" }\ngroup = \"g\""),
        suite("framework = \"pytest\""),
        suite(
            "framework = \"pytest\"\nsplit = \"class\"\nstart = \"spawn\"\nargs = []\nworkers = 2",
        ),
        suite("framework = \"pytest\"\n[[suite.x.override]]\ntests = \"*[a\"\nneeds = [\"ports\"]"),
    ];
    for text in good {
        assert!(is_accepted(&text) && is_valid(&text), "{text}");
    }
    let bad = [
        "jobs = 0".to_owned(),
        "jobs = \"all\"".to_owned(),
        "timeout = 90".to_owned(),
        "timeout = \"90\"".to_owned(),
        "keep-runs = -1".to_owned(),
        "unknown = 1".to_owned(),
        "[resources]\na = 0".to_owned(),
        suite("dir = \".\""),
        suite("command = []"),
        suite("command = \"x\"\nframework = \"pytest\""),
        suite("framework = \"unknown\""),
        suite("framework = \"pytest\"\nsplit = \"files\""),
        suite("framework = \"pytest\"\nworkers = 0"),
        suite("framework = \"pytest\"\n[[suite.x.override]]\nserial = true"),
        suite("framework = \"pytest\"\n[[suite.x.override]]\ntests = \"\"\nserial = true"),
        suite("command = 1"),
        suite("command = \"x\"\nweight = 0"),
        suite("command = \"x\"\nunknown = 1"),
        suite("command = \"x\"\nneeds = { ports = 0 }"),
        suite("command = \"x\"\nneeds = { ports = \"all\" }"),
        suite("command = \"x\"\nenv = { A = 1 }"),
        suite("command = \"x\"\nserial = \"yes\""),
        "[suite.\"a b\"]\ncommand = \"x\"".to_owned(),
        "[suite.\"-a\"]\ncommand = \"x\"".to_owned(),
    ];
    for text in bad {
        assert!(!is_accepted(&text) && !is_valid(&text), "{text}");
    }
}
