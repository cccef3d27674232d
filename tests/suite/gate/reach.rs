//! What a file of the checkout cannot have read: links that lead out of it, and paths in a pipeline
//! that is not trusted. A change would have it shown where it does not fit, or handed to a plugin.

use std::fs;
use std::path::Path;

use super::{STAGE, behaving, conventional, option, run, stage, text, trusted};
use crate::context::{Context, Ran, Repository};
use crate::hostile::program;

/// What no report may show.
const SECRET: &str = "token = hunter2 = oops\n";

/// Runs with the pipeline of the checkout, and expects these words and nothing of the secret.
#[track_caller]
fn is_refused(context: &Context, folder: &Path, words: &str) {
    for arguments in [&["run"][..], &["run", "--pipeline", "holdpoint.toml"]] {
        says(&context.holdpoint(folder, arguments), words);
    }
}

#[track_caller]
fn says(ran: &Ran, words: &str) {
    assert_eq!(ran.code, 2, "{}\n{}", ran.stdout, ran.stderr);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    let said = ran.stderr.split_whitespace().filter(|word| *word != "│");
    let said = said.collect::<Vec<_>>().join(" ");
    assert!(said.contains(words), "{words}\n{}", ran.stderr);
}

#[cfg(unix)]
fn link(repository: &Repository, name: &str, target: impl AsRef<Path>) {
    std::os::unix::fs::symlink(target, repository.path().join(name)).expect("a link");
}

const LEADS_OUT: &str = "a link of the checkout that leads out of it";
const OUTSIDE: &str = "outside of the working tree, and the file that names it is not trusted";
const GIT_FOLDER: &str = "lies in the git folder, which a file of the checkout may not name";

#[cfg(unix)]
#[test]
fn a_link_out_of_the_checkout_is_not_read() {
    let context = Context::new();
    let repository = conventional(&context);
    let secret = context.write("elsewhere/secret.txt", SECRET);
    link(&repository, "holdpoint.toml", &secret);
    is_refused(&context, repository.path(), LEADS_OUT);
    // Whether there is such a file is not said either.
    fs::remove_file(secret).expect("it was there");
    is_refused(&context, repository.path(), LEADS_OUT);
}

#[cfg(unix)]
#[test]
fn a_link_into_a_git_folder_is_not_read() {
    for target in [".git/config", ".git/missing", "vendored/.git/config"] {
        let context = Context::new();
        let repository = conventional(&context);
        repository.write(".git/config", SECRET_CONFIG);
        repository.write("vendored/.git/config", SECRET);
        link(&repository, "holdpoint.toml", target);
        is_refused(&context, repository.path(), GIT_FOLDER);
    }
}

/// Where CI systems leave the token that they fetched the checkout with.
const SECRET_CONFIG: &str = "[core]\n\tbare = false\n[http]\n\textraheader = hunter2\n";

/// Commits a pipeline that names this file as its owners, or as its plugin, and expects these words.
#[track_caller]
fn may_not_name(prepare: impl Fn(&Context, &Repository) -> String, words: &str) {
    let keys: [fn(&str) -> String; 2] = [
        |path| format!("[release]\nowners = {path:?}\n{STAGE}"),
        |path| format!("[plugins.judge]\nsource = {path:?}\n") + &stage("policy", "judge", ""),
    ];
    for key in keys {
        let context = Context::new();
        let repository = conventional(&context);
        let pipeline = key(&prepare(&context, &repository));
        repository.commit_file("holdpoint.toml", pipeline, "ci: hold releases");
        is_refused(&context, repository.path(), words);
    }
}

#[test]
fn an_untrusted_file_names_no_file_outside_of_the_working_tree() {
    let outside = |context: &Context, _: &Repository| {
        let secret = context.write("elsewhere/secret.txt", SECRET);
        text(&secret).to_owned()
    };
    may_not_name(outside, OUTSIDE);
    let above = |context: &Context, _: &Repository| {
        context.write("elsewhere/secret.txt", SECRET);
        "../elsewhere/secret.txt".to_owned()
    };
    may_not_name(above, OUTSIDE);
    // Nor does it learn whether there is one.
    may_not_name(|_, _| "../elsewhere/missing".to_owned(), OUTSIDE);
    may_not_name(|_, _| "/nowhere/missing".to_owned(), OUTSIDE);
}

#[test]
fn an_untrusted_file_names_no_file_of_the_git_folder() {
    let inside = |_: &Context, repository: &Repository| {
        repository.write(".git/info/secret.txt", SECRET);
        ".git/info/secret.txt".to_owned()
    };
    may_not_name(inside, GIT_FOLDER);
    may_not_name(|_, _| ".GIT/info/missing".to_owned(), GIT_FOLDER);
}

