//! Where policies come from, and the files that they judge.

use super::*;

const DENY: &str = "package main\ndeny contains \"no\"\n";
const PASS: &str = "package main\ndeny contains \"no\" if false\n";

#[test]
fn policies_are_read_from_the_ref_of_the_pipeline() {
    let scene = Scene::new();
    let pipeline = scene.pipeline("settings-files.policies = \"ci/policy/\"");
    scene.repository.write("ci/holdpoint.toml", pipeline);
    scene.repository.write("ci/policy/deep/main.rego", DENY);
    scene.repository.commit("ci: add policies");
    scene.repository.git(["branch", "rules"]);
    // What the change says does not count.
    scene
        .repository
        .commit_file("ci/policy/deep/main.rego", PASS, "fix: pass");
    scene.run("rules:ci/holdpoint.toml").expect_code(1);
}

#[test]
fn policies_of_the_checkout_are_not_trusted() {
    let scene = Scene::new();
    scene.repository.write("policy/main.rego", PASS);
    let folder = scene.repository.path().join("policy/");
    let table = format!("settings-files.policies = {:?}", folder.join(""));
    let file = scene
        .context
        .write("holdpoint.toml", scene.pipeline(&table));
    let ran = scene.run(&file.display().to_string()).expect_code(2);
    assert_eq!(ran.json()["verdict"], "go");
}

#[test]
fn folders_that_are_missing_or_empty_or_too_full_are_refused() {
    let scene = Scene::new();
    std::fs::create_dir_all(scene.context.path().join("empty/deeper")).expect("a folder");
    for number in 0..=holdpoint::pipeline::SETTINGS_FILES_MAX {
        scene.context.write(&format!("full/{number}.rego"), DENY);
    }
    for (folder, words) in [
        ("none/", "none"),
        ("empty/", "there is no file in empty/"),
        ("full/", "more than 256 files of settings"),
    ] {
        let table = format!("settings-files.policies = {folder:?}");
        let file = scene
            .context
            .write("holdpoint.toml", scene.pipeline(&table));
        let ran = scene.run(&file.display().to_string()).expect_code(2);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(words), "{folder}: {said}");
    }
}

