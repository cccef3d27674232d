//! Folders of policies from which a change could take something away.

use super::*;

const PASS: &str = "package main\ndeny contains \"no\" if false\n";

#[test]
fn a_folder_without_a_file_beside_another_is_refused() {
    let scene = Scene::new();
    scene.context.write("policy/main.rego", PASS);
    // As a checkout of a submodule that was not asked for.
    std::fs::create_dir(scene.repository.path().join("more")).expect("a folder");
    let more = scene.repository.path().join("more/");
    let table = format!(
        "settings-files.policies = [\"policy/\", {:?}]",
        more.join("")
    );
    let file = scene
        .context
        .write("holdpoint.toml", scene.pipeline(&table));
    let ran = scene.run(&file.display().to_string()).expect_code(2);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("there is no file in"), "{said}");
}

#[test]
fn a_folder_that_the_change_can_empty_is_not_trusted() {
    let scene = Scene::new();
    scene.context.write("policy/main.rego", PASS);
    let inside = scene.context.path().join("policy/more");
    let path = inside.display().to_string();
    scene
        .repository
        .git(["worktree", "add", "--quiet", "--detach", &path]);
    std::fs::remove_file(inside.join("pay.rs")).expect("it was there");
    let ran = scene.judge(&[], "").expect_code(2);
    assert_eq!(ran.json()["verdict"], "go");
    // What git keeps there is no policy.
    assert!(inside.join(".git").exists());
}
