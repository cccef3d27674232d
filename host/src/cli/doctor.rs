#![expect(
    clippy::disallowed_methods,
    reason = "the command line owns the environment, and looks what this machine has"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::cache::{CacheArguments, sandbox};
use super::network::ProxyArguments;
use super::record::StoreArguments;
use super::{ExitCode, Failure, Format, Output};
use crate::model::{Digest, Text};
use crate::pipeline::Taking;
use crate::plugin;
use crate::plugin::registry::{Access, Reference, Registry};
use crate::report::Page;
use crate::sandbox::{CodeOrigin, HttpClient};
use crate::store::Cache;

/// What is looked at last: a kind of the cache, and a word that is kept and read again.
const PROBE: &str = "doctor";

/// Looks whether this machine has what Holdpoint needs, and says what to do where it does not
///
/// Ends with 0 where everything that a run needs is in order, else with 2. What only authors of
/// plugins need is said, and is no reason.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint doctor
  holdpoint doctor --plugin oci://registry.example.com/vendor/tickets:2
  holdpoint doctor --format json | jq '.checks[] | select(.state == \"broken\")'")]
pub(super) struct Arguments {
    /// Look also whether this plugin of a registry is there
    #[arg(long, value_name = "REFERENCE")]
    plugin: Option<String>,

    /// Pipeline file that says how its registry is asked
    #[arg(long, value_name = "FILE", requires = "plugin")]
    pipeline: Option<PathBuf>,

    /// Whom the output is for
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: Format,

    #[command(flatten)]
    proxy: ProxyArguments,

    #[command(flatten)]
    store: StoreArguments,

    #[command(flatten)]
    cache: CacheArguments,
}

/// How something is.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// As it should be.
    Ready,
    /// Not there, and needed by some only.
    Missing,
    /// Not there, or not as it should be, and needed by a run.
    Broken,
}

#[derive(Serialize)]
struct Check {
    what: &'static str,
    state: State,
    found: String,
    /// What to do about it; none where there is nothing to do.
    remedy: Option<String>,
}

#[derive(Serialize)]
struct Report {
    version: &'static str,
    checks: Vec<Check>,
}

impl Check {
    fn ready(what: &'static str, found: impl Into<String>) -> Self {
        Self {
            what,
            state: State::Ready,
            found: found.into(),
            remedy: None,
        }
    }

    fn missing(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            what,
            state: State::Missing,
            found: found.into(),
            remedy: Some(remedy.into()),
        }
    }

    fn broken(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state: State::Broken,
            ..Self::missing(what, found, remedy)
        }
    }

    /// A failure of a command, with its own words.
    fn failed(what: &'static str, failure: &Failure) -> Self {
        let remedy = failure.help().unwrap_or_default();
        Self::broken(what, failure.words(), remedy)
    }
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Handle::current();
    let mut checks = vec![
        compiler(),
        cache(arguments),
        runtime.block_on(store(arguments)),
    ];
    let client = arguments.proxy.client();
    if let Err(failure) = &client {
        checks.push(Check::failed("proxy", failure));
    }
    if let (Some(reference), Ok(client)) = (&arguments.plugin, &client) {
        let pipeline = arguments.pipeline.as_deref();
        checks.push(runtime.block_on(registry(reference, pipeline, client)));
    }
    checks.extend(languages());
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        checks,
    };
    let is_broken = report
        .checks
        .iter()
        .any(|check| check.state == State::Broken);
    match output.format {
        Format::Json => output.put_json(&report)?,
        Format::Human => {
            let mut page = output.page();
            human(&mut page, &report, is_broken);
            output.put(page)?;
        }
    }
    Ok(if is_broken {
        ExitCode::USAGE
    } else {
        ExitCode::GO
    })
}

/// Whether a component can be compiled by a process of its own, and how far that one is confined: a
/// standard plugin with a section more, which makes it one that nobody has compiled yet.
fn compiler() -> Check {
    const WHAT: &str = "compiler";
    let Some(name) = plugin::embedded_names().next() else {
        return Check::broken(WHAT, "no standard plugin is in this program", "get it anew");
    };
    let tried = || -> Result<CodeOrigin, Failure> {
        let source = plugin::Source::Embedded(name.to_owned());
        let plugin = plugin::read(&source).map_err(super::plugin::Error::Read)?;
        let mut component = plugin.component.into_owned();
        // A custom section with an empty name (WebAssembly, *Custom Section*).
        component.extend([0, 1, 0]);
        let sandbox = sandbox(Cache::none())?;
        let loaded = sandbox.load_for_cases(&component, Arc::clone(&plugin.manifest))?;
        Ok(loaded.origin())
    };
    match tried() {
        Ok(CodeOrigin::Process(confinement)) if confinement.landlock && confinement.seccomp => {
            Check::ready(
                WHAT,
                format!("components of strangers are compiled within {confinement}"),
            )
        }
        Ok(CodeOrigin::Process(confinement)) => Check::missing(
            WHAT,
            format!("components of strangers are compiled within {confinement} only"),
            "use Linux 5.13 or newer with Landlock and seccomp, where plugins of strangers are run",
        ),
        Ok(CodeOrigin::Program | CodeOrigin::Host) => Check::broken(
            WHAT,
            "no process compiled it",
            "report it with `holdpoint --version`",
        ),
        Err(failure) => Check::failed(WHAT, &failure),
    }
}

