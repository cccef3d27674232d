//! Pipeline files that are refused: exit code 2, and words that name the thing and the remedy.

use super::{STAGE, conventional, run, text};
use crate::context::{Context, Repository};

/// A pipeline file and what is said of it.
struct Refused {
    file: &'static str,
    line: Option<u32>,
    message: &'static str,
    /// Part of the help, or of the message where that says all there is to say.
    remedy: &'static str,
}

const fn refused(
    file: &'static str,
    line: u32,
    message: &'static str,
    remedy: &'static str,
) -> Refused {
    Refused {
        file,
        line: Some(line),
        message,
        remedy,
    }
}

const REFUSED: &[Refused] = &[
    Refused {
        line: None,
        ..refused(
            "",
            0,
            "pipeline.toml is empty",
            "use = [\"conventional-commits\"]",
        )
    },
    refused("[release\n", 1, "not TOML", "https://toml.io"),
    refused(
        "[release]\nproject = \"payments\"\n",
        1,
        "has no stage",
        "add a stage",
    ),
    refused(
        "[releese]\n",
        1,
        "unknown key `releese`",
        "did you mean `release`?",
    ),
    refused(
        "[[stages]]\nid = \"policy\"\nuze = [\"conventional-commits\"]\n",
        3,
        "unknown key `uze`",
        "did you mean `use`?",
    ),
    refused(
        "[[stages]]\nid = \"policy\"\nuse = [\"conventional-comits\"]\n",
        3,
        "there is no plugin `conventional-comits`",
        "did you mean `conventional-commits`?",
    ),
    refused(
        "[[stages]]\nid = \"policy\"\nuse = [\"oracle\"]\n",
        3,
        "there is no plugin `oracle`",
        "add [plugins.NAME] with its source",
    ),
    refused(
        "[plugins.oracle]\nsource = \"oracle.wasm\"\n\
         [[stages]]\nid = \"policy\"\nuse = [\"oracle\"]\n",
        2,
        "oracle.wasm",
        "name an existing file",
    ),
    refused(
        "[[stages]]\nid = \"policy\"\nuse = [{ plugin = \"conventional-commits\", kind = \"risk\" }]\n",
        3,
        "plugin `conventional-commits` is not of kind risk",
        "policy",
    ),
    refused(
        "[plugins.conventional-commits]\nsettings = { type = [\"fix\"] }\n\
         [[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n",
        2,
        "plugin `conventional-commits` does not accept these settings",
        "did you mean `types`?",
    ),
    refused(
        "[plugins.conventional-commits.settings]\ntypes = [\"fix\"]\nsubject-length-max = \"long\"\n\
         [[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n",
        3,
        "plugin `conventional-commits` does not accept these settings",
        "holdpoint plugin inspect",
    ),
    refused(
        "[plugins.conventional-commits.rules]\nfrom = \"off\"\n\
         [[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n",
        2,
        "plugin `conventional-commits` has no rule `from`",
        "did you mean `form`?",
    ),
    refused(
        "[plugins.conventional-commits.rules]\nform = \"off\"\nfixup = \"off\"\ntype = \"off\"\n\
         scope = \"off\"\nnot-adopted = \"off\"\nsubject-length = \"off\"\nversion = \"off\"\n\
         [[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n",
        10,
        "every rule of the plugins of stage `policy` is off",
        "turn a rule on",
    ),
    refused(
        "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n\
         [[waivers]]\nrule = \"conventional-commits/form\"\nrelease = true\n\
         owner = \"platform\"\nreason = \"in a hurry\"\n",
        4,
        "lacks `expires`",
        "offset",
    ),
    refused(
        "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n\
         [[waivers]]\nrule = \"conventional-commits/form\"\nrelease = true\n\
         owner = \"platform\"\nreason = \"in a hurry\"\nexpires = \"2027-01-31\"\n",
        9,
        "2027-01-31",
        "offset",
    ),
    refused(
        "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n\
         [[waivers]]\nrule = \"conventional-commits/form\"\n\
         owner = \"platform\"\nreason = \"in a hurry\"\nexpires = \"2027-01-31T00:00:00Z\"\n",
        4,
        "exactly one of `commits`, `paths`, `artifacts` and `release = true`",
        "findings that nobody has seen",
    ),
    refused(
        "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n\
         [[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n",
        5,
        "there are two stages named `policy`",
        "a name of its own",
    ),
    refused(
        "[[stages]]\nid = \"policy\"\nuse = []\n",
        2,
        "stage `policy` has neither a plugin, a command nor approvals",
        "name its plugins",
    ),
    refused(
        "[[stages]]\nid = \"one\"\nneeds = [\"two\"]\nuse = [\"conventional-commits\"]\n\
         [[stages]]\nid = \"two\"\nneeds = [\"one\"]\nuse = [\"conventional-commits\"]\n",
        3,
        "stages wait for each other: one → two → one",
        "from a `needs`",
    ),
    refused(
        "[[stages]]\nid = \"one\"\nneeds = [\"twoo\"]\nuse = [\"conventional-commits\"]\n\
         [[stages]]\nid = \"two\"\nuse = [\"conventional-commits\"]\n",
        3,
        "stage `one` needs `twoo`, which is not a stage",
        "did you mean `two`?",
    ),
    refused(
        "[[stages]]\nid = \"Policy\"\nuse = [\"conventional-commits\"]\n",
        2,
        "`Policy` cannot be the name of a stage",
        "kebab-case",
    ),
];

