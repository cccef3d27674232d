//! Policies with the conventions of conftest: which rules count, what their results mean, and what
//! takes them away.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use globset::{Glob, GlobMatcher};
use holdpoint_sdk::{Fault, Finding, Timestamp, log};
use regorus::{Engine, Value};

use crate::parse::yaml;
use crate::{RegoVersion, Settings};

/// The policies of the settings, read.
pub(crate) struct Policies {
    engine: Engine,
    data: Value,
    packages: Vec<Package>,
}

/// A package whose rules count.
struct Package {
    /// As Rego writes it, without `data.`.
    name: String,
    rules: Vec<String>,
    /// Rules that look like ones that count, and do not.
    misnamed: Vec<String>,
    has_exceptions: bool,
}

/// What a result of a rule is, by the name of the rule.
#[derive(Clone, Copy)]
enum Kind {
    Deny,
    Violation,
    Warn,
}

impl Kind {
    /// The kind of a rule, and its name without that of the kind; none for a rule that does not
    /// count. As conftest has it: `deny`, `deny_this`, `deny_this_too`.
    fn of(rule: &str) -> Option<(Self, &str)> {
        let (first, rest) = rule.split_once('_').unwrap_or((rule, ""));
        let kind = match first {
            "deny" => Self::Deny,
            "violation" => Self::Violation,
            "warn" => Self::Warn,
            _ => return None,
        };
        let is_plain =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (rule == first || rest.split('_').all(is_plain)).then_some((kind, rest))
    }

    /// The rule of the manifest.
    fn id(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Violation => "violation",
            Self::Warn => "warn",
        }
    }
}

/// Whether a rule begins like one that counts and is none, such as `deny_` and `deny_no__root`.
fn is_misnamed(rule: &str) -> bool {
    Kind::of(rule).is_none()
        && ["deny_", "violation_", "warn_"]
            .iter()
            .any(|first| rule.starts_with(first))
}

impl Policies {
    /// Reads the policies and the data of the settings. Policies without a rule that counts are a
    /// fault: they would let everything pass.
    pub(crate) fn load(settings: &Settings, now: Timestamp) -> Result<Self, Fault> {
        let mut engine = Engine::new();
        engine.set_rego_v0(settings.rego_version == RegoVersion::V0);
        // As in OPA: a function that fails is undefined.
        engine.set_strict_builtin_errors(false);
        engine.set_gather_prints(true);
        // Extensions come before what is built in.
        let now = Value::from(i128::from(now) * 1_000_000_000);
        engine
            .add_extension(
                "time.now_ns".to_owned(),
                0,
                Box::new(move |_: Vec<Value>| anyhow::Ok(now.clone())),
            )
            .map_err(|error| Fault::internal(error.to_string()))?;

        let policies = settings.policies.named("policy", &[".rego"]);
        if policies.is_empty() {
            return Err(Fault::settings(
                "there is no policy: name files that end with .rego for `policies` in `settings-files`",
            ));
        }
        for (name, text) in &policies {
            engine
                .add_policy(name.clone(), (*text).to_owned())
                .map_err(|error| Fault::settings(words(&error)))?;
        }
        let packages = packages(&engine, &policies)?;
        let mut policies = Self {
            engine,
            data: Value::new_object(),
            packages: chosen(packages, &settings.namespaces)?,
        };
        for (name, text) in settings.data.named("data", &[".json", ".yaml", ".yml"]) {
            let refused = |error| Fault::settings(format!("`{name}` cannot be read: {error}"));
            for document in yaml(text).map_err(refused)? {
                policies
                    .engine
                    .add_data(document)
                    .map_err(|error| refused(words(&error)))?;
            }
        }
        policies.data = policies.engine.get_data();
        Ok(policies)
    }

    /// Adds a document below `data`, at a path of two names.
    pub(crate) fn add_data(&mut self, path: [&str; 2], document: Value) -> Result<(), Fault> {
        self.engine
            .add_data(nested(path, document))
            .map_err(|error| Fault::settings(words(&error)))?;
        self.data = self.engine.get_data();
        Ok(())
    }

