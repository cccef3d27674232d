//! Artifacts and evidence.

use std::path::PathBuf;

use holdpoint::model::Digest;
use holdpoint::release::{NamedFile, Query, bounds};

use super::{collected, told, tried};
use crate::context::{Context, Repository};

fn repository(context: &Context) -> Repository {
    let repository = context.repository("one");
    repository.commit("feat: first");
    repository
}

fn file(name: &str, path: PathBuf) -> NamedFile {
    NamedFile {
        name: name.to_owned(),
        path,
        within: None,
        media_type: None,
    }
}

#[test]
fn files_are_hashed() {
    let context = Context::new();
    let repository = repository(&context);
    let path = context.write("app", "content");
    let query = Query {
        artifacts: vec![file("app", path.clone())],
        evidence: vec![NamedFile {
            media_type: Some("text/plain".to_owned()),
            ..file("report", path)
        }],
        ..Query::default()
    };
    let subject = collected(&repository, &query).subject;
    let artifact = subject.artifacts.first().expect("an artifact");
    assert_eq!(
        (artifact.digest, artifact.size),
        (Digest::of(b"content"), 7)
    );
    let evidence = subject.evidence.first().expect("evidence");
    assert_eq!(
        (evidence.digest, evidence.size),
        (Digest::of(b"content"), 7)
    );
    assert_eq!(evidence.media_type.raw(), "text/plain");
}

#[test]
fn what_is_no_file_is_refused() {
    let context = Context::new();
    let repository = repository(&context);
    let tell = |files: Vec<NamedFile>| {
        let query = Query {
            evidence: files,
            ..Query::default()
        };
        told(tried(&repository, &query))
    };
    let missing = tell(vec![file("report", context.path().join("missing"))]);
    assert!(
        missing.contains("cannot read evidence `report` at"),
        "{missing}"
    );
    assert!(
        missing.contains("check that the step that makes it has run"),
        "{missing}"
    );
    let folder = tell(vec![file("report", context.path().to_owned())]);
    assert!(folder.contains("is not a file"), "{folder}");
    let path = context.write("twice", "");
    let twice = tell(vec![file("report", path.clone()), file("report", path)]);
    assert!(twice.contains("two files are called `report`"), "{twice}");
}

#[test]
fn evidence_has_a_bound() {
    let context = Context::new();
    let repository = repository(&context);
    let path = context.path().join("large");
    let large = std::fs::File::create(&path).unwrap();
    let query = Query {
        evidence: vec![file("report", path)],
        ..Query::default()
    };
    large.set_len(bounds::EVIDENCE_BYTES_MAX).unwrap();
    assert!(tried(&repository, &query).is_ok());
    large.set_len(bounds::EVIDENCE_BYTES_MAX + 1).unwrap();
    assert!(told(tried(&repository, &query)).contains("has more than 67108864 bytes"));
}

#[cfg(unix)]
#[test]
fn a_path_from_a_configuration_that_is_not_trusted_stays_inside() {
    let context = Context::new();
    let repository = repository(&context);
    context.write("secret", "secret");
    context.write("inside/report", "report");
    let folder = context.path().join("inside");
    std::os::unix::fs::symlink("../secret", folder.join("link")).unwrap();
    let read = |path: &str| {
        let query = Query {
            evidence: vec![NamedFile {
                within: Some(folder.clone()),
                ..file("report", PathBuf::from(path))
            }],
            ..Query::default()
        };
        tried(&repository, &query)
    };
    assert!(read("report").is_ok());
    for path in ["../secret", "link", "/etc/passwd"] {
        assert!(told(read(path)).contains("cannot read evidence"), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_does_not_stop_the_run() {
    let context = Context::new();
    let repository = repository(&context);
    let pipe = context.path().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .expect("mkfifo");
    assert!(made.success());
    let query = Query {
        evidence: vec![file("report", pipe)],
        ..Query::default()
    };
    assert!(told(tried(&repository, &query)).contains("cannot read evidence"));
}

#[test]
fn all_evidence_together_has_a_bound() {
    let context = Context::new();
    let repository = repository(&context);
    let large = context.path().join("large");
    let size = bounds::EVIDENCE_SUM_BYTES_MAX / 4;
    let created = std::fs::File::create(&large).unwrap();
    created.set_len(size).unwrap();
    let small = context.write("small", "1");
    let with = |files: Vec<NamedFile>| Query {
        evidence: files,
        ..Query::default()
    };
    let mut files: Vec<_> = (0..4)
        .map(|number| file(&format!("large-{number}"), large.clone()))
        .collect();
    assert!(tried(&repository, &with(files.clone())).is_ok());
    files.push(file("small", small.clone()));
    let said = told(tried(&repository, &with(files)));
    assert!(said.contains("more than 268435456 bytes"), "{said}");
    assert!(said.contains("leave out the rest"), "{said}");
    let many = |count: usize| {
        let files = (0..count).map(|number| file(&number.to_string(), small.clone()));
        tried(&repository, &with(files.collect()))
    };
    assert!(many(bounds::EVIDENCE_FILES_MAX).is_ok());
    let said = told(many(bounds::EVIDENCE_FILES_MAX + 1));
    assert!(said.contains("more than 100 files"), "{said}");
}
