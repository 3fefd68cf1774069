//! Writes the units of the workspace's code, with their digests, into `units.rs` of the output folder.

#[path = "build/scan.rs"]
mod scan;

use std::path::Path;

fn main() -> Result<(), String> {
    let variable = |name: &str| std::env::var(name).map_err(|error| format!("{name}: {error}"));
    let package = variable("CARGO_MANIFEST_DIR")?;
    let workspace = Path::new(&package).join("../..");
    let list = Path::new(&package).join("units.toml");
    let scan = scan::scan(&workspace, &list)?;
    let file = Path::new(&variable("OUT_DIR")?).join("units.rs");
    std::fs::write(&file, scan.as_rust())
        .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
    for read in &scan.files {
        println!("cargo:rerun-if-changed={}", read.display());
    }
    Ok(())
}
