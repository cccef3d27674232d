//! The examples of conftest, which nobody here wrote: each call of `conftest test` in its own tests
//! that names files and says what comes of it, run through the plugin. `make conftest` gives the
//! folder of a checkout.

use std::collections::BTreeMap;

use super::*;

/// The environment variable that names the checkout.
const FOLDER: &str = "HOLDPOINT_CONFTEST_CHECKOUT";

/// One of conftest's tests.
struct Case {
    name: String,
    /// The folder in which it runs, relative to the checkout.
    folder: String,
    lines: Vec<String>,
}

/// What a test runs, of the options that the plugin has settings for.
#[derive(Default)]
struct Options {
    policies: Vec<String>,
    data: Vec<String>,
    namespaces: Vec<String>,
    parser: Option<String>,
    version: Option<String>,
    is_combined: bool,
    fails_on_warnings: bool,
    files: Vec<String>,
}

/// What it expects.
#[derive(Default)]
struct Expected {
    status: Option<i32>,
    said: Vec<String>,
    not_said: Vec<String>,
    /// Warnings, failures, exceptions.
    counts: Option<[usize; 3]>,
}

enum Outcome {
    Passed,
    Failed(String),
    /// Why it has no counterpart.
    Elsewhere(&'static str),
}

/// The tests of a file.
fn cases(text: &str, folder: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut current: Option<Case> = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("@test ") {
            let name = rest.trim_end_matches('{').trim().trim_matches(['"', '\'']);
            current = Some(Case {
                name: name.to_owned(),
                folder: folder.to_owned(),
                lines: Vec::new(),
            });
        } else if line == "}" {
            cases.extend(current.take());
        } else if let Some(case) = &mut current {
            match line.trim().strip_prefix("cd ") {
                Some(below) => below.clone_into(&mut case.folder),
                None => case.lines.push(line.trim().to_owned()),
            }
        }
    }
    cases
}

/// The options of a command line, or why the plugin has nothing like them.
fn options(line: &str) -> Result<Options, &'static str> {
    let mut words = line.split_whitespace().skip(1);
    let program = words.next().unwrap_or_default();
    if !program.ends_with("conftest") && program != "$CONFTEST" {
        return Err("is started by a shell");
    }
    let mut options = Options::default();
    let mut has_test = false;
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let (name, mut value) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
            _ => (word, None),
        };
        let mut given = || {
            value
                .take()
                .or_else(|| words.next().map(str::to_owned))
                .unwrap_or_default()
                .trim_matches(['"', '\''])
                .to_owned()
        };
        match name {
            "test" => has_test = true,
            "-p" | "--policy" => options.policies.push(given()),
            "-d" | "--data" => options.data.push(given()),
            "--namespace" => options.namespaces.push(given()),
            "--all-namespaces" => options.namespaces = vec!["*".to_owned()],
            "--parser" => options.parser = Some(given()),
            "--rego-version" => options.version = Some(given()),
            "--combine" => options.is_combined = true,
            "--fail-on-warn" => options.fails_on_warnings = true,
            // How results are shown.
            "--no-color" | "--suppress-exceptions" | "--quiet" => {}
            "-o" | "--output" => return Err("another form of the output"),
            "--trace" => return Err("traces"),
            "--strict" => return Err("the strict mode of OPA's compiler"),
            "--capabilities" => return Err("takes functions away"),
            "--show-builtin-errors" => return Err("errors of functions as such"),
            "--update" => return Err("fetches policies"),
            "-c" | "--config-file" => return Err("conftest's own configuration file"),
            "--proto-file-dirs" => return Err("protocol buffers"),
            "-" => return Err("reads standard input"),
            word if word.starts_with('-') => return Err("another option"),
            "\"\"" => {}
            "verify" | "parse" | "plugin" | "pull" | "doc" | "reformat" | "fmt" => {
                return Err("another command than `test`");
            }
            file => options.files.push(file.to_owned()),
        }
    }
    if has_test {
        Ok(options)
    } else {
        Err("another command than `test`")
    }
}

