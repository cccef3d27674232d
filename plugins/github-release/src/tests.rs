use holdpoint_sdk::{Action as _, Artifact, Content, FaultCode, Release, ReleaseBuilder, Step};
use serde_json::Value;

use crate::{GithubRelease, Settings, body_of};

fn settings(text: &str) -> Settings {
    serde_json::from_str(text).expect("settings")
}

fn release() -> ReleaseBuilder {
    let artifact = |name: &str| Artifact {
        name: name.into(),
        digest: format!("sha256:{}", "0".repeat(64)),
        size: 7,
    };
    Release::builder()
        .version("1.2.0")
        .previous("1.1.0")
        .commit("feat: pay in instalments")
        .artifact(artifact("payments.tar.gz"))
        .artifact(artifact("a+b.txt"))
        .secret("github-token")
}

fn plan(release: ReleaseBuilder, text: &str) -> Vec<Step> {
    GithubRelease::plan(&release.build(), &settings(text)).expect("a plan")
}

fn body(step: &Step) -> Value {
    let Content::Bytes(bytes) = &step.request.content else {
        panic!("{} has no body", step.name);
    };
    serde_json::from_slice(bytes).expect("JSON")
}

#[test]
fn a_release_is_drafted_filled_and_then_published() {
    let steps = plan(release(), r#"{ "repository": "acme/payments" }"#);
    let shown: Vec<String> = steps
        .iter()
        .map(|step| {
            let undo = step.undo.as_ref().expect("an undo");
            format!(
                "{}: {} {} | {} {}",
                step.name, step.request.method, step.request.url, undo.method, undo.url
            )
        })
        .collect();
    let api = "https://api.github.com/repos/acme/payments/releases";
    let uploads = "https://uploads.github.com/repos/acme/payments/releases";
    assert_eq!(
        shown,
        [
            format!("create: POST {api} | DELETE {api}/{{{{create./id}}}}"),
            format!(
                "upload-1: POST {uploads}/{{{{create./id}}}}/assets?name=payments.tar.gz | DELETE \
                 {api}/assets/{{{{upload-1./id}}}}"
            ),
            format!(
                "upload-2: POST {uploads}/{{{{create./id}}}}/assets?name=a%2Bb.txt | DELETE \
                 {api}/assets/{{{{upload-2./id}}}}"
            ),
            format!("publish: PATCH {api}/{{{{create./id}}}} | PATCH {api}/{{{{create./id}}}}"),
        ]
    );
    let draft = body(&steps[0]);
    assert_eq!(draft["tag_name"], "v1.2.0");
    assert_eq!(draft["draft"], true);
    assert_eq!(draft["prerelease"], false);
    let notes = draft["body"].as_str().expect("notes");
    assert!(notes.contains("pay in instalments"), "{notes}");
    assert!(!notes.starts_with("# "), "{notes}");
    assert_eq!(body(&steps[3]), serde_json::json!({ "draft": false }));
    // Each is made again only when GitHub was asked, or where that changes nothing.
    for step in &steps {
        assert!(
            step.probe.is_some() || step.name == "publish",
            "{}",
            step.name
        );
        let header = |name: &str| step.request.headers.iter().any(|one| one.name == name);
        assert!(header("authorization") && header("x-github-api-version"));
    }
}

#[test]
fn a_draft_can_stay_one_and_files_can_be_chosen() {
    let text = r#"{ "repository": "acme/payments", "draft": true, "artifacts": ["a+b.txt"] }"#;
    let names: Vec<String> = plan(release(), text)
        .into_iter()
        .map(|step| step.name)
        .collect();
    assert_eq!(names, ["create", "upload-1"]);
}

#[test]
fn a_version_with_a_hyphen_is_a_pre_release() {
    for (version, expected) in [("2.0.0-rc.1", true), ("2.0.0+build-7", false)] {
        let steps = plan(
            release().version(version),
            r#"{ "repository": "acme/payments" }"#,
        );
        assert_eq!(body(&steps[0])["prerelease"], expected, "{version}");
    }
}

#[test]
fn what_cannot_be_published_is_a_fault() {
    let one = |release: ReleaseBuilder, text: &str| {
        GithubRelease::plan(&release.build(), &settings(text)).expect_err("a fault")
    };
    for repository in ["acme", "acme/..", "acme/pay/ments", "acme/a?b", "/"] {
        let fault = one(release(), &format!("{{ \"repository\": {repository:?} }}"));
        assert_eq!(fault.code, Some(FaultCode::Settings), "{repository}");
    }
    let fault = one(
        release(),
        r#"{ "repository": "acme/payments", "artifacts": ["other"] }"#,
    );
    assert!(fault.message.contains("`other`"), "{}", fault.message);
    let blank = Artifact {
        name: "a b.txt".into(),
        digest: String::new(),
        size: 1,
    };
    let fault = one(
        release().artifact(blank),
        r#"{ "repository": "acme/payments" }"#,
    );
    assert!(fault.message.contains("another name"), "{}", fault.message);
    let fault = one(
        Release::builder().version("1.0.0").commit("feat: a"),
        r#"{ "repository": "acme/payments" }"#,
    );
    assert!(fault.message.contains("grants.secrets.github-token"));
    let fault = one(
        Release::builder()
            .subject(|subject| subject.version = None)
            .secret("github-token"),
        r#"{ "repository": "acme/payments" }"#,
    );
    assert_eq!(fault.code, Some(FaultCode::Missing));
}

#[test]
fn long_notes_end_with_a_whole_line() {
    let notes = format!("# 1.0.0\n\n{}", "- a change\n".repeat(20_000));
    let body = body_of(&notes);
    assert!(body.chars().count() < 125_000);
    assert!(
        body.ends_with("- a change\n\n…\n"),
        "{}",
        &body[body.len() - 40..]
    );
}