/// Whether what is worked out is kept for the next run.
fn cache(arguments: &Arguments) -> Check {
    const WHAT: &str = "cache";
    let cache = arguments.cache.open();
    let key = Digest::of(PROBE.as_bytes());
    cache.write(PROBE, &key, PROBE.as_bytes());
    if cache.read(PROBE, &key).as_deref() == Some(PROBE.as_bytes()) {
        return Check::ready(WHAT, "what is worked out is kept for the next run");
    }
    Check::missing(
        WHAT,
        "nothing is kept, so that every run compiles its plugins anew",
        "set HOME, or name a folder that only this user may write to with HOLDPOINT_CACHE_DIR; -v says \
         what is wrong with the one there is",
    )
}

/// Whether runs can be recorded. Nothing is made.
async fn store(arguments: &Arguments) -> Check {
    const WHAT: &str = "store";
    match arguments.store.open_to_read().await {
        Ok(Some(_)) => Check::ready(WHAT, "runs are recorded"),
        Ok(None) => Check::ready(
            WHAT,
            "no run is recorded yet; the first one makes the store",
        ),
        Err(failure) => Check::failed(WHAT, &failure),
    }
}

/// Whether a plugin of a registry can be had from here.
async fn registry(reference: &str, pipeline: Option<&Path>, client: &HttpClient) -> Check {
    const WHAT: &str = "registry";
    let reference = match reference.parse::<Reference>() {
        Ok(reference) => reference,
        Err(error) => return Check::broken(WHAT, error.to_string(), error.help()),
    };
    let access = match pipeline {
        None => Ok(Access::default()),
        Some(pipeline) => Taking::open(pipeline).and_then(|taking| taking.access(reference.host())),
    };
    let access = match access {
        Ok(access) => access,
        Err(error) => return Check::failed(WHAT, &error.into()),
    };
    let registry = Registry::new(client, reference.host(), &access);
    match registry.find(&reference).await {
        Ok(found) => Check::ready(WHAT, format!("{reference} is {}", found.component)),
        Err(error) => Check::broken(WHAT, error.to_string(), error.help()),
    }
}

/// What plugins are written with.
fn languages() -> Vec<Check> {
    let rust = match said("rustc", &["--version"]) {
        None => Check::missing(
            "rust",
            "not there; plugins in Rust need it",
            "install Rust from https://rustup.rs",
        ),
        Some(version) => {
            let target = [
                "--print",
                "target-libdir",
                "--target",
                "wasm32-unknown-unknown",
            ];
            let folder = said("rustc", &target).map(PathBuf::from);
            if folder.is_some_and(|folder| folder.is_dir()) {
                Check::ready("rust", format!("{version}, with wasm32-unknown-unknown"))
            } else {
                Check::missing(
                    "rust",
                    format!("{version}, without the target of plugins"),
                    "rustup target add wasm32-unknown-unknown",
                )
            }
        }
    };
    let javascript = match said("node", &["--version"]) {
        Some(version) if major(&version) >= 20 => {
            Check::ready("javascript", format!("Node.js {version}"))
        }
        found => Check::missing(
            "javascript",
            found.map_or_else(
                || "Node.js is not there; plugins in JavaScript need it".to_owned(),
                |version| format!("Node.js {version} is too old for plugins in JavaScript"),
            ),
            "install Node.js 20 or newer; `npm install` in the plugin's folder has the rest",
        ),
    };
    let python = match said("python3", &["--version"]) {
        Some(version) => Check::ready("python", version),
        None => Check::missing(
            "python",
            "not there; plugins in Python need it",
            "install Python 3; `pip install` in the plugin's folder has the rest",
        ),
    };
    vec![rust, javascript, python]
}

/// The number before the first dot of a version such as `v20.20.2`.
fn major(version: &str) -> u32 {
    let digits = version.trim_start_matches('v').split('.').next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The first line that a program says; none where it is not there or fails.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    // Not where this was called: a checkout may say there which of several such programs is run.
    let ran = Command::new(program)
        .args(arguments)
        .current_dir("/")
        .env_remove("RUSTUP_TOOLCHAIN")
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|ran| ran.status.success())?;
    let text = String::from_utf8_lossy(&ran.stdout);
    let line = text.lines().next()?.trim();
    Some(Text::from(line).terminal().to_string())
}

fn human(page: &mut Page, report: &Report, is_broken: bool) {
    page.text(0, &format!("holdpoint {}", report.version));
    page.gap();
    for check in &report.checks {
        let (word, color) = match check.state {
            State::Ready => ("ready  ", AnsiColor::Green),
            State::Missing => ("missing", AnsiColor::Yellow),
            State::Broken => ("broken ", AnsiColor::Red),
        };
        let style = Style::new().fg_color(Some(color.into()));
        let words = format!("  {:<10}  {}", check.what, check.found);
        page.led(0, style, word, &words);
        if let Some(remedy) = &check.remedy {
            page.text(9, remedy);
        }
    }
    page.gap();
    page.text(
        0,
        if is_broken {
            "Something that a run needs is not in order."
        } else {
            "Everything that a run needs is in order."
        },
    );
}
