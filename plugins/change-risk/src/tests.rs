use holdpoint_sdk::{Assessment, Factor, Release, ReleaseBuilder, Risk as _};

use crate::paths::{Sort, sort, subject};
use crate::{ChangeRisk, Settings, words};

fn assess(release: ReleaseBuilder) -> Assessment {
    ChangeRisk::assess(&release.build(), &Settings::default()).expect("it can decide")
}

fn factor<'a>(assessment: &'a Assessment, name: &str) -> Option<&'a Factor> {
    assessment.factors.iter().find(|factor| factor.name == name)
}

#[test]
fn paths_are_sorted_by_the_customs_of_many_languages() {
    for (path, expected) in [
        ("vendor/lib/a.go", Sort::Vendored),
        ("web/node_modules/x/test/a.js", Sort::Vendored),
        ("api/types.pb.go", Sort::Vendored),
        ("static/app.min.js", Sort::Vendored),
        ("Cargo.lock", Sort::Lockfile),
        ("web/pnpm-lock.yaml", Sort::Lockfile),
        ("go.sum", Sort::Lockfile),
        ("Cargo.toml", Sort::Manifest),
        ("requirements-dev.txt", Sort::Manifest),
        ("src/App.csproj", Sort::Manifest),
        ("db/migrate/1_add.rb", Sort::Migration),
        (".github/workflows/ci.yml", Sort::Automation),
        ("docker/Dockerfile", Sort::Automation),
        ("tests/suite/a.rs", Sort::Test),
        ("pkg/a_test.go", Sort::Test),
        ("src/a.test.ts", Sort::Test),
        ("spec/a_spec.rb", Sort::Test),
        ("src/ParserTest.java", Sort::Test),
        ("test_a.py", Sort::Test),
        ("src/latest.rs", Sort::Code),
        ("src/contest.py", Sort::Code),
        ("config/app.yaml", Sort::Configuration),
        (".env.production", Sort::Configuration),
        ("README.md", Sort::Other),
        ("", Sort::Other),
    ] {
        assert_eq!(sort(path), expected, "{path}");
    }
}

#[test]
fn code_and_its_test_have_one_subject() {
    for path in [
        "src/parser.rs",
        "a/parser_test.go",
        "parser.test.ts",
        "test_parser.py",
        "x/ParserTest.java",
        "spec/parser_spec.rb",
    ] {
        assert_eq!(subject(path).trim_end_matches(".test"), "parser", "{path}");
    }
}

#[test]
fn numbers_are_grouped_and_places_have_their_endings() {
    assert_eq!(words::number(1_234_567), "1,234,567");
    assert_eq!(words::number(999), "999");
    for (place, text) in [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (22, "22nd"),
        (112, "112th"),
    ] {
        assert_eq!(words::place(place), text);
    }
}

#[test]
fn more_of_anything_that_the_model_fears_weighs_more() {
    let weigh = |insertions, files, fix| {
        assess(Release::builder().commit_with("a", |commit, _| {
            commit.measures.insertions = insertions;
            commit.measures.files = files;
            commit.measures.fix = fix;
        }))
        .magnitude
    };
    let least = weigh(10, 1, false);
    assert!(weigh(100, 1, false) > least);
    assert!(weigh(10, 9, false) > least);
    assert!(weigh(10, 1, true) > least);
}

#[test]
fn what_a_merge_alone_brings_is_weighed() {
    let trivial = || Release::builder().commit("feat: a").change("a.rs", 1, 0);
    let least = assess(trivial()).magnitude;
    let smuggled = assess(
        trivial()
            .merge("Merge branch 'b'")
            .change("b.rs", 50_000, 0),
    );
    assert!(smuggled.magnitude > 5.0 * least, "{}", smuggled.magnitude);
}

#[test]
fn what_is_no_part_of_the_model_says_so_and_weighs_nothing() {
    let assessment = assess(
        Release::builder()
            .commit("a")
            .commit_with("fix: b", |commit, _| {
                commit.measures.files = 3;
                commit.measures.directories = 2;
                commit.measures.entropy = 1.0;
                commit.measures.fix = true;
            })
            .change("Cargo.lock", 10, 2)
            .change("db/migrations/1.sql", 10, 0)
            .change("app.yaml", 1, 1)
            .change("Makefile", 1, 1)
            .change("src/parser.rs", 300, 1)
            .change("src/lexer.rs", 300, 1)
            .change("tests/lexer.rs", 20, 1),
    );
    for name in [
        "dependencies",
        "migrations",
        "configuration",
        "automation",
        "untested",
    ] {
        let factor = factor(&assessment, name).expect(name);
        assert!(factor.heuristic && factor.weight == 0.0, "{factor:?}");
    }
    let untested = &factor(&assessment, "untested")
        .expect("it is there")
        .evidence;
    assert!(untested.starts_with("1 code file gained"), "{untested}");
    assert!(untested.contains("src/parser.rs (+300)"), "{untested}");
    for name in ["size", "spread", "entropy", "fixes", "commit"] {
        assert!(!factor(&assessment, name).expect(name).heuristic);
    }
}

#[test]
fn files_without_owner_are_named_only_where_others_have_one() {
    let release = Release::builder().commit("a").change("a.rs", 1, 0);
    assert!(factor(&assess(release), "owners").is_none());
    let release = Release::builder()
        .commit("a")
        .change("a.rs", 1, 0)
        .change_with("b.rs", |change| change.owners = vec!["@core".to_owned()]);
    let assessment = assess(release);
    assert_eq!(
        factor(&assessment, "owners").expect("it is there").evidence,
        "the changed files lie with 1 code owner (as the repository itself claims); 1 file without one: a.rs"
    );
}

#[test]
fn the_days_over_which_commits_were_written_are_said() {
    let day = 24 * 60 * 60;
    let release = Release::builder()
        .commit_with("a", |commit, _| commit.time = 0)
        .commit_with("b", |commit, _| commit.time = 43 * day);
    let assessment = assess(release);
    let evidence = &factor(&assessment, "time-since-release")
        .expect("it is there")
        .evidence;
    assert!(
        evidence.starts_with("the commits were written over 43 days"),
        "{evidence}"
    );
}
