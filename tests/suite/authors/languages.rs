//! The same policy in JavaScript and Python, with the tools of these languages.

use super::*;

/// Where `make test` has put the tools.
fn tools() -> PathBuf {
    let unpacked = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(unpacked, PathBuf::from);
    target.join("tools")
}

#[track_caller]
fn tool(path: &str) -> PathBuf {
    let found = tools().join(path);
    assert!(
        found.exists(),
        "{path} is missing: run `make test`, which installs the tools for plugins in JavaScript and \
         Python"
    );
    found
}

/// The case of `tests/cases/own-policy`, to its end: the release is stopped.
fn own_policy(language: &str) -> (Context, PathBuf) {
    let context = Context::new();
    let folder = context.path().join("begin");
    fs::create_dir(&folder).expect("a folder");
    let binary = context.command(context.path()).get_program().to_owned();
    let binary = Path::new(&binary)
        .parent()
        .expect("the folder of the binary");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(
        [binary.to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&path)),
    );
    let mut case = context.command_with_compiler(context.path());
    let environment: Vec<_> = case
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    case = Command::new(root().join("tests/cases/own-policy/run"));
    case.env_clear()
        .envs(environment)
        .env("PATH", path.expect("a PATH"))
        .env("TOOLS", fs::canonicalize(tools()).expect("the tools"))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Ada Author")
        .env("GIT_AUTHOR_EMAIL", "ada@example.com")
        .env("GIT_COMMITTER_NAME", "Ada Author")
        .env("GIT_COMMITTER_EMAIL", "ada@example.com")
        .arg(language)
        .arg(&folder);
    let ran = Ran::of(case.output()).expect_code(1);
    assert!(ran.stdout.contains("3 of 3 cases pass."), "{}", ran.stdout);
    let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("“WIP try another bank” is a draft."),
        "{words}"
    );
    assert!(words.contains("Verdict: no-go."), "{words}");
    (context, folder.join("no-drafts"))
}

/// The same plugin with every kind and every capability: what each of its answers is.
fn every_kind(context: &Context, plugin: &Path, module: &str, source: &str) -> Value {
    fs::write(plugin.join(module), source).expect("the module");
    let path = plugin.join("plugin.toml");
    let text = fs::read_to_string(&path).expect("plugin.toml");
    let all =
        "[\"policy\", \"risk\", \"resource\", \"document\", \"notify\", \"action\", \"verify\"]";
    let mut text = text.replace("[\"policy\"]", all);
    for capability in [
        "changes",
        "artifacts",
        "evidence",
        "history",
        "tree",
        "http",
        "secrets",
    ] {
        text.push_str(capability);
        text.push_str(" = \"to be tried\"\n");
    }
    fs::write(&path, text).expect("plugin.toml");
    let cases = plugin.join("cases");
    fs::remove_dir_all(&cases).expect("the cases");
    fs::create_dir(&cases).expect("a folder");
    let case = include_str!("every_kind/case.toml");
    let kinds = ["risk", "resource", "document", "notify", "action", "verify"];
    let others = kinds.map(|kind| (kind, kind, "none"));
    // What is no list is a fault, and never an empty one.
    let no_list = ["promise", "generator", "object", "text", "nothing"];
    let policy = ["none", "fault", "error"].into_iter().chain(no_list);
    let policy = policy.map(|prefix| (prefix, "policy", prefix));
    for (name, kind, prefix) in others.into_iter().chain(policy) {
        let text = case.replace("KIND", kind).replace("PREFIX", prefix);
        fs::write(cases.join(name).with_extension("toml"), text).expect("the case");
    }
    let tried = ["plugin", "test", "--update", "--format", "json"];
    let report = ran(context, plugin, &tried).expect_code(0).json();
    let answers = report["cases"].as_array().expect("cases").iter();
    answers
        .map(|answer| {
            let name = answer["name"].as_str().expect("a name").to_owned();
            (name, answer["found"].clone())
        })
        .collect()
}

#[test]
fn a_policy_in_javascript_blocks() {
    tool("javascript/node_modules/@bytecodealliance/componentize-js/package.json");
    let (context, plugin) = own_policy("javascript");
    let source = include_str!("every_kind/plugin.js");
    insta::assert_json_snapshot!(every_kind(&context, &plugin, "plugin.js", source));
    fs::write(plugin.join("plugin.js"), "export function check( {}\n").expect("the module");
    let broken = ran(&context, &plugin, &["plugin", "build"]).expect_code(2);
    let said = "componentize-js failed";
    assert!(broken.stderr.contains(said), "{}", broken.stderr);
    fs::remove_file(plugin.join("node_modules")).expect("the link");
    let missing = ran(&context, &plugin, &["plugin", "build"]).expect_code(2);
    assert!(missing.stderr.contains("npm install"), "{}", missing.stderr);
}

#[test]
fn a_policy_in_python_blocks() {
    tool("python/bin/componentize-py");
    let (context, plugin) = own_policy("python");
    let source = include_str!("every_kind/plugin.py");
    insta::assert_json_snapshot!(every_kind(&context, &plugin, "plugin.py", source));
    fs::write(plugin.join("plugin.py"), "def check(:\n").expect("the module");
    let broken = ran(&context, &plugin, &["plugin", "build"]).expect_code(2);
    assert!(broken.stderr.contains("SyntaxError"), "{}", broken.stderr);
    fs::remove_file(plugin.join(".venv")).expect("the link");
    let missing = ran(&context, &plugin, &["plugin", "build"]).expect_code(2);
    assert!(missing.stderr.contains("pip install"), "{}", missing.stderr);
}

#[test]
fn what_is_not_there_in_a_language_is_said() {
    let context = Context::new();
    let new = |arguments: &[&str]| {
        let arguments = [&["plugin", "new", "no-drafts"], arguments].concat();
        ran(&context, context.path(), &arguments).expect_code(2)
    };
    let none = new(&["--lang", "python", "--kind", "verify"]);
    assert!(
        none.stderr
            .contains("no example of the kind verify in python"),
        "{}",
        none.stderr
    );
    let unknown = new(&["--lang", "perl"]);
    assert!(
        unknown.stderr.contains("rust, javascript, python"),
        "{}",
        unknown.stderr
    );
    ran(
        &context,
        context.path(),
        &["plugin", "new", "empty", "--lang", "javascript"],
    )
    .expect_code(0);
    let plugin = context.path().join("empty");
    let text = fs::read_to_string(plugin.join("plugin.toml")).expect("plugin.toml");
    let other = format!("target = \"wasm32-wasip2\"\n{text}");
    fs::write(plugin.join("plugin.toml"), other).expect("plugin.toml");
    let refused = ran(&context, &plugin, &["plugin", "build"]).expect_code(2);
    assert!(
        refused.stderr.contains("`target` is for plugins in Rust"),
        "{}",
        refused.stderr
    );
    fs::write(plugin.join("plugin.toml"), text).expect("plugin.toml");
    fs::remove_file(plugin.join("plugin.js")).expect("the module");
    let missing = ran(&context, &plugin, &["plugin", "build"]).expect_code(2);
    assert!(
        missing.stderr.contains("plugin.js is missing"),
        "{}",
        missing.stderr
    );
}
