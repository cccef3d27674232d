//! The next version of a repository.

use holdpoint::model::Text;
use holdpoint::release::{NextQuery, Proposal, Repository as Opened, TagPattern, next};
use holdpoint_conventional::{Bump, Rule};
use semver::{Prerelease, Version};

use crate::context::{Context, Repository};

#[track_caller]
fn proposed(repository: &Repository, query: &NextQuery) -> Proposal {
    let opened = Opened::open(repository.path()).expect("it opens");
    next(&opened, query).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn without_a_tag_it_is_the_initial_version() {
    let context = Context::new();
    let repository = context.repository("new");
    repository.commit("whatever");
    let proposal = proposed(&repository, &NextQuery::default());
    assert_eq!(proposal.next, Some(Version::new(0, 1, 0)));
    assert_eq!((proposal.rule, proposal.previous), (Rule::Initial, None));
    let query = NextQuery {
        initial: Version::new(1, 0, 0),
        ..NextQuery::default()
    };
    assert_eq!(
        proposed(&repository, &query).next,
        Some(Version::new(1, 0, 0))
    );
}

#[test]
fn tags_with_and_without_a_v_count_where_no_pattern_is_set() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit("feat: first");
    repository.tag("v1.2.3");
    repository.commit("fix: a");
    repository.tag("1.2.4");
    repository.commit("fix: b");
    repository.tag("release-9.9.9");
    let proposal = proposed(&repository, &NextQuery::default());
    assert_eq!(proposal.previous, Some(Version::new(1, 2, 4)));
    // Written like the last one.
    assert_eq!(proposal.next_tag.as_ref().map(Text::raw), Some("1.2.5"));
    let query = NextQuery {
        tag: "v{version}".parse().expect("a pattern"),
        ..NextQuery::default()
    };
    let proposal = proposed(&repository, &query);
    assert_eq!(proposal.previous, Some(Version::new(1, 2, 3)));
    assert_eq!(proposal.next_tag.as_ref().map(Text::raw), Some("v1.2.4"));
}

#[test]
fn the_reasons_are_the_commits() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit("feat: first");
    repository.tag("v1.2.3");
    let fix = repository.commit("fix: a");
    let unread = repository.commit("add a thing");
    repository.commit("docs: b");
    let feature = repository.commit("feat(x): c");
    let proposal = proposed(&repository, &NextQuery::default());
    assert_eq!(proposal.next, Some(Version::new(1, 3, 0)));
    assert_eq!(proposal.next_tag.as_ref().map(Text::raw), Some("v1.3.0"));
    assert_eq!(proposal.previous, Some(Version::new(1, 2, 3)));
    assert_eq!(proposal.asked, Some(Bump::Minor));
    assert_eq!(proposal.commits, 4);
    let reasons: Vec<_> = proposal
        .reasons
        .iter()
        .map(|reason| {
            (
                reason.commit.as_str(),
                reason.asks,
                reason.problem.is_some(),
            )
        })
        .collect();
    assert_eq!(
        reasons,
        [
            (feature.as_str(), Some(Bump::Minor), false),
            (unread.as_str(), None, true),
            (fix.as_str(), Some(Bump::Patch), false),
        ]
    );
    insta::assert_json_snapshot!(proposal, {".head" => "[id]", ".reasons[].commit" => "[id]"}, @r#"
{
  "head": "[id]",
  "previous": "1.2.3",
  "previous-tag": "v1.2.3",
  "previous-run": null,
  "ignored-tags": [],
  "next": "1.3.0",
  "next-tag": "v1.3.0",
  "asked": "minor",
  "rule": "counted",
  "versioning": {
    "zero-breaking": "minor",
    "zero-feature": "patch"
  },
  "commits": 4,
  "reasons": [
    {
      "commit": "[id]",
      "summary": "feat(x): c",
      "asks": "minor",
      "problem": null
    },
    {
      "commit": "[id]",
      "summary": "add a thing",
      "asks": null,
      "problem": "a colon is expected after the type (column 4)"
    },
    {
      "commit": "[id]",
      "summary": "fix: a",
      "asks": "patch",
      "problem": null
    }
  ]
}
"#);
}

#[test]
fn nothing_asked_is_no_version() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit("feat: first");
    repository.tag("v1.2.3");
    let proposal = proposed(&repository, &NextQuery::default());
    assert_eq!((proposal.next, proposal.commits), (None, 0));
    repository.commit("docs: b");
    let proposal = proposed(&repository, &NextQuery::default());
    assert_eq!((proposal.next, proposal.commits), (None, 1));
    assert_eq!(proposal.rule, Rule::NothingAsked);
}

#[test]
fn of_several_tags_the_highest_counts_and_the_others_are_named() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit("feat: first");
    repository.tag("v1.9.0");
    repository.git(["tag", "-a", "-m", "annotated", "v1.10.0"]);
    repository.tag("not-a-version");
    repository.commit("fix: a");
    let proposal = proposed(&repository, &NextQuery::default());
    assert_eq!(proposal.next, Some(Version::new(1, 10, 1)));
    let ignored: Vec<_> = proposal.ignored_tags.iter().map(Text::raw).collect();
    assert_eq!(ignored, ["v1.9.0"]);
}

#[test]
fn a_higher_tag_on_another_branch_does_not_count() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit("feat: first");
    repository.tag("v1.0.0");
    repository.git(["checkout", "--quiet", "-b", "other"]);
    repository.commit("feat!: elsewhere");
    repository.tag("v2.0.0");
    repository.git(["checkout", "--quiet", "main"]);
    repository.commit("fix: a");
    let proposal = proposed(&repository, &NextQuery::default());
    assert_eq!(proposal.next, Some(Version::new(1, 0, 1)));
}

#[test]
fn from_a_pre_release_the_numbers_are_kept() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit("feat: first");
    repository.tag("v1.0.0");
    repository.commit("feat: second");
    repository.tag("v1.1.0-rc.1");
    repository.commit("fix: third");
    assert_eq!(
        proposed(&repository, &NextQuery::default()).next,
        Some(Version::new(1, 1, 0))
    );
    let candidate = NextQuery {
        pre_release: Some(Prerelease::new("rc").expect("a label")),
        ..NextQuery::default()
    };
    let next = proposed(&repository, &candidate).next;
    assert_eq!(next, Some(Version::parse("1.1.0-rc.2").expect("a version")));
    repository.commit("feat!: fourth");
    assert_eq!(
        proposed(&repository, &NextQuery::default()).next,
        Some(Version::new(2, 0, 0))
    );
}

#[test]
fn a_project_in_a_folder_counts_its_own_commits_and_tags() {
    let context = Context::new();
    let repository = context.repository("mono");
    repository.commit_file("pay/a", "1", "feat: first");
    repository.tag("pay-1.0.0");
    repository.tag("v7.0.0");
    repository.commit_file("ship/a", "1", "feat!: elsewhere");
    repository.commit_file("pay/a", "2", "fix: here");
    let query = NextQuery {
        path: Some("pay".to_owned()),
        tag: "pay-{version}".parse::<TagPattern>().expect("a pattern"),
        ..NextQuery::default()
    };
    let proposal = proposed(&repository, &query);
    assert_eq!(proposal.next, Some(Version::new(1, 0, 1)));
    assert_eq!(proposal.commits, 1);
}