/// What the lines after the command say.
fn expected(lines: &[String]) -> Expected {
    let mut expected = Expected::default();
    for line in lines {
        let quoted = line.split_once('"').and_then(|(_, rest)| {
            let (_, said) = rest
                .split_once("=~ \"")
                .or_else(|| rest.split_once("= \""))?;
            Some(
                said.rsplit_once('"')?
                    .0
                    .replace("\\\"", "\"")
                    .replace("\\`", "`"),
            )
        });
        if line.contains("$status") {
            let digits = line
                .chars()
                .filter(char::is_ascii_digit)
                .collect::<String>();
            expected.status = digits.parse().ok();
        } else if let Some(said) = quoted {
            if let Some(counts) = counts(&said) {
                expected.counts = Some(counts);
            } else if line.starts_with("[[ !") || line.contains("!=") {
                expected.not_said.push(said);
            } else if line.contains("$output") {
                expected.said.push(said);
            }
        }
    }
    expected
}

/// `5 tests, 4 passed, 1 warning, 0 failures, 0 exceptions`
fn counts(said: &str) -> Option<[usize; 3]> {
    let count = |what: &str| {
        let part = said.split(", ").find(|part| part.contains(what))?;
        part.split(' ').next()?.parse().ok()
    };
    Some([
        count("warning")?,
        count("failure")?,
        count("exception").unwrap_or(0),
    ])
}

/// Runs a case and compares.
fn result(case: &Case, checkout: &Path, scene: &Scene) -> Outcome {
    let Some(line) = case.lines.iter().find(|line| line.starts_with("run ")) else {
        return Outcome::Elsewhere("another command than `test`");
    };
    let options = match options(line) {
        Ok(options) => options,
        Err(why) => return Outcome::Elsewhere(why),
    };
    let expected = expected(&case.lines);
    let folder = checkout.join(&case.folder);
    if folder.join("conftest.toml").is_file() {
        return Outcome::Elsewhere("conftest's own configuration file");
    }
    for file in &options.files {
        if folder.join(file).is_dir() || file.contains('$') {
            return Outcome::Elsewhere("is given a folder of files of other formats");
        }
    }
    let file = scene.context.write(
        "holdpoint.toml",
        scene.pipeline(&table(&options, case, &folder)),
    );
    let ran = scene.run(&file.display().to_string());
    compare(&options, &expected, &ran)
}

/// The plugin's table for these options.
fn table(options: &Options, case: &Case, folder: &Path) -> String {
    let paths = |paths: &[String], without: &[&str]| {
        let paths = if paths.is_empty() {
            without.iter().map(ToString::to_string).collect()
        } else {
            paths.to_vec()
        };
        let paths = paths.iter().map(|path| {
            let path = folder.join(path);
            let end = if path.is_dir() { "/" } else { "" };
            format!(
                "{:?}",
                format!("{}{end}", path.display().to_string().trim_end_matches('/'))
            )
        });
        paths.collect::<Vec<_>>().join(", ")
    };
    let mut table = format!(
        "settings-files.policies = [{}]\n",
        paths(&options.policies, &["policy"])
    );
    if !options.data.is_empty() {
        table += &format!("settings-files.data = [{}]\n", paths(&options.data, &[]));
    }
    if !options.namespaces.is_empty() {
        table += &format!("settings.namespaces = {:?}\n", options.namespaces);
    }
    for (key, value) in [
        ("parser", &options.parser),
        ("rego-version", &options.version),
    ] {
        if let Some(value) = value {
            table += &format!("settings.{key} = {value:?}\n");
        }
    }
    let inputs = options.files.iter().map(|file| match case.folder.as_str() {
        "." => file.clone(),
        folder => format!("{folder}/{file}"),
    });
    let inputs: Vec<String> = inputs.collect();
    table
        + &format!(
            "settings.combine = {}\nsettings.inputs = {inputs:?}\ngrants.tree = [\"examples/\", \"tests/\"]\n",
            options.is_combined
        )
}

