//! Plugins in JavaScript and Python: the toolchain of the language makes a component of the author's
//! module and an entry that is written here, against the world that `plugin.toml` makes.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::world::{WORLD, world_files};
use crate::{Capability, Kind};

/// The tool that makes components of JavaScript, as npm calls it, and the version that is tried.
const JAVASCRIPT_TOOL: &str = "@bytecodealliance/componentize-js";
const JAVASCRIPT_VERSION: &str = "0.23.0";

/// The same for Python, as its package index calls it.
const PYTHON_TOOL: &str = "componentize-py";
const PYTHON_VERSION: &str = "0.25.1";

/// Calls the tool for JavaScript, which has no command line that works with Node 20.
const DRIVER: &str = include_str!("script/driver.mjs");

/// What stands before the exports of the entry, in each language.
const JAVASCRIPT_ENTRY: &str = include_str!("script/entry.js");
const PYTHON_ENTRY: &str = include_str!("script/entry.py");

/// A language whose own toolchain makes the component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptLanguage {
    /// The functions stand in `plugin.js`.
    JavaScript,
    /// The functions stand in `plugin.py`.
    Python,
}

/// Why a script did not become a component.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The author's module is not there.
    #[error("{} is missing", path.display())]
    NoModule {
        /// Where it should be.
        path: PathBuf,
    },
    /// The tool is not installed.
    #[error("{tool} is not installed for the plugin in {}", folder.display())]
    MissingTool {
        /// What it is called.
        tool: &'static str,
        /// The folder of the plugin.
        folder: PathBuf,
        /// The language.
        language: ScriptLanguage,
    },
    /// A program cannot be started.
    #[error("{program} cannot be started")]
    Start {
        /// What was started.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// The tool refused the module.
    #[error("{tool} failed:\n{output}")]
    Failed {
        /// What it is called.
        tool: &'static str,
        /// What it said.
        output: String,
    },
    /// A file on the way cannot be written or read.
    #[error("{} cannot be written or read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The world cannot be made.
    #[error(transparent)]
    World(#[from] crate::WorldError),
}

impl ScriptError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::NoModule { .. } => {
                "the functions of a plugin stand in plugin.js or plugin.py, beside plugin.toml"
                    .to_owned()
            }
            Self::MissingTool {
                language: ScriptLanguage::JavaScript,
                ..
            } => format!(
                "run `npm install` in the folder; its package.json names {JAVASCRIPT_TOOL} \
                 {JAVASCRIPT_VERSION}, which needs Node.js 20 or newer"
            ),
            Self::MissingTool { .. } => format!(
                "in the folder: `python3 -m venv .venv && .venv/bin/pip install \
                 {PYTHON_TOOL}=={PYTHON_VERSION}`"
            ),
            Self::Start { program, .. } if program == "node" => {
                "install Node.js 20 or newer, and have `node` in PATH".to_owned()
            }
            Self::Start { .. } | Self::File { .. } => {
                "check that this user may read and write the folder".to_owned()
            }
            Self::Failed { .. } => "correct what it names".to_owned(),
            Self::World(error) => error.help(),
        }
    }
}

/// What is compiled.
pub(crate) struct Script<'a> {
    pub(crate) language: ScriptLanguage,
    /// The folder of the plugin.
    pub(crate) folder: &'a Path,
    /// Where files go that are made on the way.
    pub(crate) target_folder: &'a Path,
    pub(crate) kinds: &'a [Kind],
    pub(crate) capabilities: &'a [Capability],
}

