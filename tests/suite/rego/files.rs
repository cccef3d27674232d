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