#[test]
fn mistakes_in_a_pipeline_file_are_named_with_their_remedy() {
    let context = Context::new();
    let repository = conventional(&context);
    for case in REFUSED {
        let pipeline = context.write("elsewhere/pipeline.toml", case.file);
        let place = case.line.map(|line| format!("pipeline.toml:{line}:"));
        is_refused(
            &context,
            &repository,
            &["--pipeline", text(&pipeline)],
            (place.as_deref(), case.message, case.remedy),
        );
    }
}

/// Runs for people and for machines and holds what is said against where, what and the remedy.
#[track_caller]
fn is_refused(
    context: &Context,
    repository: &Repository,
    arguments: &[&str],
    (place, message, remedy): (Option<&str>, &str, &str),
) {
    let human = run(context, repository, arguments).expect_code(2);
    assert_eq!(human.stdout, "");
    let words = |text: &str| {
        let words = text.split_whitespace().filter(|word| *word != "│");
        words.collect::<Vec<_>>().join(" ")
    };
    let said = words(&human.stderr);
    for expected in [place.unwrap_or_default(), message, remedy] {
        assert!(said.contains(expected), "{expected}\n{}", human.stderr);
    }

    let mut arguments = arguments.to_vec();
    arguments.extend(["--format", "json"]);
    let machine = run(context, repository, &arguments).expect_code(2).json();
    let error = &machine["error"];
    let said = error["message"].as_str().expect("a message");
    assert!(said.contains(message), "{message}\n{error:#}");
    let help = error["help"].as_str().unwrap_or_default();
    let told = words(&format!("{said} {help}"));
    assert!(told.contains(remedy), "{remedy}\n{error:#}");
    let line = place.map(|place| {
        let parts: Vec<&str> = place.split(':').collect();
        parts[1].parse::<u32>().expect("a line")
    });
    assert_eq!(error["place"]["line"].as_u64(), line.map(u64::from));
}

#[test]
fn a_pipeline_file_that_cannot_be_read_is_named() {
    let context = Context::new();
    let repository = conventional(&context);
    let says = |arguments: &[&str], message: &str, remedy: &str| {
        is_refused(&context, &repository, arguments, (None, message, remedy));
    };
    says(
        &["--pipeline", "missing.toml"],
        "there is no file missing.toml",
        "name an existing file",
    );
    says(
        &["--policy", "missing.toml"],
        "there is no file missing.toml",
        "name an existing file",
    );
    says(
        &["--pipeline", text(context.path())],
        "is not a file",
        "name a regular file",
    );
    says(
        &["--pipeline", "main:missing.toml"],
        "cannot read main:missing.toml",
        "the file is committed there",
    );
    says(
        &["--pipeline", "nowhere:holdpoint.toml"],
        "cannot read nowhere:holdpoint.toml",
        "git fetch",
    );
    for (bytes, message, remedy) in [
        (&b"# \xff\n"[..], "is not UTF-8", "save the file as UTF-8"),
        (
            b"\xef\xbb\xbf[release]\n",
            "byte order mark",
            "without a byte order mark",
        ),
    ] {
        let file = context.write("elsewhere/pipeline.toml", bytes);
        says(&["--pipeline", text(&file)], message, remedy);
    }
    let large = format!("{STAGE}#{}", " ".repeat(1 << 20));
    let file = context.write("elsewhere/pipeline.toml", large);
    says(
        &["--pipeline", text(&file)],
        "is larger than 1048576 bytes",
        "keep generated content out",
    );
}
