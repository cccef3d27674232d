//! A secret that is looked for in everything that the host wrote, in every form in which it could
//! stand there.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use sqlx::{ConnectOptions as _, Row as _};

/// The secret.
pub const CANARY: &str = "canary-5f2c8e1b9d7a4036";

/// Bytes that are made of compressed ones at most.
const UNPACKED_BYTES_MAX: u64 = 64 << 20;

/// The forms in which a secret could stand in a text: plain, in hexadecimal digits, escaped for a URL
/// and for JSON, backwards, and in base64.
fn forms(secret: &str) -> Vec<String> {
    let digits = secret.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    let hex: String = digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect();
    let pairs: Vec<&str> = (0..hex.len())
        .step_by(2)
        .map(|at| &hex[at..at + 2])
        .collect();
    let each = |before: &str| format!("{before}{}", pairs.join(before));
    let mut forms = vec![
        secret.to_owned(),
        secret.chars().rev().collect(),
        hex.clone(),
        hex.to_uppercase(),
        // As a list of bytes in JSON, with and without blanks.
        format!("{:?}", secret.as_bytes()),
        format!("{:?}", secret.as_bytes()).replace(' ', ""),
        secret.replace('-', "%2D"),
        secret.replace('-', "%2d"),
        each("%"),
        each("%").to_uppercase(),
        secret.replace('-', "\\u002d"),
        secret.replace('-', "\\u002D"),
        each("\\u00"),
        each("\\x"),
    ];
    // What every text has that holds it, however many bytes stand before it.
    for before in 0..3 {
        let bytes = [&vec![b'x'; before], secret.as_bytes()].concat();
        for alphabet in [
            base64::engine::general_purpose::STANDARD_NO_PAD,
            base64::engine::general_purpose::URL_SAFE_NO_PAD,
        ] {
            let text = alphabet.encode(&bytes);
            let end = text.len() - 2;
            forms.push(text[before + usize::from(before > 0)..end].to_owned());
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

/// What is packed in these bytes: everything in them that is gzip or zlib, unpacked.
fn unpacked(bytes: &[u8]) -> Vec<Vec<u8>> {
    let take = |reader: &mut dyn Read| {
        let mut whole = Vec::new();
        // What breaks off has been written as far as it goes.
        let _ = reader.take(UNPACKED_BYTES_MAX).read_to_end(&mut whole);
        whole
    };
    let mut found = Vec::new();
    // A text is not packed, and some are large.
    if std::str::from_utf8(bytes).is_ok() {
        return found;
    }
    for start in 0..bytes.len().saturating_sub(1) {
        let rest = &bytes[start..];
        let whole = match rest {
            [0x1f, 0x8b, ..] => take(&mut flate2::read::GzDecoder::new(rest)),
            // RFC 1950: the method is 8, and the first two bytes are a multiple of 31.
            [first @ (0x38 | 0x48 | 0x58 | 0x68 | 0x78), second, ..]
                if (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0 =>
            {
                take(&mut flate2::read::ZlibDecoder::new(rest))
            }
            _ => continue,
        };
        if !whole.is_empty() {
            found.push(whole);
        }
    }
    found
}

/// The form in which the secret stands in these bytes, be they packed; none when it does not.
pub fn found(bytes: &[u8]) -> Option<String> {
    let forms = forms(CANARY);
    // Every form is ASCII: what is not UTF-8 around it does not hide it.
    let stands = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        forms
            .iter()
            .find(|form| text.contains(form.as_str()))
            .cloned()
    };
    stands(bytes).or_else(|| unpacked(bytes).iter().find_map(|whole| stands(whole)))
}

#[track_caller]
pub fn assert_none(bytes: &[u8], place: &str) {
    if let Some(form) = found(bytes) {
        panic!("{place} has the secret as {form}");
    }
}

/// Looks through every file below a folder, and through every document of the stores among them.
/// Gives how many documents there were.
#[track_caller]
pub fn assert_none_below(folder: &Path) -> usize {
    let mut stores = Vec::new();
    for path in files(folder) {
        let bytes = fs::read(&path).expect("a file");
        assert_none(&bytes, &path.display().to_string());
        if bytes.starts_with(b"SQLite format 3\0") {
            stores.push(path);
        }
    }
    // Whoever opens a store takes away what lies beside it: all of that was read before.
    let mut documents = 0;
    for path in stores {
        for document in stored(&path) {
            documents += 1;
            assert_none(&document, &format!("a document of {}", path.display()));
        }
    }
    documents
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let metadata = fs::symlink_metadata(&path).expect("metadata");
        if metadata.is_dir() {
            found.extend(files(&path));
        } else if metadata.is_file() {
            found.push(path);
        }
    }
    found
}

/// The documents of a store, as they are packed: a page of the file holds a part of one at most.
fn stored(file: &Path) -> Vec<Vec<u8>> {
    crate::loopback::wait(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
        let mut connection = options.connect().await.expect("a connection");
        let rows = sqlx::query("SELECT content FROM documents");
        let rows = rows.fetch_all(&mut connection).await.expect("documents");
        rows.iter().map(|row| row.get(0)).collect()
    })
}

#[test]
fn it_is_found_in_every_form() {
    use std::io::Write as _;

    let json = format!("{{\"token\":\"{CANARY}\"}}");
    let base64 = base64::engine::general_purpose::STANDARD;
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(json.as_bytes()).expect("memory");
        encoder.finish().expect("memory")
    };
    let zlib = {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(json.as_bytes()).expect("memory");
        encoder.finish().expect("memory")
    };
    let digits: Vec<String> = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    for (form, bytes) in [
        ("plain", CANARY.as_bytes().to_vec()),
        ("hexadecimal", digits.concat().into_bytes()),
        ("URL", format!("%{}", digits.join("%")).into_bytes()),
        (
            "JSON",
            format!("\\u00{}", digits.join("\\u00")).into_bytes(),
        ),
        ("base64", base64.encode(CANARY).into_bytes()),
        (
            "base64 after one",
            base64.encode(format!("a{CANARY}b")).into_bytes(),
        ),
        (
            "base64 after two",
            base64.encode(format!("Basic r:{CANARY}")).into_bytes(),
        ),
        (
            "base64 after five",
            base64.encode(format!("robot{CANARY}!!")).into_bytes(),
        ),
        ("gzip", [b"before".to_vec(), gzip].concat()),
        (
            "zlib",
            [b"before".to_vec(), zlib, b"after".to_vec()].concat(),
        ),
    ] {
        assert!(found(&bytes).is_some(), "{form}");
    }
    assert_eq!(found(CANARY.replace("5f", "6f").as_bytes()), None);
}
