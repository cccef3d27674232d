//! Builds the guest programs, which misbehave on request.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use holdpoint_build::{BuildRequest, build_plugin, components_folder};

const PROGRAMS: [&str; 9] = [
    "archivist",
    "asker",
    "gauge",
    "hostile",
    "liar",
    "planner",
    "reader",
    "tourist",
    "weigher",
];

fn main() -> Result<(), Box<dyn Error>> {
    for path in [
        "programs",
        "../sdk/Cargo.toml",
        "../sdk/src",
        "../sdk/macros",
        "../wit",
    ] {
        println!("cargo:rerun-if-changed={path}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let components = components_folder()?;
    for program in PROGRAMS {
        let built = build_plugin(&BuildRequest {
            folder: Path::new("programs").join(program),
            target_folder: components.clone(),
            offline: false,
        })
        .map_err(|error| format!("{program}: {error}; {}", error.help()))?;
        fs::write(out.join(program).with_extension("wasm"), built.component)?;
    }
    Ok(())
}