    /// What the policies say about a document, which a file has or which stands for the release.
    pub(crate) fn judge(
        &mut self,
        document: Value,
        path: Option<&str>,
    ) -> Result<Vec<Finding>, Fault> {
        if let Some(path) = path {
            self.tell_file(path)?;
        }
        self.engine.set_input(document);
        let mut findings = Vec::new();
        for index in 0..self.packages.len() {
            let package = self.packages[index].name.clone();
            let exceptions = if self.packages[index].has_exceptions {
                self.value(&format!("{package}.exception"))?
            } else {
                Value::Undefined
            };
            for rule in self.packages[index].rules.clone() {
                let Some((kind, name)) = Kind::of(&rule) else {
                    continue;
                };
                let rule = format!("{package}.{rule}");
                if is_excepted(&exceptions, name) {
                    let message = format!("An exception takes `{rule}` away.");
                    findings.push(placed(Finding::new("exception", message), path));
                    continue;
                }
                let value = self.value(&rule)?;
                for result in results(&value, &rule)? {
                    findings.push(finding(kind, result, &rule, path)?);
                }
            }
        }
        Ok(findings)
    }

    /// `data.conftest.file`, as conftest has it.
    fn tell_file(&mut self, path: &str) -> Result<(), Fault> {
        let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
        let file = serde_json::json!({ "name": name, "dir": folder });
        self.engine.clear_data();
        self.engine
            .add_data(self.data.clone())
            .and_then(|()| {
                let file = nested(["conftest", "file"], Value::from(file));
                self.engine.add_data(file)
            })
            .map_err(|error| Fault::settings(words(&error)))
    }

    fn value(&mut self, rule: &str) -> Result<Value, Fault> {
        let value = self.engine.eval_rule(format!("data.{rule}"));
        for line in self.engine.take_prints().unwrap_or_default() {
            log::info(line);
        }
        value.map_err(|error| Fault::malformed(format!("`{rule}`: {}", words(&error))))
    }
}

/// The packages of the policies, with the rules that count.
fn packages(
    engine: &Engine,
    policies: &[(String, &str)],
) -> Result<BTreeMap<String, Package>, Fault> {
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    let components = engine
        .get_policy_package_components()
        .map_err(|error| Fault::settings(words(&error)))?;
    for (module, (file, text)) in components.into_iter().zip(policies) {
        let name = path(&module.components);
        let package = match packages.entry(name.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Package {
                name,
                rules: Vec::new(),
                misnamed: Vec::new(),
                has_exceptions: false,
            }),
        };
        let declares = |rule: &str| {
            engine
                .has_declared_rule_rooted_at(file, rule)
                .map_err(|error| Fault::settings(words(&error)))
        };
        package.has_exceptions |= declares("exception")?;
        // Every word that could be the name of such a rule; the parser knows which is.
        let mut candidates: Vec<&str> = text
            .split(|character: char| character != '_' && !character.is_ascii_alphanumeric())
            .filter(|word| Kind::of(word).is_some() || is_misnamed(word))
            .collect();
        candidates.sort_unstable();
        candidates.dedup();
        for rule in candidates {
            let known = if is_misnamed(rule) {
                &mut package.misnamed
            } else {
                &mut package.rules
            };
            if !known.iter().any(|known| known == rule) && declares(rule)? {
                known.push(rule.to_owned());
            }
        }
    }
    Ok(packages)
}

/// The name of a package, as Rego writes it.
fn path(components: &[String]) -> String {
    let mut path = String::new();
    for component in components {
        let is_word = component
            .bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
            && !component.starts_with(|first: char| first.is_ascii_digit());
        if !is_word {
            path.push_str(&format!("[{}]", Value::from(component.as_str())));
        } else if path.is_empty() {
            path.push_str(component);
        } else {
            path.push_str(&format!(".{component}"));
        }
    }
    path
}

/// The packages that the operator chose. Each choice must find a rule: with a name that is written
/// wrong, nothing would be checked. None may have a rule that only looks like one that counts.
fn chosen(
    mut packages: BTreeMap<String, Package>,
    namespaces: &[String],
) -> Result<Vec<Package>, Fault> {
    let known: Vec<String> = packages.keys().map(|name| format!("`{name}`")).collect();
    let known = known.join(", ");
    let mut counts: Vec<String> = Vec::new();
    for namespace in namespaces {
        let matcher = pattern(namespace)?;
        for package in packages.values() {
            if let (Some(rule), true) = (package.misnamed.first(), matcher.is_match(&package.name))
            {
                return Err(Fault::settings(format!(
                    "`{}.{rule}` looks like a rule that counts and would not be checked: letters and digits follow each `_` of such a name; give it another",
                    package.name
                )));
            }
        }
        let found = packages
            .values()
            .filter(|package| !package.rules.is_empty() && matcher.is_match(&package.name));
        let before = counts.len();
        counts.extend(found.map(|package| package.name.clone()));
        if counts.len() == before {
            return Err(Fault::settings(format!(
                "no package that fits `{namespace}` of `namespaces` has a rule that begins with `deny`, `violation` or `warn`, so that nothing would be checked; the packages of the policies are {known}"
            )));
        }
    }
    counts.sort();
    counts.dedup();
    Ok(counts
        .iter()
        .filter_map(|name| packages.remove(name))
        .collect())
}

