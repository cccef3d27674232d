//! Files that are no store any more, or never were one.

use std::fs;

use holdpoint::store::{Filter, Readable, StoreError};

use super::{At, Told, block, cancelled, entry, make, sit, told};

fn at(folder: &tempfile::TempDir) -> At {
    At::File(folder.path().join("run.state"))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn what_is_no_database_is_left_as_it_is() {
    let folder = folder();
    let at = at(&folder);
    let text = "A diary.\n".repeat(1000);
    for content in ["x", &text, "SQLite format 3\0 and nothing else"] {
        fs::write(at.file(), content).unwrap();
        let error = block(at.open()).expect_err("it is refused");
        assert!(matches!(&error, StoreError::Corrupt { .. }), "{error:?}");
        assert!(error.to_string().contains("run.state"), "{error}");
        assert!(error.to_string().contains("no run can be read"), "{error}");
        assert_eq!(fs::read_to_string(at.file()).unwrap(), content);
    }
}

#[test]
fn a_database_of_another_program_is_left_as_it_is() {
    for sql in [
        "CREATE TABLE notes (text TEXT)",
        "PRAGMA application_id = 7",
        "CREATE TABLE layout (version INTEGER); INSERT INTO layout VALUES (2)",
    ] {
        let folder = folder();
        let at = at(&folder);
        fs::write(at.file(), "").unwrap();
        block(at.meddle(sql));
        let before = fs::read(at.file()).unwrap();
        let error = block(at.open()).expect_err("it is refused");
        assert!(matches!(&error, StoreError::NotAStore { .. }), "{error:?}");
        assert!(error.to_string().contains("another program"), "{error}");
        assert!(fs::read(at.file()).unwrap() == before, "{sql}");
    }
}

/// A file that was carried about could do things by itself.
#[test]
fn a_store_that_acts_by_itself_is_not_used() {
    for sql in [
        "CREATE TRIGGER approve AFTER INSERT ON journal BEGIN DELETE FROM statements; END",
        "CREATE VIEW everything AS SELECT * FROM journal",
    ] {
        let folder = folder();
        let at = at(&folder);
        block(at.store());
        block(at.meddle(sql));
        let error = block(at.open()).expect_err("it is refused");
        assert!(matches!(&error, StoreError::NotAStore { .. }), "{error:?}");
        assert!(error.to_string().contains("triggers or views"), "{error}");
    }
}

/// Makes a store with runs that have long journals, and tells what it says of them.
async fn filled(at: &At) -> Vec<Told> {
    let store = at.store().await;
    let mut all = Vec::new();
    for number in 0..4 {
        let run = make(&store, number).await;
        let mut sitting = sit(&store, &run.id, 1).await;
        for second in 0..40 {
            let text = format!("{second} {}", "x".repeat(400));
            sitting
                .write(entry(second, cancelled(&text)))
                .await
                .unwrap();
        }
        sitting.release().await.unwrap();
        all.push(told(&store, &run.id).await.unwrap());
    }
    all
}

/// Whatever is flipped in the file: what is told is what was written, or it is an error.
#[test]
fn a_flipped_byte_is_noticed_or_does_not_matter() {
    let folder = folder();
    let at = at(&folder);
    let (mut harmless, mut noticed) = (0, 0);
    block(async {
        let all = filled(&at).await;
        let good = fs::read(at.file()).unwrap();
        // A step that is prime to the size of a page, so that every part of a page has its turn.
        for place in (0..good.len()).step_by(641) {
            let mut bad = good.clone();
            bad[place] ^= 0x15;
            fs::write(at.file(), bad).unwrap();
            let Ok(store) = at.open().await else {
                noticed += 1;
                continue;
            };
            for expected in &all {
                match told(&store, &expected.summary.id).await {
                    Ok(told) => {
                        assert!(told == *expected, "byte {place}");
                        harmless += 1;
                    }
                    Err(StoreError::Corrupt { .. } | StoreError::NoRun { .. }) => noticed += 1,
                    Err(error) => panic!("byte {place}: {error:?}"),
                }
            }
        }
    });
    assert!(noticed > 50, "{noticed}");
    assert!(harmless > 50, "{harmless}");
}

/// The runs that can still be read are named, and can be read.
#[test]
fn what_can_be_saved_is_named() {
    let folder = folder();
    let at = at(&folder);
    block(async {
        let all = filled(&at).await;
        let mut bytes = fs::read(at.file()).unwrap();
        // Every page with a line of the second run's journal.
        let mark = all[1].summary.id.as_str().as_bytes();
        let pages: Vec<_> = bytes
            .chunks(4096)
            .enumerate()
            .filter(|(_, page)| {
                let has = |text: &[u8]| page.windows(text.len()).any(|window| window == text);
                has(mark) && has(b"xxxxxxxxxxxxxxxx")
            })
            .map(|(number, _)| number)
            .collect();
        assert!(pages.len() > 3, "{pages:?}");
        // One in the middle, which has no line of another run.
        let page = pages[pages.len() / 2];
        bytes[page * 4096..][..4096].fill(0xa5);
        fs::write(at.file(), bytes).unwrap();
        let store = at.store().await;
        let damaged = &all[1].summary.id;
        let error = store.journal(damaged).await.expect_err("it is damaged");
        let StoreError::Corrupt {
            saved: Some(saved), ..
        } = &error
        else {
            panic!("{error:?}");
        };
        let mut whole: Vec<_> = [0, 2, 3]
            .into_iter()
            .map(|number: usize| all[number].summary.id.clone())
            .collect();
        whole.sort();
        let expected = Readable {
            whole,
            damaged: vec![damaged.clone()],
        };
        assert_eq!(**saved, expected);
        for run in &expected.whole {
            assert!(error.to_string().contains(run.short()), "{error}");
        }
        assert!(error.help().contains("copy it as it is first"));
        for number in [0, 2, 3] {
            let read = told(&store, &all[number].summary.id).await.unwrap();
            assert_eq!(read, all[number]);
        }
        assert_eq!(store.history(&Filter::default(), 9).await.unwrap().len(), 4);
    });
}

#[test]
fn a_truncated_file_is_damaged() {
    let folder = folder();
    let at = at(&folder);
    block(async {
        let all = filled(&at).await;
        let good = fs::read(at.file()).unwrap();
        for part in [good.len() / 2, good.len() / 4, 4096, 1000] {
            fs::write(at.file(), &good[..part]).unwrap();
            let said = async {
                let store = at.open().await?;
                for run in &all {
                    told(&store, &run.summary.id).await?;
                }
                Ok(())
            };
            let error: StoreError = said.await.expect_err("half of it is gone");
            assert!(
                matches!(&error, StoreError::Corrupt { .. }),
                "{part}: {error:?}"
            );
        }
    });
}
