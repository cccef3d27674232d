#![expect(
    clippy::disallowed_methods,
    reason = "cases are read from the folder of the plugin, and expected answers written there"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use holdpoint_build::Manifest;

use super::{BuildOptions, Error, build, new, record, shown};
use crate::cli::cache::{CacheArguments, sandbox};
use crate::cli::{ExitCode, Failure, Output};
use crate::model::{Digest, LogLine, Text};
use crate::plugin::{self, Source};
use crate::release::difference;
use crate::report::Page;
use crate::sandbox::{Case, Loaded, expectation};

/// Bytes of one file of a case at most: a release of some ten thousand commits.
const CASE_BYTES_MAX: u64 = 64 << 20;

/// Lines of one difference that are shown.
const LINES_SHOWN_MAX: usize = 60;

/// Folder of the cases in that of the plugin.
pub(super) const CASES: &str = "cases";

/// Builds a plugin and runs its cases in the real sandbox, with the real limits
///
/// A case is a file cases/NAME.toml with a release, settings and what other systems answer;
/// cases/NAME.expected.json is the answer that the plugin is to give. Nobody is asked anything.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  holdpoint plugin test
  holdpoint plugin test --case draft --update
  holdpoint plugin test --record v1.3.2..v1.4.0 --repo ../payments --pipeline ../holdpoint.toml

Exit codes: 0 every case passes, 1 one differs, 2 there is nothing to test or it cannot be built")]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) build: BuildOptions,

    /// Test this file, and build nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["target_folder", "offline"])]
    built: Option<PathBuf>,

    /// Only this case; may be given more than once
    #[arg(long, value_name = "NAME")]
    case: Vec<String>,

    /// Write down what the plugin answers as what is expected
    #[arg(long)]
    update: bool,

    #[command(flatten)]
    record: record::RecordArguments,

    #[command(flatten)]
    cache: CacheArguments,
}

/// What a case came to.
struct Tried {
    name: String,
    result: Verdict,
    fuel: u64,
    memory_bytes: u64,
    time: Duration,
    log: Vec<LogLine>,
    expected: Option<String>,
    found: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passed,
    Differs,
    Written,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Differs => "differs",
            Self::Written => "written",
        }
    }
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let folder = &arguments.build.folder;
    // What is missing is said before anything is compiled.
    if !arguments.record.is_asked() {
        case_names(folder, &arguments.case)?;
    }
    let file = match &arguments.built {
        Some(file) => file.clone(),
        None => build(&arguments.build, None)?.0,
    };
    let plugin = plugin::read(&Source::Path(file)).map_err(Error::Read)?;
    let sandbox = sandbox(arguments.cache.open())?;
    let loaded = sandbox.load_for_cases(&plugin.component, Arc::clone(&plugin.manifest))?;
    let mut names = arguments.case.clone();
    let mut recorded = None;
    if arguments.record.is_asked() {
        let name = record::record(&arguments.record, folder, &plugin, (&sandbox, &loaded))?;
        names.push(name.clone());
        recorded = Some(name);
    }
    let names = case_names(folder, &names)?;
    let runtime = tokio::runtime::Handle::current();
    let mut tried = Vec::with_capacity(names.len());
    for name in names {
        // What was just recorded is what is expected.
        let is_new = recorded.as_ref() == Some(&name);
        tried.push(runtime.block_on(one(folder, name, &loaded, arguments.update || is_new))?);
    }
    let (differ, code) = match tried
        .iter()
        .filter(|tried| tried.result == Verdict::Differs)
        .count()
    {
        0 => (0, ExitCode::GO),
        differ => (differ, ExitCode::NO_GO),
    };
    match arguments.build.format {
        super::Form::Human => {
            let mut page = output.page();
            human(&mut page, loaded.manifest(), &tried, differ);
            output.put(page)?;
        }
        super::Form::Json => output.put_json(&json(loaded.manifest(), plugin.digest, &tried))?,
    }
    Ok(code)
}