fn pattern(namespace: &str) -> Result<GlobMatcher, Fault> {
    let glob = Glob::new(namespace)
        .map_err(|error| Fault::settings(format!("`{namespace}` of `namespaces`: {error}")))?;
    Ok(glob.compile_matcher())
}

/// The members of a set or a list, or the values of an object.
fn members(value: &Value) -> Vec<&Value> {
    match value {
        Value::Set(items) => items.iter().collect(),
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => members.iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    }
}

/// What conftest asks with `exception[_][_] == "name"`.
fn is_excepted(exceptions: &Value, name: &str) -> bool {
    let name = Value::from(name);
    members(exceptions)
        .into_iter()
        .flat_map(members)
        .any(|excepted| *excepted == name)
}

/// The results of a rule, which has none where it is not defined. What is neither a set nor a list is
/// a fault: conftest would let it pass whatever it is.
fn results<'v>(value: &'v Value, rule: &str) -> Result<Vec<&'v Value>, Fault> {
    match value {
        Value::Undefined => Ok(Vec::new()),
        Value::Set(_) | Value::Array(_) => Ok(members(value)),
        value => Err(Fault::malformed(format!(
            "`{rule}` is {}, where a set of messages is expected: write `contains message if` in its head",
            called(value)
        ))),
    }
}

fn called(value: &Value) -> &'static str {
    match value {
        Value::Undefined => "nothing",
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Set(_) => "a set",
        Value::Object(_) => "an object",
    }
}

/// A result as a finding: a text is its message, an object has it in `msg` and the place in `_loc`.
fn finding(kind: Kind, result: &Value, rule: &str, path: Option<&str>) -> Result<Finding, Fault> {
    let refused = || {
        Fault::malformed(format!(
            "`{rule}` has {} as a result, where a text, or an object with a text in `msg`, is expected",
            called(result)
        ))
    };
    if let Value::String(message) = result {
        let finding = Finding::new(kind.id(), format!("{message} ({rule})"));
        return Ok(placed(finding, path));
    }
    let mut rest: serde_json::Map<String, serde_json::Value> = serde_json::to_value(result)
        .and_then(serde_json::from_value)
        .map_err(|_| refused())?;
    let Some(serde_json::Value::String(message)) = rest.remove("msg") else {
        return Err(refused());
    };
    let place = rest.remove("_loc").unwrap_or_default();
    let mut finding = placed(Finding::new(kind.id(), format!("{message} ({rule})")), path);
    if let Some(file) = place["file"].as_str().or(path) {
        let line = place["line"].as_u64();
        finding = match line.and_then(|line| u32::try_from(line).ok()) {
            Some(line) => finding.at_line(file, line),
            None => finding.at_file(file),
        };
    }
    if !rest.is_empty() {
        finding = finding.help(format!(
            "The policy adds: {}",
            serde_json::Value::Object(rest)
        ));
    }
    Ok(finding)
}

fn placed(finding: Finding, path: Option<&str>) -> Finding {
    match path {
        Some(path) => finding.at_file(path),
        None => finding,
    }
}

fn nested([first, second]: [&str; 2], document: Value) -> Value {
    [second, first].into_iter().fold(document, |inner, name| {
        Value::from(BTreeMap::from([(Value::from(name), inner)]))
    })
}

/// What regorus says, on one line: the place, and what is wrong there. Between the two it shows the
/// line.
fn words(error: &anyhow::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim);
    let place = lines.clone().find_map(|line| line.strip_prefix("--> "));
    let what = lines.clone().find_map(|line| line.strip_prefix("error: "));
    match (place, what) {
        (Some(place), Some(what)) => format!("{place}: {what}"),
        _ => text.trim().to_owned(),
    }
}