/// What the contract calls the question of a kind, whether its answer is a list, and whether it has
/// more than the release and the settings.
fn question(kind: Kind) -> (&'static str, bool, &'static [&'static str]) {
    match kind {
        Kind::Policy => ("check", true, &[]),
        Kind::Risk => ("assess", false, &[]),
        Kind::Resource => ("claim", true, &[]),
        Kind::Document => ("render", true, &[]),
        Kind::Notify => ("compose", true, &["event", "channel"]),
        Kind::Action => ("plan", true, &[]),
        Kind::Verify => ("measure", false, &["attempt"]),
    }
}

impl Script<'_> {
    /// Makes a component of it.
    pub(crate) fn compile(&self) -> Result<Vec<u8>, ScriptError> {
        let name = match self.language {
            ScriptLanguage::JavaScript => "javascript",
            ScriptLanguage::Python => "python",
        };
        let absolute = |path: &Path| {
            std::path::absolute(path).map_err(|source| ScriptError::File {
                path: path.to_owned(),
                source,
            })
        };
        let folder = absolute(self.folder)?;
        let made = absolute(self.target_folder)?.join(name);
        let wit = made.join("wit");
        for (path, text) in world_files(self.kinds, self.capabilities) {
            write(&wit.join(path), &text)?;
        }
        let out = made.join("component.wasm");
        // What an earlier build left must not be taken for what this one made.
        let _ = fs::remove_file(&out);
        match self.language {
            ScriptLanguage::JavaScript => self.javascript(&folder, &made, &out)?,
            ScriptLanguage::Python => self.python(&folder, &made, &out)?,
        }
        fs::read(&out).map_err(|source| ScriptError::File { path: out, source })
    }

    fn javascript(&self, folder: &Path, made: &Path, out: &Path) -> Result<(), ScriptError> {
        let module = folder.join("plugin.js");
        if !module.is_file() {
            return Err(ScriptError::NoModule { path: module });
        }
        // As Node looks for packages: here, then in each folder above.
        let installed = folder
            .ancestors()
            .map(|above| above.join("node_modules").join(JAVASCRIPT_TOOL))
            .find(|tool| tool.join("package.json").is_file())
            .ok_or_else(|| ScriptError::MissingTool {
                tool: JAVASCRIPT_TOOL,
                folder: folder.to_owned(),
                language: self.language,
            })?;
        let mut entry = format!(
            "import * as plugin from {:?};\n{JAVASCRIPT_ENTRY}",
            relative(made, &module)
        );
        for kind in self.kinds {
            let (question, is_list, _) = question(*kind);
            let shape = match kind {
                Kind::Policy => "findings",
                _ if is_list => "list",
                _ => "value",
            };
            let _ = writeln!(
                entry,
                "export const {kind} = {{ {question}: asked({question:?}, {shape}) }};"
            );
        }
        let (entry_file, driver) = (made.join("entry.js"), made.join("driver.mjs"));
        write(&entry_file, &entry)?;
        write(&driver, DRIVER)?;
        // Modules of this folder are what Node calls ES modules, whatever stands above it.
        write(&made.join("package.json"), "{ \"type\": \"module\" }\n")?;
        let program = env::var_os("NODE").map_or_else(|| PathBuf::from("node"), PathBuf::from);
        let mut command = Command::new(&program);
        command
            .arg(&driver)
            .arg(installed)
            .arg(&entry_file)
            .arg(made.join("wit"))
            .arg(WORLD)
            .arg(out)
            .current_dir(folder);
        run(JAVASCRIPT_TOOL, &program, command)
    }

    fn python(&self, folder: &Path, made: &Path, out: &Path) -> Result<(), ScriptError> {
        let module = folder.join("plugin.py");
        if !module.is_file() {
            return Err(ScriptError::NoModule { path: module });
        }
        let mut entry = PYTHON_ENTRY.to_owned();
        for kind in self.kinds {
            let (question, is_list, more) = question(*kind);
            let class = kind.to_string();
            let (first, rest) = class.split_at(1);
            let class = format!("{}{rest}", first.to_uppercase());
            let shape = if is_list { "list" } else { "_same" };
            let mut parameters = String::new();
            for name in more {
                let _ = write!(parameters, ", {name}");
            }
            let _ = write!(
                entry,
                "\n\nclass {class}(exports.{class}):\n    \
                 def {question}(self, release, settings{parameters}):\n        \
                 return _asked({question:?}, {shape}, release, settings{parameters})\n"
            );
        }
        let modules = made.join("entry");
        write(&modules.join("holdpoint_entry.py"), &entry)?;
        let own = folder.join(".venv").join("bin").join(PYTHON_TOOL);
        let in_path = env::var_os("PATH").unwrap_or_default();
        let program = std::iter::once(own)
            .chain(env::split_paths(&in_path).map(|folder| folder.join(PYTHON_TOOL)))
            .find(|program| program.is_file())
            .ok_or_else(|| ScriptError::MissingTool {
                tool: PYTHON_TOOL,
                folder: folder.to_owned(),
                language: self.language,
            })?;
        let mut command = Command::new(&program);
        command
            .args(["--quiet", "--world", WORLD, "--wit-path"])
            .arg(made.join("wit"))
            .args(["componentize", "--stub-wasi"])
            .arg("--python-path")
            .arg(&modules)
            .arg("--python-path")
            .arg(folder)
            .arg("--python-path")
            .arg(folder.join("vendor"))
            .arg("holdpoint_entry")
            .arg("--output")
            .arg(out)
            .current_dir(folder);
        run(PYTHON_TOOL, &program, command)
    }
}

fn run(tool: &'static str, program: &Path, mut command: Command) -> Result<(), ScriptError> {
    let ran = command.stdin(Stdio::null()).output();
    let ran = ran.map_err(|source| ScriptError::Start {
        program: program.display().to_string(),
        source,
    })?;
    if ran.status.success() {
        return Ok(());
    }
    let said = [ran.stdout, ran.stderr].concat();
    Err(ScriptError::Failed {
        tool,
        output: blamed(&String::from_utf8_lossy(&said)),
    })
}

/// What a tool says of the author's module, without the stack of the tool itself.
fn blamed(said: &str) -> String {
    let end = ["\nStack backtrace:", "\n    at "]
        .into_iter()
        .filter_map(|stack| said.find(stack))
        .min();
    said[..end.unwrap_or(said.len())].trim_end().to_owned()
}

fn write(path: &Path, text: &str) -> Result<(), ScriptError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|source| ScriptError::File {
            path: path.to_owned(),
            source,
        })
}

/// The way from a folder to a file, both absolute, as an import has it.
fn relative(from: &Path, to: &Path) -> String {
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut way = "../".repeat(from.len() - shared);
    if way.is_empty() {
        way.push_str("./");
    }
    let rest = to[shared..]
        .iter()
        .map(|part| part.as_os_str().to_string_lossy());
    way.push_str(&rest.collect::<Vec<_>>().join("/"));
    way
}
