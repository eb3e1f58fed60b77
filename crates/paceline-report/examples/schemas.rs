//! Writes the JSON Schemas to `docs/schema/`: `cargo run -p paceline-report --example schemas`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    std::fs::create_dir_all(&dir)?;
    for (name, text) in paceline_report::schemas::all() {
        std::fs::write(dir.join(name), text)?;
    }
    Ok(())
}
