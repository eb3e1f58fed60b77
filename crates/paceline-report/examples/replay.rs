//! Makes a report from recorded events:
//! `cargo run -p paceline-report --example replay -- EVENTS terminal|json|junit [FILE]`.

use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use paceline_report::json::JsonReport;
use paceline_report::junit::JunitReport;
use paceline_report::terminal::{ColorChoice, Terminal, TerminalOptions};
use paceline_report::{Reporter, events};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (record, mut reporter): (&str, Box<dyn Reporter>) = match arguments.as_slice() {
        [record, "terminal"] => {
            let options = TerminalOptions::from_process(0, None, ColorChoice::Auto);
            (record, Box::new(Terminal::new(options)))
        }
        [record, "json", file] => (record, Box::new(JsonReport::new(Path::new(file)))),
        [record, "junit", file] => (record, Box::new(JunitReport::new(Path::new(file), None))),
        _ => return Err("usage: EVENTS terminal|json|junit [FILE]".into()),
    };
    for event in events::read(BufReader::new(File::open(record)?)) {
        let event = event?;
        reporter.tick(event.at)?;
        reporter.event(&event)?;
    }
    reporter.finish()?;
    Ok(())
}
