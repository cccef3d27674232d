//! Planted violations: for each rule of every standard plugin a repository in which it is the only
//! finding. A rule without one fails here.

use std::collections::BTreeSet;

use holdpoint::plugin::{self, Source};
use holdpoint_build::Severity;
use serde_json::{Value, json};

use crate::asking::standard::TICKET_RULES;
use crate::context::{Context, Repository};

/// A time after every commit of a test.
const AT: &str = "2026-11-22T10:00:00Z";

/// One violation in an otherwise conventional release 1.1.0 after 1.0.0.
struct Planted {
    /// The plugin.
    plugin: &'static str,
    /// The rule that finds it.
    rule: &'static str,
    /// The plugin's settings, as a pipeline file writes them.
    settings: &'static str,
    /// The message of the last commit.
    message: &'static str,
    /// The version to be released; what the commits ask for when there is none.
    version: Option<&'static str>,
    /// Messages of further commits before the planted one.
    before: &'static [&'static str],
    /// Whether the finding is about the release and not about the planted commit.
    of_release: bool,
    /// What to do about it; the help of the rule when there is none.
    help: Option<&'static str>,
    /// What is said.
    says: &'static str,
}

/// A violation by the message of a commit.
const fn message(rule: &'static str, message: &'static str, says: &'static str) -> Planted {
    Planted {
        plugin: "conventional-commits",
        rule,
        settings: "",
        message,
        version: None,
        before: &[],
        of_release: false,
        help: None,
        says,
    }
}

/// A release at a time that is closed, or that no window knows any more.
const fn frozen(rule: &'static str, settings: &'static str, says: &'static str) -> Planted {
    Planted {
        plugin: "freeze-calendar",
        settings,
        of_release: true,
        ..message(rule, "fix: round half to even", says)
    }
}

const PLANTED: &[Planted] = &[
    message(
        "form",
        "made it faster",
        "A colon is expected after the type, in column 5.",
    ),
    message(
        "form",
        "fix:round half to even",
        "A space is expected after the colon, in column 5.",
    ),
    message("form", "", "The message is empty."),
    message(
        "fixup",
        "fixup! feat: refund",
        "It starts with `fixup!`: it was meant to be squashed into another commit.",
    ),
    message(
        "type",
        "wip: round half to even",
        "The type is `wip`; the project uses `build`, `chore`, `ci`, `docs`, `feat`, `fix`, \
         `perf`, `refactor`, `revert`, `style`, `test`.",
    ),
    Planted {
        settings: "scopes = [\"api\"]",
        ..message(
            "scope",
            "fix(ui): round half to even",
            "The scope is `ui`; the project uses `api`.",
        )
    },
    Planted {
        settings: "types = [\"feat\", \"fix\"]",
        ..message(
            "type",
            "docs: say how to round",
            "The type is `docs`; the project uses `feat`, `fix`.",
        )
    },
    Planted {
        settings: "subject-length-max = 20",
        ..message(
            "subject-length",
            "fix: round half to even",
            "The first line has 23 characters; at most 20 are allowed.",
        )
    },
    Planted {
        version: Some("1.0.1"),
        of_release: true,
        ..message(
            "version",
            "fix: round half to even",
            "The version 1.0.1 is too low: after 1.0.0, a feature asks for at least 1.1.0. \
             Commit COMMIT “feat: refund” is a feature.",
        )
    },
    Planted {
        version: Some("1.0.0"),
        of_release: true,
        ..message(
            "version",
            "fix: round half to even",
            "The version 1.0.0 is not higher than the previous one, 1.0.0.",
        )
    },
    Planted {
        settings: "adoption = \"detected\"",
        before: &["round down"],
        of_release: true,
        ..message(
            "not-adopted",
            "made it faster",
            "1 of 3 messages have the form and a type of Conventional Commits, so the project does \
             not seem to use them, and messages are not judged.",
        )
    },
    Planted {
        help: Some(
            "Release on Tue 2026-11-24T23:00:00+00:00 (UTC) or after, or have somebody answer for \
             a waiver of this rule for the release.",
        ),
        ..frozen(
            "closed",
            "deny = [{ name = \"stock-taking\", first-day = \"2026-11-20\", \
             last-day = \"2026-11-24\", zone = \"Europe/Berlin\" }]",
            "Releases are closed on Sun 2026-11-22T10:00:00+00:00 (UTC): “stock-taking” denies them \
             until Wed 2026-11-25T00:00:00+01:00 (Europe/Berlin). They open next on Tue \
             2026-11-24T23:00:00+00:00 (UTC).",
        )
    },
    frozen(
        "ended",
        "deny = [{ name = \"stock-taking\", first-day = \"2025-11-20\", \
         last-day = \"2025-11-24\", zone = \"Europe/Berlin\" }]",
        "No window lies within the next 5 years: nothing is held any more.",
    ),
];