#[test]
fn an_untrusted_file_at_a_revision_names_no_file_outside_of_the_working_tree() {
    let context = Context::new();
    let repository = conventional(&context);
    let judge = behaving("judge", "nothing") + &stage("policy", "judge", "");
    repository.commit_file("holdpoint.toml", judge, "ci: hold releases");
    let told = ["--pipeline", "HEAD:holdpoint.toml"];
    says(&run(&context, &repository, &told), OUTSIDE);
    // The same file at a name that the operator chose.
    let told = ["--pipeline", "main:holdpoint.toml"];
    run(&context, &repository, &told).expect_code(0);
}

#[test]
fn an_untrusted_file_names_files_of_the_working_tree() {
    let context = Context::new();
    let repository = conventional(&context);
    fs::create_dir(repository.path().join("ci")).expect("a folder");
    fs::copy(program("hostile"), repository.path().join("ci/judge.wasm")).expect("a copy");
    repository.write("OWNERS", "* @acme\n");
    let pipeline = "[release]\nowners = \"ci/../OWNERS\"\n\
                    [plugins.judge]\nsource = \"ci/judge.wasm\"\n\
                    settings = { behaviour = \"nothing\" }\n"
        .to_owned()
        + &stage("policy", "judge", "");
    repository.commit_file("holdpoint.toml", pipeline, "ci: hold releases");
    run(&context, &repository, &["--allow-untrusted"]).expect_code(0);
}

#[test]
fn evidence_of_an_untrusted_file_is_no_file_of_the_git_folder() {
    for path in [".git/config", "vendored/.GIT/config", "ci/../.git/config"] {
        let context = Context::new();
        let repository = conventional(&context);
        repository.write("vendored/.GIT/config", SECRET);
        repository.write("ci/one", "1");
        let evidence = format!(
            "{STAGE}[[release.evidence]]\nname = \"report\"\npath = {path:?}\n\
             media-type = \"text/plain\"\n"
        );
        repository.write("holdpoint.toml", evidence);
        is_refused(&context, repository.path(), "cannot read evidence `report`");
    }
}

/// A second checkout of the repository, made by `git worktree add`.
fn linked(context: &Context, repository: &Repository, name: &str) -> std::path::PathBuf {
    let path = context.path().join(name);
    repository.git(["worktree", "add", "--quiet", "--detach", text(&path)]);
    path
}

#[test]
fn a_pipeline_that_lies_in_another_working_tree_of_the_repository_is_not_trusted() {
    // The judged checkout is the linked one, and the file lies in the main one.
    trusted_from_a_linked_tree(|_, repository, pipeline| {
        repository.write("holdpoint.toml", pipeline);
        repository.path().join("holdpoint.toml")
    });
    // Both are linked.
    trusted_from_a_linked_tree(|context, repository, pipeline| {
        let other = linked(context, repository, "other");
        fs::write(other.join("holdpoint.toml"), pipeline).expect("a file");
        other.join("holdpoint.toml")
    });
    // The judged checkout is the main one.
    trusted(false, |context, repository, pipeline| {
        let other = linked(context, repository, "other");
        fs::write(other.join("pipeline.toml"), pipeline).expect("a file");
        option("--pipeline", text(&other.join("pipeline.toml")))
    });
}

#[track_caller]
fn trusted_from_a_linked_tree(at: impl Fn(&Context, &Repository, &str) -> std::path::PathBuf) {
    let context = Context::new();
    let repository = conventional(&context);
    let judged = linked(&context, &repository, "judged");
    let file = at(&context, &repository, STAGE);
    let arguments = ["run", "--format", "json", "--pipeline", text(&file)];
    let document = context.holdpoint(&judged, arguments).expect_code(2).json();
    assert_eq!(document["configuration"]["trusted"], false, "{document:#}");
    // A file that lies in none of them is.
    let outside = context.write("elsewhere/pipeline.toml", STAGE);
    let arguments = ["run", "--pipeline", text(&outside)];
    context.holdpoint(&judged, arguments).expect_code(0);
}

#[cfg(unix)]
#[test]
fn a_link_of_a_linked_tree_does_not_lead_into_the_main_one() {
    let context = Context::new();
    let repository = conventional(&context);
    let judged = linked(&context, &repository, "judged");
    repository.write("secret.txt", SECRET);
    let place = judged.join("holdpoint.toml");
    for (target, words) in [
        (repository.path().join("secret.txt"), LEADS_OUT),
        (repository.path().join(".git/config"), LEADS_OUT),
        (judged.join(".git"), GIT_FOLDER),
    ] {
        std::os::unix::fs::symlink(target, &place).expect("a link");
        is_refused(&context, &judged, words);
        fs::remove_file(&place).expect("it was there");
    }
}
