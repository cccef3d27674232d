use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::Deserialize;

use crate::Target;

/// The folders of what is shipped and of what describes it, in a target folder.
const MODULES: &str = "modules";
const DESCRIPTIONS: &str = "descriptions";

/// Why cargo did not give a module.
#[derive(Debug, thiserror::Error)]
pub enum CargoError {
    /// It cannot be started.
    #[error("{} cannot be started", program.display())]
    Start {
        /// What was started.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It ended with an error.
    #[error("`cargo {command}` failed in {}:\n{output}", folder.display())]
    Failed {
        /// The subcommand.
        command: &'static str,
        /// Where.
        folder: PathBuf,
        /// What it said.
        output: String,
    },
    /// The target is not installed.
    #[error("the target {} is not installed", target.triple())]
    MissingTarget {
        /// The target.
        target: Target,
    },
    /// It said something that is not understood.
    #[error("`cargo {command}` printed what cannot be understood")]
    Malformed {
        /// The subcommand.
        command: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// The folder has no package of its own.
    #[error("{} is not the folder of a package", folder.display())]
    NoPackage {
        /// The folder.
        folder: PathBuf,
    },
    /// The package does not compile to a module.
    #[error("the package in {} gives no WebAssembly module", folder.display())]
    NoModule {
        /// The folder.
        folder: PathBuf,
    },
    /// What was compiled cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl CargoError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Start { .. } => "install Rust, or set CARGO to the program".to_owned(),
            Self::Failed { .. } => "correct what the compiler names".to_owned(),
            Self::MissingTarget { target } => {
                format!("install it with `rustup target add {}`", target.triple())
            }
            Self::NoPackage { .. } => "put plugin.toml beside the package's Cargo.toml".to_owned(),
            Self::NoModule { .. } => {
                "add `crate-type = [\"cdylib\", \"rlib\"]` under [lib] in Cargo.toml".to_owned()
            }
            Self::Malformed { .. } | Self::Read { .. } => "try again".to_owned(),
        }
    }
}

/// The package in a folder, and how to compile it.
pub(crate) struct Package {
    folder: PathBuf,
    workspace: PathBuf,
    target_folder: PathBuf,
    offline: bool,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

impl Package {
    /// Finds the package of a folder. What is compiled goes to a target folder of its own, so that
    /// a cargo that runs this one does not wait for itself.
    pub(crate) fn find(
        folder: &Path,
        target_folder: &Path,
        offline: bool,
    ) -> Result<Self, CargoError> {
        let no_package = || CargoError::NoPackage {
            folder: folder.to_owned(),
        };
        let folder = fs::canonicalize(folder).map_err(|_| no_package())?;
        if !folder.join("Cargo.toml").is_file() {
            return Err(no_package());
        }
        let mut package = Self {
            workspace: folder.clone(),
            folder,
            // Cargo runs in the plugin's folder, where a relative path would mean another one.
            target_folder: std::path::absolute(target_folder)
                .unwrap_or_else(|_| target_folder.to_owned()),
            offline,
        };
        let mut command = package.cargo("metadata");
        command.args(["--no-deps", "--format-version=1"]);
        let output = package.run("metadata", command)?;
        let metadata: Metadata =
            serde_json::from_slice(&output.stdout).map_err(|source| CargoError::Malformed {
                command: "metadata",
                source,
            })?;
        package.workspace = metadata.workspace_root;
        Ok(package)
    }

    /// Compiles the package for release and gives the module's bytes.
    ///
    /// The profile is the same whatever the workspace says, names of functions are kept for
    /// backtraces, and paths of this machine are left out, so that the same sources give the same
    /// bytes in every folder.
    pub(crate) fn compile(&self, target: Target) -> Result<Vec<u8>, CargoError> {
        self.compile_in(MODULES, target, None)
    }

    /// The same with an export that describes the plugin. After [`Package::compile`], the macros that it
    /// compiled are used again.
    pub(crate) fn compile_description(&self) -> Result<Vec<u8>, CargoError> {
        self.share_macros();
        let feature = Some("holdpoint-sdk/describe");
        self.compile_in(DESCRIPTIONS, Target::Unknown, feature)
    }

    /// Lets the two folders have one place for what is compiled for this machine, which takes four fifths
    /// of the time; that is why the profile is the same, too. One folder for all would not do: cargo names
    /// one place for the module of both builds, and another build may come between this one and the reading
    /// of its module. Where there can be no link, everything is compiled twice.
    fn share_macros(&self) {
        let [from, to] = [MODULES, DESCRIPTIONS].map(|name| self.target_folder.join(name));
        if from.join("release").is_dir() && fs::create_dir_all(&to).is_ok() {
            let _ = symlink(
                Path::new("..").join(MODULES).join("release"),
                to.join("release"),
            );
        }
    }