#[test]
fn every_rule_of_every_standard_plugin_is_tripped_alone() {
    let mut left = BTreeSet::new();
    for name in plugin::embedded_names() {
        let plugin = plugin::read(&Source::Embedded(name.to_owned())).expect("it is embedded");
        let rules = plugin.manifest.rules.iter();
        left.extend(rules.map(|rule| (name.to_owned(), rule.id.clone())));
    }
    // Those about what a tracker answers are tripped where there is one.
    for (_, rule) in TICKET_RULES {
        left.remove(&("change-ticket".to_owned(), rule.to_owned()));
    }
    for planted in PLANTED {
        trip(planted);
        left.remove(&(planted.plugin.to_owned(), planted.rule.to_owned()));
    }
    assert_eq!(left, BTreeSet::new(), "rules without a planted violation");
}

fn trip(planted: &Planted) {
    let context = Context::new();
    let repository = context.repository("payments");
    repository.commit_file("pay.rs", "one\n", "feat: pay");
    repository.tag("v1.0.0");
    let feature = repository.commit_file("refund.rs", "one\n", "feat: refund");
    for message in planted.before {
        repository.commit(message);
    }
    repository.write("pay.rs", "one\ntwo\n");
    let commit = commit(&repository, planted.message);
    let pipeline = context.write(
        "pipeline.toml",
        format!(
            "[plugins.{plugin}]\nsettings = {{ {settings} }}\n\
             [[stages]]\nid = \"policy\"\nuse = [\"{plugin}\"]\n",
            plugin = planted.plugin,
            settings = planted.settings
        ),
    );
    let pipeline = pipeline.to_str().expect("a path in UTF-8");
    let mut arguments = vec!["run", "--at", AT, "--pipeline", pipeline];
    if let Some(version) = planted.version {
        arguments.extend(["--as", version]);
    }
    arguments.extend(["--format", "json"]);

    let manifest = plugin::read(&Source::Embedded(planted.plugin.to_owned()))
        .expect("it is embedded")
        .manifest;
    let rule = manifest
        .rules
        .iter()
        .find(|rule| rule.id == planted.rule)
        .unwrap_or_else(|| panic!("{} has no rule {}", planted.plugin, planted.rule));
    let blocks = rule.severity == Severity::Error;
    let document = context
        .holdpoint(repository.path(), arguments)
        .expect_code(i32::from(blocks))
        .json();
    let findings = document["stages"][0]["findings"]
        .as_array()
        .expect("a list");
    let [finding] = findings.as_slice() else {
        panic!("{} is not alone: {findings:#?}", planted.rule);
    };
    assert_eq!(document["findings"], json!([]));
    assert_eq!(
        finding["rule"],
        format!("{}/{}", planted.plugin, planted.rule)
    );
    assert_eq!(finding["severity"], rule.severity.to_string());
    assert_eq!(finding["blocks"], blocks);
    let help = planted
        .help
        .map_or_else(|| rule.help.clone(), str::to_owned);
    assert_eq!(finding["help"], help);
    assert_eq!(
        finding["message"],
        planted.says.replace("COMMIT", &feature[..10])
    );
    let place = if planted.of_release {
        Value::Null
    } else {
        Value::from(commit)
    };
    assert_eq!(finding["place"]["commit"], place, "{finding:#}");
}

/// Commits what lies in the working tree, be it with an empty message, which git has to be told.
fn commit(repository: &Repository, message: &str) -> String {
    if !message.is_empty() {
        return repository.commit(message);
    }
    repository.git(["add", "--all"]);
    repository.git([
        "commit",
        "--quiet",
        "--allow-empty-message",
        "--message",
        "",
    ]);
    repository.git(["rev-parse", "HEAD"])
}
