//! The files of the judged commit, as a plugin gets them.

use holdpoint::model::{ObjectName, Text};
use holdpoint::release::{Repository as Opened, Tree, TreeError};

use super::*;

/// Calls the changelog for a file, with a grant.
fn pipeline(path: &str, grant: &str) -> String {
    format!(
        "[plugins.changelog]\nsettings = {{ path = \"{path}\" }}\ngrants.tree = [\"{grant}\"]\n\
         limits = {{ text = \"64 MiB\", answer = \"64 MiB\" }}\n\
         [[stages]]\nid = \"documents\"\nuse = [\"changelog\"]\n"
    )
}

#[test]
fn only_what_is_granted_is_read() {
    let context = Context::new();
    let repository = conventional(&context);
    repository.write("docs/more/LOG.md", "## [Unreleased]\n");
    repository.write("docsy/LOG.md", "## [Unreleased]\n");
    repository.commit("docs: more");
    for (path, grant, is_granted) in [
        ("CHANGELOG.md", "CHANGELOG.md", true),
        ("docs/more/LOG.md", "docs/", true),
        ("docs/more/LOG.md", "docs/more/LOG.md", true),
        ("CHANGELOG.md", "docs/", false),
        ("docsy/LOG.md", "docs/", false),
        ("docs/more/LOG.md", "docs", false),
        ("docs/more/LOG.md", "docs/more/LOG.md/", false),
        ("docs/../CHANGELOG.md", "docs/", false),
        ("docs/", "docs/", false),
    ] {
        let code = if is_granted { 0 } else { 3 };
        let document = piped(&context, &repository, &pipeline(path, grant), code);
        if is_granted {
            assert_eq!(edits(&document, 0)[0]["before"], "file", "{path} {grant}");
        } else {
            let fault = fault(&document);
            assert!(fault.contains("may not be read"), "{path} {grant}: {fault}");
        }
    }
}

#[test]
fn what_is_no_file_of_text_within_bounds_is_a_fault_in_words() {
    let context = Context::new();
    let repository = conventional(&context);
    repository.write("folder/one", "1\n");
    repository.write("bytes", b"\xff\xfe");
    repository.write("large", vec![b'x'; 20 << 20]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("CHANGELOG.md", repository.path().join("link")).expect("a link");
    let submodule = format!("160000,{},module", repository.git(["rev-parse", "HEAD"]));
    repository.git(["add", "--all"]);
    repository.git(["update-index", "--add", "--cacheinfo", &submodule]);
    repository.git(["commit", "--quiet", "--message", "feat: strange things"]);
    for (path, words) in [
        ("folder", "is a folder, a link or a submodule"),
        #[cfg(unix)]
        ("link", "is a folder, a link or a submodule"),
        ("module", "is a folder, a link or a submodule"),
        ("bytes", "is not UTF-8: byte 0"),
        ("large", "is larger than what a plugin may read"),
    ] {
        let document = piped(&context, &repository, &pipeline(path, path), 3);
        let fault = fault(&document);
        assert!(fault.contains(words), "{path}: {fault}");
    }
}

#[test]
fn the_judged_commit_is_read_and_not_the_working_tree() {
    let context = Context::new();
    let repository = conventional(&context);
    repository.write("CHANGELOG.md", "overwritten\n");
    let document = piped(&context, &repository, BOTH, 0);
    let text = edits(&document, 0)[0]["content"].as_str().expect("content");
    assert!(text.contains("- what was written by hand\n"), "{text}");
}

/// The tree of the checked out commit.
fn tree(repository: &Repository) -> Tree {
    let head = ObjectName::new(&repository.git(["rev-parse", "HEAD"])).expect("a name");
    let opened = Opened::open(repository.path()).expect("a repository");
    opened.tree(&head).expect("a tree")
}

#[test]
fn folders_are_listed_as_bytes_with_a_mark_on_folders() {
    let context = Context::new();
    let repository = context.repository("listed");
    for path in ["a/b/c", "a/b.c", "a/b0", "a/Z"] {
        repository.write(path, "1\n");
    }
    repository.commit("feat: list");
    let tree = tree(&repository);
    let names = tree.entries("a", 10).expect("a folder");
    let names: Vec<&str> = names.iter().map(Text::raw).collect();
    assert_eq!(names, ["Z", "b.c", "b/", "b0"]);
    assert!(matches!(tree.entries("a", 3), Err(TreeError::TooLarge)));
    assert!(matches!(tree.entries("b", 3), Err(TreeError::Missing)));
    assert!(matches!(tree.entries("a/Z", 3), Err(TreeError::NotThat)));
    assert!(matches!(tree.read("a/b", 9), Err(TreeError::NotThat)));
    assert!(matches!(tree.read("a/b/c/d", 9), Err(TreeError::Missing)));
    assert_eq!(tree.read("a/b/c", 2).expect("a file"), b"1\n");
    assert!(matches!(tree.read("a/b/c", 1), Err(TreeError::TooLarge)));
}