/// The names of the cases in a folder, in order; of the ones that are asked for, where some are.
fn case_names(folder: &Path, asked: &[String]) -> Result<Vec<String>, Error> {
    let cases = folder.join(CASES);
    let unreadable = |source| Error::CaseFile {
        path: shown(&cases),
        source,
    };
    let mut names = Vec::new();
    let entries = match fs::read_dir(&cases) {
        Ok(entries) => Some(entries),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(unreadable(error)),
    };
    for entry in entries.into_iter().flatten() {
        let path = entry.map_err(unreadable)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    if names.is_empty() {
        return Err(Error::NoCases {
            folder: shown(folder),
        });
    }
    if let Some(missing) = asked.iter().find(|name| !names.contains(name)) {
        return Err(Error::NoCase {
            folder: shown(folder),
            name: Text::from(missing.as_str()),
        });
    }
    names.retain(|name| asked.is_empty() || asked.contains(name));
    Ok(names)
}

async fn one(folder: &Path, name: String, loaded: &Loaded, update: bool) -> Result<Tried, Error> {
    let cases = folder.join(CASES);
    let path = cases.join(format!("{name}.toml"));
    let text = read(&path)?;
    let refused = |source| Error::Case {
        path: shown(&path),
        source,
    };
    let case = Case::parse(&text, |file| read(&cases.join(file)))?.map_err(refused)?;
    plugin::check_settings(loaded.manifest(), &case.settings).map_err(|source| {
        Error::CaseSettings {
            path: shown(&path),
            source,
        }
    })?;
    let call = case.call(&loaded.manifest().kinds).map_err(refused)?;
    let record = loaded.for_case(&case).call(call).await;
    let found = expectation(&record.outcome);
    let expectation = cases.join(format!("{name}.expected.json"));
    let expected = if expectation.exists() {
        Some(read(&expectation)?)
    } else {
        None
    };
    let result = match &expected {
        Some(expected) if *expected == found => Verdict::Passed,
        _ if update => {
            new::write(&expectation, &found)?;
            Verdict::Written
        }
        _ => Verdict::Differs,
    };
    Ok(Tried {
        name,
        result,
        fuel: record.fuel,
        memory_bytes: record.memory_bytes,
        time: record.duration,
        log: record.log,
        expected,
        found,
    })
}

/// The text of a file of a case.
fn read(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::CaseFile {
        path: shown(path),
        source,
    };
    let bytes = fs::metadata(path).map_err(failed)?.len();
    if bytes > CASE_BYTES_MAX {
        let words = format!("it has {bytes} bytes, and {CASE_BYTES_MAX} are the most");
        return Err(failed(std::io::Error::other(words)));
    }
    fs::read_to_string(path).map_err(failed)
}

fn human(page: &mut Page, manifest: &Manifest, tried: &[Tried], differ: usize) {
    page.text(0, &format!("{} {}", manifest.name, manifest.version));
    page.gap();
    let widest = tried.iter().map(|tried| tried.name.chars().count());
    let width = widest.max().unwrap_or(0).max(4);
    let row = |name: &str, result: &str, fuel: &str, memory: &str, time: &str| {
        format!("{name:<width$}  {result:<7}  {fuel:>15}  {memory:>10}  {time:>8}")
    };
    page.text(2, &row("case", "result", "fuel", "memory", "time"));
    for one in tried {
        let color = match one.result {
            Verdict::Passed => AnsiColor::Green,
            Verdict::Differs => AnsiColor::Red,
            Verdict::Written => AnsiColor::Yellow,
        };
        let name = format!(
            "{:<width$}",
            Text::from(one.name.as_str()).terminal().to_string()
        );
        let whole = row(
            &name,
            one.result.word(),
            &grouped(one.fuel),
            &format!("{} KiB", grouped(one.memory_bytes >> 10)),
            &format!("{} ms", one.time.as_millis()),
        );
        let (lead, rest) = whole.split_at(name.len() + 9);
        page.led(2, Style::new().fg_color(Some(color.into())), lead, rest);
    }
    for one in tried
        .iter()
        .filter(|tried| tried.result == Verdict::Differs)
    {
        page.gap();
        explain(page, one);
    }
    page.gap();
    let count = tried.len();
    page.text(
        0,
        &match differ {
            0 => format!("{count} of {count} cases pass."),
            _ => format!(
                "{} of {count} cases pass, {differ} differ. Where the new answer is the right one, \
                 write it down with --update.",
                count - differ
            ),
        },
    );
}

/// What is expected and what came, and what the plugin said meanwhile.
fn explain(page: &mut Page, one: &Tried) {
    let name = Text::from(one.name.as_str());
    let words = match &one.expected {
        None => "nothing is expected of it yet; it answers:",
        Some(_) => "expected (-) and found (+):",
    };
    page.text(2, &format!("{}: {words}", name.terminal()));
    let unified = match &one.expected {
        None => Text::from(one.found.as_str()),
        Some(expected) => difference(expected, &one.found).unified,
    };
    for line in unified.raw().lines().take(LINES_SHOWN_MAX) {
        let color = match line.as_bytes().first() {
            Some(b'+') => Some(AnsiColor::Green.into()),
            Some(b'-') => Some(AnsiColor::Red.into()),
            _ => None,
        };
        page.line(4, Style::new().fg_color(color), &Text::from(line));
    }
    let rest = unified
        .raw()
        .lines()
        .count()
        .saturating_sub(LINES_SHOWN_MAX);
    if rest > 0 {
        page.text(4, &format!("… and {rest} more lines"));
    }
    for line in &one.log {
        page.text(4, &format!("log: {}", line.text.terminal()));
    }
}

/// A number with thousands apart.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn json(manifest: &Manifest, digest: Digest, tried: &[Tried]) -> serde_json::Value {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    let cases: Vec<_> = tried
        .iter()
        .map(|tried| {
            serde_json::json!({
                "name": tried.name,
                "result": tried.result.word(),
                "fuel": tried.fuel,
                "memory-bytes": tried.memory_bytes,
                "time-ms": u64::try_from(tried.time.as_millis()).unwrap_or(u64::MAX),
                "expected": tried.expected.as_deref().map(value),
                "found": value(&tried.found),
            })
        })
        .collect();
    serde_json::json!({
        "plugin": manifest.name,
        "version": manifest.version,
        "digest": digest,
        "cases": cases,
    })
}

/// Where the files of a case are.
pub(super) fn case_file(folder: &Path, name: &str, ending: &str) -> PathBuf {
    folder.join(CASES).join(format!("{name}.{ending}"))
}
