//! What must not compile with the kit for Rust, and what an author is told: each file of `refused/` is
//! compiled as `plugin build` compiles it, for WebAssembly, with the kit that the programs of this
//! suite were built with.

use super::*;

/// What stands beside a message and changes with every release of something else: places in
/// dependencies and in the kit, and how many types there are.
const BESIDE: [(&str, &str); 3] = [
    (r"/cargo/registry/src/\S+", "[a dependency]"),
    (r"(sdk/src/\S+\.rs):\d+:\d+", "$1"),
    (r"and \d+ others", "and others"),
];

/// Has the compiler look at a file; what it says is empty when nothing is wrong.
fn said(file: &str, kit: &Path) -> String {
    let modules = modules();
    let dependencies = |folder: &Path| {
        let mut argument = std::ffi::OsString::from("dependency=");
        argument.push(folder.join("release/deps"));
        argument
    };
    let mut library = std::ffi::OsString::from("holdpoint_sdk=");
    library.push(kit);
    let context = Context::new();
    let compiled = Command::new("rustc")
        .args(["--edition=2024", "--crate-type=cdylib", "--emit=metadata"])
        .args([
            "--target=wasm32-unknown-unknown",
            "-Cpanic=abort",
            "--extern",
        ])
        .arg(library)
        .arg("-L")
        .arg(dependencies(&modules.join("wasm32-unknown-unknown")))
        .arg("-L")
        .arg(dependencies(&modules))
        .arg("--out-dir")
        .arg(context.path())
        .arg(file)
        .current_dir(root().join("tests/suite/authors/refused"))
        .output();
    let ran = Ran::of(compiled);
    assert_eq!(ran.code == 0, ran.stderr.is_empty(), "{}", ran.stderr);
    ran.stderr
}

/// Where the build scripts of this workspace compile what becomes components.
fn modules() -> PathBuf {
    let mut above = Path::new(env!("OUT_DIR")).ancestors();
    let profile = above.nth(3).expect("the profile");
    profile.join("components/modules")
}

/// The newest kit that was compiled, and that a plugin with no mistake compiles with: others may be of
/// a state of the sources that is gone.
fn kit() -> PathBuf {
    let folder = modules().join("wasm32-unknown-unknown/release/deps");
    let mut kits: Vec<_> = fs::read_dir(&folder)
        .expect("what was compiled")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            let name = path.file_name().expect("a name").to_string_lossy();
            name.starts_with("libholdpoint_sdk-") && name.ends_with(".rlib")
        })
        .collect();
    kits.sort_by_key(|path| {
        fs::metadata(path)
            .expect("a file")
            .modified()
            .expect("a time")
    });
    let newest = kits.pop().expect("the kit is compiled with the programs");
    assert_eq!(said("nothing_is_wrong.rs", &newest), "");
    newest
}

#[test]
fn what_must_not_compile_says_what_to_do() {
    let kit = kit();
    let folder = root().join("tests/suite/authors/refused");
    let files = fs::read_dir(folder).expect("the files");
    let mut files: Vec<_> = files
        .map(|file| file.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name != "nothing_is_wrong.rs")
        .collect();
    files.sort();
    assert!(files.len() > 8, "{files:?}");
    insta::with_settings!({ filters => BESIDE, omit_expression => true }, {
        for file in files {
            let said = said(&file, &kit);
            assert!(!said.is_empty(), "{file} compiles");
            let name = file.trim_end_matches(".rs");
            insta::assert_snapshot!(format!("refused_{name}"), said);
        }
    });
}