fn compare(options: &Options, expected: &Expected, ran: &Ran) -> Outcome {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    // What is wrong with a configuration has no stages.
    let (fault, found) = if report["stages"].is_array() {
        let fault = &report["stages"][0]["plugins"][0]["fault"]["message"];
        (fault.as_str(), findings(&report))
    } else {
        (Some(ran.stdout.trim()), Vec::new())
    };
    if fault.is_some_and(|fault| {
        fault.contains("does not end with .json") || fault.contains("/parser:")
    }) {
        return Outcome::Failed(format!("the format of {:?} is not read", options.files));
    }
    let mut count = BTreeMap::new();
    for (rule, _) in &found {
        *count.entry(rule.trim_start_matches("rego/")).or_insert(0) += 1;
    }
    let count = |rule: &str| count.get(rule).copied().unwrap_or(0);
    let counted = [
        count("warn"),
        count("deny") + count("violation"),
        count("exception"),
    ];
    let has_warned = options.fails_on_warnings && counted[0] > 0;
    let code = if has_warned && ran.code == 0 {
        1
    } else {
        ran.code
    };
    // conftest has one status for what fails and for what cannot be judged.
    let is_refused = fault.is_some()
        && expected.status == Some(1)
        && expected.said.is_empty()
        && expected.counts.is_none();
    let said = found.iter().map(|(_, message)| *message).chain(fault);
    let said = said.collect::<Vec<_>>().join("\n");
    if expected.status.is_some_and(|status| status != code) && !is_refused {
        let why = fault.map_or_else(|| format!("findings: {said}"), str::to_owned);
        return Outcome::Failed(format!(
            "exit {} instead of {:?}: {why}",
            ran.code, expected.status
        ));
    }
    if let Some(missing) = expected.said.iter().find(|words| !said.contains(*words)) {
        return Outcome::Failed(format!("nothing says {missing:?}: {said}"));
    }
    if let Some(words) = expected.not_said.iter().find(|words| said.contains(*words)) {
        return Outcome::Failed(format!("{words:?} is said: {said}"));
    }
    match expected.counts {
        Some(expected) if expected != counted => Outcome::Failed(format!(
            "warnings, failures and exceptions are {counted:?} instead of {expected:?}: {said}"
        )),
        _ => Outcome::Passed,
    }
}

/// A repository with the files of the checkout that are judged.
fn scene(checkout: &Path) -> Scene {
    let scene = Scene::new();
    for folder in ["examples", "tests"] {
        let copied = Command::new("cp")
            .args([
                "-R".as_ref(),
                checkout.join(folder).as_os_str(),
                scene.repository.path().as_os_str(),
            ])
            .status();
        assert!(
            copied.is_ok_and(|status| status.success()),
            "{folder} cannot be copied"
        );
    }
    scene.repository.git(["add", "--all", "--force"]);
    scene.repository.commit("test: what conftest judges");
    scene
}

#[test]
#[ignore = "needs a checkout: make conftest CHECKOUT=FOLDER"]
fn examples_of_a_named_checkout() {
    let checkout = std::env::var_os(FOLDER)
        .unwrap_or_else(|| panic!("name a checkout: make conftest CHECKOUT=FOLDER"));
    let checkout = Path::new(&checkout);
    let read = |path: &Path| {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let mut all = cases(&read(&checkout.join("acceptance.bats")), ".");
    let mut folders: Vec<PathBuf> = fs::read_dir(checkout.join("tests"))
        .expect("the folder tests")
        .map(|entry| entry.expect("an entry").path())
        .filter(|folder| folder.join("test.bats").is_file())
        .collect();
    folders.sort();
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        all.extend(cases(
            &read(&folder.join("test.bats")),
            &format!("tests/{name}"),
        ));
    }
    let scene = scene(checkout);
    let (mut passed, mut failed) = (0, 0);
    let mut elsewhere: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &all {
        match result(case, checkout, &scene) {
            Outcome::Passed => passed += 1,
            Outcome::Failed(why) => {
                failed += 1;
                println!(
                    "FAILED {} ({})\n  {}",
                    case.name,
                    case.folder,
                    why.replace('\n', "\n  ")
                );
            }
            Outcome::Elsewhere(why) => *elsewhere.entry(why).or_default() += 1,
        }
    }
    for example in fs::read_dir(checkout.join("examples")).expect("the folder examples") {
        let example = example.expect("an entry");
        if example.path().is_file() {
            continue;
        }
        let name = example.file_name();
        let path = format!("examples/{}/", name.to_string_lossy());
        let is_named = |case: &Case| case.lines.iter().any(|line| line.contains(&path));
        if !all.iter().any(is_named) {
            println!("no test names {path}");
        }
    }
    for (why, count) in elsewhere {
        println!("{count:>3} tests have no counterpart: {why}");
    }
    println!("{passed} of {} pass", passed + failed);
    assert!(passed > 0, "nothing was compared");
}
