//! Builds the standard plugins and compiles them to machine code, so that both can be embedded in the
//! program.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script reads what cargo tells it and writes into the folder that cargo names"
)]

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use holdpoint_build::{
    BuildRequest, BuiltPlugin, build_plugin, compatibility, components_folder, engine_for,
};
use sha2::{Digest as _, Sha256};

/// Standard plugins that are built by whoever uses them, and not embedded: `rego` would cost every
/// build of the program three minutes of a processor, and make the program 15 MB larger.
const BUILT_APART: [&str; 1] = ["rego"];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("..");
    for path in [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "host/templates",
        "sdk/Cargo.toml",
        "sdk/src",
        "sdk/macros",
        "sdk/js",
        "sdk/python",
        "sdk/notes",
        "wit",
        "host/conventional",
        "host/documents",
    ] {
        println!("cargo:rerun-if-changed={}", root.join(path).display());
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let mut folders: Vec<PathBuf> = fs::read_dir(root.join("plugins"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    folders.retain(|folder| {
        let is_apart = BUILT_APART.iter().any(|name| folder.ends_with(name));
        folder.join("plugin.toml").is_file() && !is_apart
    });
    folders.sort();

    let target = env::var("TARGET").map_err(|_| "cargo sets TARGET")?;
    let components = components_folder()?;
    let mut list = String::from("&[\n");
    let mut code = String::from("&[\n");
    for folder in folders {
        println!("cargo:rerun-if-changed={}", folder.display());
        let built = build_plugin(&BuildRequest {
            folder: folder.clone(),
            target_folder: components.clone(),
            offline: false,
        })
        .map_err(|error| explain(&folder, &error))?;
        let file = out.join(format!("{}.wasm", built.manifest.name));
        fs::write(&file, &built.component)?;
        writeln!(
            list,
            "    Embedded {{ name: {:?}, component: include_bytes!({:?}) }},",
            built.manifest.name,
            file.to_str()
                .ok_or("the path of the build folder is not UTF-8")?
        )?;
        writeln!(code, "    {},", machine_code(&built, &target, &out)?)?;
    }
    list.push_str("]\n");
    fs::write(out.join("embedded.rs"), list)?;
    code.push_str("]\n");
    fs::write(out.join("machine_code.rs"), code)?;
    let kit = [
        "LICENSE",
        "sdk/Cargo.toml",
        "sdk/src",
        "sdk/macros",
        "sdk/js",
        "sdk/python",
        "wit/since-v0.1.0",
    ];
    fs::write(out.join("kit.rs"), texts(root, &kit)?)?;
    let templates = texts(&root.join("host/templates"), &[""])?;
    fs::write(out.join("templates.rs"), templates)?;
    Ok(())
}

/// A table of the files below these paths: what each is called from `root` on, and its text.
fn texts(root: &Path, paths: &[&str]) -> Result<String, Box<dyn Error>> {
    let mut files = Vec::new();
    let mut waiting: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                waiting.push(entry?.path());
            }
        } else {
            files.push(path);
        }
    }
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(root)?.to_str();
        let name = name.ok_or("the name of a file is not UTF-8")?;
        let path = fs::canonicalize(&file)?;
        let path = path.to_str().ok_or("the path of a file is not UTF-8")?;
        writeln!(list, "    ({name:?}, include_str!({path:?})),")?;
    }
    list.push_str("]\n");
    Ok(list)
}

/// Compiles a component for the target; gives the row of the table that the sandbox includes.
fn machine_code(built: &BuiltPlugin, target: &str, out: &Path) -> Result<String, Box<dyn Error>> {
    let name = &built.manifest.name;
    let digest: [u8; 32] = Sha256::digest(&built.component).into();
    let compiled = engine_for(target).and_then(|engine| {
        let code = engine.precompile_component(&built.component)?;
        Ok((code, compatibility(&engine)))
    });
    let code = match compiled {
        Ok((code, compatibility)) => {
            let file = out.join(format!("{name}.machine-code"));
            fs::write(&file, code)?;
            let file = file
                .to_str()
                .ok_or("the path of the build folder is not UTF-8")?;
            format!("Some((Digest::from_bytes({compatibility:?}), include_bytes!({file:?})))")
        }
        // Such as for another architecture: the program then compiles it when it is first used.
        Err(error) => {
            println!("cargo:warning={name} is not compiled for {target}: {error}");
            "None".to_owned()
        }
    };
    Ok(format!(
        "Built {{ component: Digest::from_bytes({digest:?}), code: {code} }}"
    ))
}

/// The whole chain of causes and what to do, on one page.
fn explain(folder: &Path, error: &holdpoint_build::BuildError) -> String {
    let mut text = format!("{}: {error}", folder.display());
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    // The error of a build script is shown as its debug form, which would escape line breaks.
    eprintln!("{text}\nhelp: {}", error.help());
    "a standard plugin could not be built".to_owned()
}
