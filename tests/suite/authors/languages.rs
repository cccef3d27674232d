//! The same policy in JavaScript and Python, with the tools of these languages.

use super::*;

/// Where `make test` has put the tools.
pub(super) fn tools() -> PathBuf {
    let unpacked = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(unpacked, PathBuf::from);
    target.join("tools")
}

#[track_caller]
pub(super) fn tool(path: &str) -> PathBuf {
    let found = tools().join(path);
    assert!(
        found.exists(),
        "{path} is missing: run `make test`, which installs the tools for plugins in JavaScript and \
         Python"
    );
    found
}

/// The case of `tests/cases/own-policy` in an empty folder, to its end: the release is stopped.
pub(super) fn own_policy(context: &Context, language: &str, folder: &Path, tools: &Path) -> Ran {
    let holdpoint = context.command(context.path()).get_program().to_owned();
    let holdpoint = Path::new(&holdpoint).parent().expect("its folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(holdpoint.to_owned()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(path).expect("a PATH");
    let as_usual = context.command_with_compiler(context.path());
    let environment = as_usual
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let mut case = Command::new(root().join("tests/cases/own-policy/run"));
    case.env_clear()
        .envs(environment)
        .env("PATH", path)
        .env("TOOLS", fs::canonicalize(tools).expect("the tools"))
        // Cargo says so at once where something would have to be fetched.
        .env("CARGO_NET_OFFLINE", "true")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Ada Author")
        .env("GIT_AUTHOR_EMAIL", "ada@example.com")
        .env("GIT_COMMITTER_NAME", "Ada Author")
        .env("GIT_COMMITTER_EMAIL", "ada@example.com")
        .arg(language)
        .arg(folder);
    let ran = Ran::of(case.output()).expect_code(1);
    assert!(ran.stdout.contains("3 of 3 cases pass."), "{}", ran.stdout);
    let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "no-drafts/draft",
        "“WIP try another bank” is a draft.",
        "Verdict: no-go.",
    ] {
        assert!(words.contains(said), "{words}");
    }
    ran
}

/// The same with the tools that `make test` has installed: the folder of the plugin.
fn own_policy_of_script(language: &str) -> (Context, PathBuf) {
    let context = Context::new();
    let folder = context.path().join("begin");
    fs::create_dir(&folder).expect("a folder");
    own_policy(&context, language, &folder, &tools());
    (context, folder.join("no-drafts"))
}

/// The kinds whose examples are modules of the plugin of every kind.
pub(super) const OTHER_KINDS: [&str; 6] =
    ["risk", "resource", "document", "notify", "action", "verify"];

/// One plugin with every kind and every capability, which is built once: the examples of the other
/// kinds pass their cases in it, and what else it answers is what comes back.
fn every_kind(context: &Context, plugin: &Path, language: &str) -> Value {
    let (ending, source) = match language {
        "javascript" => ("js", include_str!("every_kind/plugin.js")),
        _ => ("py", include_str!("every_kind/plugin.py")),
    };
    let module = format!("plugin.{ending}");
    fs::write(plugin.join(&module), source).expect("the module");
    let path = plugin.join("plugin.toml");
    let text = fs::read_to_string(&path).expect("plugin.toml");
    let all = format!("[\"policy\", \"{}\"]", OTHER_KINDS.join("\", \""));
    let mut text = text.replace("[\"policy\"]", &all);
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
    // Each example has settings of its own.
    let schema = plugin.join("settings.schema.json");
    fs::write(schema, "{ \"type\": \"object\" }\n").expect("the schema");
    let cases = plugin.join("cases");
    fs::remove_dir_all(&cases).expect("the cases");
    fs::create_dir(&cases).expect("a folder");
    let mut examples = Vec::new();
    for kind in OTHER_KINDS {
        let new = ["plugin", "new", kind, "--lang", language, "--kind", kind];
        ran(context, context.path(), &new).expect_code(0);
        let example = context.path().join(kind);
        let named = plugin.join(format!("{kind}_example.{ending}"));
        fs::copy(example.join(&module), named).expect("the module");
        for case in fs::read_dir(example.join("cases")).expect("the cases") {
            let case = case.expect("a case").path();
            let text = fs::read_to_string(&case).expect("a case");
            let name = case.file_name().expect("a name").to_string_lossy();
            let name = format!("{kind}-{name}");
            let of_kind = match name.strip_suffix(".toml") {
                Some(case) => {
                    examples.push(case.to_owned());
                    format!("kind = \"{kind}\"\n{text}")
                }
                None => text,
            };
            fs::write(cases.join(name), of_kind).expect("the case");
        }
    }
    let case = include_str!("every_kind/case.toml");
    let others = OTHER_KINDS.map(|kind| (kind, kind, "none"));
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
    let results = results(&report).into_iter();
    let mut passed: Vec<_> = results
        .filter(|(_, result)| *result == "passed")
        .map(|(name, _)| name)
        .collect();
    passed.sort_unstable();
    examples.sort_unstable();
    assert_eq!(passed, examples);
    let answers = report["cases"].as_array().expect("cases").iter();
    answers
        .filter(|answer| answer["result"] != "passed")
        .map(|answer| {
            let name = answer["name"].as_str().expect("a name").to_owned();
            (name, answer["found"].clone())
        })
        .collect()
}

#[test]
fn a_policy_in_javascript_blocks() {
    tool("javascript/node_modules/@bytecodealliance/componentize-js/package.json");
    let (context, plugin) = own_policy_of_script("javascript");
    insta::assert_json_snapshot!(every_kind(&context, &plugin, "javascript"));
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
    let (context, plugin) = own_policy_of_script("python");
    insta::assert_json_snapshot!(every_kind(&context, &plugin, "python"));
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

#[test]
fn the_page_of_the_languages_shows_what_a_new_plugin_has() {
    let page = fs::read_to_string(root().join("host/docs/languages.md")).expect("the page");
    for module in ["lib.rs", "plugin.js", "plugin.py"] {
        let path = root().join("host/templates/policy").join(module);
        let text = fs::read_to_string(path).expect("the example");
        assert!(page.contains(&format!("\n{text}```\n")), "{module} differs");
    }
}