    /// Compiles into a folder of this name. None of these folders lies in another: cargo would put a new
    /// one in the place of the outer while the inner is made.
    fn compile_in(
        &self,
        name: &str,
        target: Target,
        feature: Option<&str>,
    ) -> Result<Vec<u8>, CargoError> {
        let mut command = self.cargo("build");
        command
            .args(["--release", "--lib", "--target", target.triple()])
            .args(["--message-format", "json-render-diagnostics", "--quiet"])
            .arg("--target-dir")
            .arg(self.target_folder.join(name))
            .args(["--config", "profile.release.opt-level='s'"])
            .args(["--config", "profile.release.lto=true"])
            .args(["--config", "profile.release.codegen-units=1"])
            .args(["--config", "profile.release.debug=false"])
            .args(["--config", "profile.release.strip='debuginfo'"])
            .args(["--config", "profile.release.panic='abort'"])
            // The macros of the SDK run for less time than it would take to optimise them.
            .args(["--config", "profile.release.build-override.opt-level=0"])
            .env("CARGO_ENCODED_RUSTFLAGS", self.compiler_flags());
        if self.workspace.join("Cargo.lock").is_file() {
            command.arg("--locked");
        }
        if let Some(feature) = feature {
            command.args(["--features", feature]);
        }
        let output = self.run("build", command).map_err(|error| match error {
            CargoError::Failed { output, .. } if is_missing_target(&output) => {
                CargoError::MissingTarget { target }
            }
            error => error,
        })?;
        let path = self.module_path(&output)?;
        fs::read(&path).map_err(|source| CargoError::Read { path, source })
    }

    fn module_path(&self, output: &Output) -> Result<PathBuf, CargoError> {
        let manifest_path = self.folder.join("Cargo.toml");
        let mut module = None;
        for line in output.stdout.split(|byte| *byte == b'\n') {
            if line.is_empty() {
                continue;
            }
            let message: Message =
                serde_json::from_slice(line).map_err(|source| CargoError::Malformed {
                    command: "build",
                    source,
                })?;
            if message.reason == "compiler-artifact"
                && message.manifest_path.as_ref() == Some(&manifest_path)
            {
                module = message
                    .filenames
                    .into_iter()
                    .find(|path| {
                        path.extension()
                            .is_some_and(|extension| extension == "wasm")
                    })
                    .or(module);
            }
        }
        module.ok_or_else(|| CargoError::NoModule {
            folder: self.folder.clone(),
        })
    }

    /// Flags that replace the paths of this machine. The longest comes last, because the last one
    /// that fits counts. They are the same for every package of a workspace: cargo compiles what a
    /// package depends on again when its flags are others.
    fn compiler_flags(&self) -> OsString {
        let mut flags = OsString::new();
        let elsewhere = !self.folder.starts_with(&self.workspace);
        let homes = [
            cargo_home(),
            Some(self.workspace.clone()),
            elsewhere.then(|| self.folder.clone()),
        ];
        for (path, name) in homes.iter().zip(["/cargo", "/workspace", "/plugin"]) {
            if let Some(path) = path {
                if !flags.is_empty() {
                    flags.push("\u{1f}");
                }
                flags.push("--remap-path-prefix=");
                flags.push(path);
                flags.push("=");
                flags.push(name);
            }
        }
        flags
    }

    fn cargo(&self, command: &'static str) -> Command {
        let mut cargo = Command::new(program());
        cargo
            .arg(command)
            .arg("--manifest-path")
            .arg(self.folder.join("Cargo.toml"))
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        for (name, _) in env::vars_os() {
            if name.to_str().is_none_or(is_of_another_build) {
                cargo.env_remove(name);
            }
        }
        if self.offline {
            cargo.arg("--offline");
        }
        cargo
    }

    fn run(&self, name: &'static str, mut command: Command) -> Result<Output, CargoError> {
        let output = command.output().map_err(|source| CargoError::Start {
            program: program(),
            source,
        })?;
        if output.status.success() {
            return Ok(output);
        }
        Err(CargoError::Failed {
            command: name,
            folder: self.folder.clone(),
            output: String::from_utf8_lossy(&output.stderr)
                .trim_end()
                .to_owned(),
        })
    }
}

fn program() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")))
}

/// Whether a variable is of the cargo that runs this program, or changes what is compiled. Where
/// packages come from stays as it is.
fn is_of_another_build(name: &str) -> bool {
    let stays = [
        "CARGO_HOME",
        "CARGO_NET_",
        "CARGO_HTTP_",
        "CARGO_REGISTRIES_",
        "CARGO_REGISTRY_",
    ];
    let goes = ["CARGO_", "RUSTC", "RUSTDOC", "RUSTFLAGS", "DEP_"];
    let exactly = [
        "RUSTFLAGS",
        "MAKEFLAGS",
        "MFLAGS",
        "TARGET",
        "HOST",
        "OPT_LEVEL",
        "PROFILE",
        "DEBUG",
        "NUM_JOBS",
        "OUT_DIR",
    ];
    exactly.contains(&name)
        || (goes.iter().any(|prefix| name.starts_with(prefix))
            && !stays.iter().any(|prefix| name.starts_with(prefix)))
}

fn is_missing_target(output: &str) -> bool {
    output.contains("can't find crate for `core`") || output.contains("can't find crate for `std`")
}