#[test]
fn a_folder_has_the_texts_by_their_paths() {
    let scene = Scene::new();
    scene.context.write("data/ports.yaml", "ports: [22]\n");
    scene
        .context
        .write("data/names.json", r#"{"names": ["a"]}"#);
    scene.context.write("data/README.md", "# no data\n");
    let policy = "package main\nwarn contains sprintf(\"%v %v\", [data.ports, data.names])\n";
    let ran = scene.judge(&[("main.rego", policy)], "settings-files.data = \"data/\"");
    let report = ran.expect_code(0).json();
    assert_eq!(
        findings(&report),
        [("rego/warn", "[22] [\"a\"] (main.warn)")]
    );
}

/// A policy about files: it denies what is called `bad`.
const NAMES: &str = "package main\ndeny contains msg if {\n  input.name == \"bad\"\n  \
                     msg := sprintf(\"%s in %s of %s\", [input.name, data.conftest.file.name, data.holdpoint.release.subject.project])\n}\n";

fn judge_files(files: &[(&str, &str)], table: &str) -> Ran {
    let scene = Scene::new();
    for (path, text) in files {
        scene.repository.write(path, text);
    }
    scene.repository.commit("feat: deploy");
    scene.judge(
        &[("main.rego", NAMES)],
        &format!("grants.tree = [\"deploy/\"]\n{table}"),
    )
}

#[test]
fn files_of_the_judged_commit_are_judged_one_after_the_other() {
    let files = [
        ("deploy/a.yaml", "name: good\n---\nname: bad\n"),
        ("deploy/deep/b.json", r#"{"name": "bad"}"#),
        ("deploy/deep/c.toml", "name = \"bad\"\nday = 2026-01-01\n"),
        ("deploy/list.yml", "- name: bad\n- name: good\n"),
        (
            "deploy/tagged.yaml",
            "base: &base { name: bad }\nother: !Ref x\n<<: *base\n",
        ),
        ("deploy/notes.txt", "name: bad"),
    ];
    let ran = judge_files(
        &files,
        "settings.inputs = [\"deploy/**/*.{yaml,yml,json,toml}\"]",
    );
    let report = ran.expect_code(1).json();
    let messages: Vec<_> = findings(&report)
        .iter()
        .map(|(_, message)| *message)
        .collect();
    let mut expected: Vec<String> = ["a.yaml", "b.json", "c.toml", "list.yml", "tagged.yaml"]
        .map(|name| format!("bad in {name} of payments (main.deny)"))
        .to_vec();
    expected.sort();
    let mut sorted = messages.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    let finding = report["stages"][0]["findings"][0].to_string();
    assert!(finding.contains("deploy/a.yaml"), "{finding}");
}

#[test]
fn files_that_cannot_be_judged_are_a_fault() {
    for (file, text, inputs, words) in [
        (
            "deploy/a.yaml",
            "a: [",
            "deploy/*.yaml",
            "`deploy/a.yaml` cannot be read",
        ),
        (
            "deploy/a.json",
            "{",
            "deploy/a.json",
            "`deploy/a.json` cannot be read",
        ),
        (
            "deploy/a.toml",
            "a",
            "deploy/a.toml",
            "`deploy/a.toml` cannot be read",
        ),
        (
            "deploy/a.yaml",
            "[]",
            "deploy/*.yaml",
            "`deploy/a.yaml` has no document",
        ),
        ("deploy/a.ini", "a=b", "deploy/a.ini", "set `parser`"),
        (
            "deploy/a.yaml",
            "a: b",
            "deploy/*.yml",
            "no file of the judged commit fits `deploy/*.yml`",
        ),
        (
            "deploy/a.yaml",
            "a: b",
            "deploy/b.yaml",
            "`deploy/b.yaml` of `inputs` is not in the judged commit",
        ),
        (
            "other/a.yaml",
            "a: b",
            "other/*.yaml",
            "`other` of `inputs` is not granted",
        ),
    ] {
        let fault = fault(judge_files(
            &[(file, text)],
            &format!("settings.inputs = [{inputs:?}]"),
        ));
        assert!(fault.contains(words), "{inputs}: {fault}");
    }
    let table = "settings.inputs = [\"deploy/a.ini\"]\nsettings.parser = \"yaml\"";
    judge_files(&[("deploy/a.ini", "name: bad")], table).expect_code(1);
}

#[test]
fn numbers_that_are_not_finite_are_a_fault() {
    for (file, text, number) in [
        ("a.yaml", "timeout: .inf\n", "inf"),
        ("a.yaml", "list: [-.INF]\n", "-inf"),
        ("a.yaml", "timeout: .nan\n", "NaN"),
        ("a.toml", "timeout = inf\n", "inf"),
        ("a.toml", "list = [{ timeout = nan }]\n", "NaN"),
    ] {
        let path = format!("deploy/{file}");
        let table = format!("settings.inputs = [{path:?}]");
        let fault = fault(judge_files(&[(path.as_str(), text)], &table));
        assert!(
            fault.contains(&format!("`{path}` cannot be read: "))
                && fault.contains(&format!("the number `{number}` is not finite")),
            "{text}: {fault}"
        );
    }
}

#[test]
fn values_that_are_no_texts_in_yaml_1_1_are_a_fault() {
    let scene = Scene::new();
    let judge = |text: &str| {
        scene
            .repository
            .commit_file("deploy/a.yaml", text, "feat: deploy");
        scene.judge(
            &[("main.rego", NAMES)],
            "settings.inputs = [\"deploy/a.yaml\"]",
        )
    };
    for (text, value) in [
        ("a: yes\n", "yes"),
        ("a: [\"ü\",No]\n", "No"),
        ("a: &b !Ref ON\n", "ON"),
        ("{\"a\":off}\n", "off"),
        ("- y\n", "y"),
        ("a: b\n---\na: 00\n", "00"),
        ("a: 0777\n", "0777"),
        ("a: -0777\n", "-0777"),
        ("a: 08\n", "08"),
        ("a: 0_0\n", "0_0"),
        ("a: 1_000\n", "1_000"),
        ("a: 1_0.5\n", "1_0.5"),
        ("a: 0X1F\n", "0X1F"),
    ] {
        let fault = fault(judge(text));
        assert!(
            fault.contains(&format!("`{value}` is a text here"))
                && fault.contains("put it in quotes"),
            "{text}: {fault}"
        );
    }
    for text in [
        "a: \"yes\"\n",
        "a: 'no'\n",
        "a: \"n\\x6f\"\n",
        "a: |-\n  no\n",
        "a: &b \"0777\"\nc: *b\n",
        "on: push\n0777: a\n",
        "a: [0x1F, 0o7, 0b1, 1e3, 1:30, 1.2.3, 2026-01-01, _1, -x, nope]\n",
    ] {
        judge(text).expect_code(0);
    }
}

#[test]
fn keys_that_become_one_are_a_fault() {
    for (text, words) in [
        ("1: a\n\"1\": b\n", "two keys become the text `1`"),
        ("true: a\n\"true\": b\n", "two keys become the text `true`"),
        (
            "base: &base { 1: a }\n\"1\": b\n<<: *base\n",
            "two keys become the text `1`",
        ),
        ("!one a: 1\n!two a: 2\n", "a key is there twice"),
        ("a: 1\na: 2\n", "a key is there twice"),
    ] {
        let table = "settings.inputs = [\"deploy/a.yaml\"]";
        let fault = fault(judge_files(&[("deploy/a.yaml", text)], table));
        assert!(fault.contains(words), "{text}: {fault}");
    }
}

/// Runs with a policy that passes, a submodule `deploy/app` and these files of YAML.
fn judge_beside_a_submodule(files: &[&str], inputs: &str) -> Ran {
    let scene = Scene::new();
    for path in files {
        scene.repository.write(path, "name: good\n");
    }
    scene.repository.git(["add", "--all"]);
    let commit = scene.repository.git(["rev-parse", "HEAD"]);
    let entry = format!("160000,{commit},deploy/app");
    scene
        .repository
        .git(["update-index", "--add", "--cacheinfo", &entry]);
    scene
        .repository
        .git(["commit", "--quiet", "--message", "feat: deploy"]);
    scene.judge(
        &[("main.rego", NAMES)],
        &format!("grants.tree = [\"deploy/\"]\nsettings.inputs = [{inputs:?}]"),
    )
}

#[test]
fn a_submodule_in_which_files_could_fit_is_a_fault() {
    let files = ["deploy/a.yaml", "deploy/deep/b.yaml"];
    for inputs in ["deploy/**/*.yaml", "deploy/*/*.yaml"] {
        let fault = fault(judge_beside_a_submodule(&files, inputs));
        assert!(
            fault.contains("`deploy/app` is a link or a submodule")
                && fault.contains(&format!("`{inputs}` of `inputs`")),
            "{fault}"
        );
    }
    // Nothing below it could fit.
    judge_beside_a_submodule(&files, "deploy/*.yaml").expect_code(0);
}

#[cfg(unix)]
#[test]
fn a_link_below_which_files_could_fit_is_a_fault() {
    let scene = Scene::new();
    scene.repository.write("deploy/a.yaml", "name: good\n");
    scene.repository.write("deploy/README.md", "# Deploy\n");
    scene.repository.write("other/b.yaml", "name: bad\n");
    scene.repository.commit("feat: deploy");
    let table = "grants.tree = [\"deploy/\"]\nsettings.inputs = [\"deploy/**/*.yaml\"]";
    // Other files are no links.
    scene.judge(&[("main.rego", NAMES)], table).expect_code(0);
    let link = scene.repository.path().join("deploy/link");
    std::os::unix::fs::symlink("../other", link).expect("a link");
    scene.repository.commit("feat: link");
    let fault = fault(scene.judge(&[("main.rego", NAMES)], table));
    assert!(
        fault.contains("`deploy/link` is a link or a submodule"),
        "{fault}"
    );
}

#[test]
fn what_is_set_for_files_needs_files() {
    for setting in ["combine = true", "parser = \"yaml\""] {
        let ran = Scene::new().judge(&[("main.rego", PASS)], &format!("settings.{setting}"));
        let fault = fault(ran);
        let (name, _) = setting.split_once(' ').expect("a name");
        assert!(
            fault.contains(&format!("`{name}` is set and `inputs` is not")),
            "{fault}"
        );
    }
    let ran = Scene::new().judge(&[("main.rego", PASS)], "settings.combine = false");
    ran.expect_code(0);
}

#[test]
fn files_are_judged_all_at_once_by_one_policy() {
    let scene = Scene::new();
    scene
        .repository
        .write("deploy/a.yaml", "name: one\n---\nname: two\n");
    scene
        .repository
        .write("deploy/b.json", r#"{"name": "three"}"#);
    scene.repository.commit("feat: deploy");
    let policy = "package main\nwarn contains sprintf(\"%v\", \
                  [[concat(\" \", [file.path, file.contents.name]) | some file in input]])\n";
    scene.context.write("all.rego", policy);
    let table = "settings-files.policies = \"all.rego\"\nsettings.combine = true\n\
                 settings.inputs = [\"deploy/*.yaml\", \"deploy/b.json\"]\n";
    let file = scene.context.write("holdpoint.toml", scene.pipeline(table));
    let report = scene.run(&file.display().to_string()).expect_code(0).json();
    let files = r#"["deploy/a.yaml one", "deploy/a.yaml two", "deploy/b.json three"]"#;
    let message = format!("{files} (main.warn)");
    assert_eq!(findings(&report), [("rego/warn", message.as_str())]);
}
