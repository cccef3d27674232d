//! As much of RFC 3986 as events need.

use std::fmt::Write as _;

/// The longest segment, in bytes of the text that it is made of.
const SEGMENT_BYTES_MAX: usize = 200;

/// The longest reference, in bytes.
const REFERENCE_BYTES_MAX: usize = 1_000;

/// Text as one segment of a path: everything but unreserved characters is percent-encoded.
pub(crate) fn segment(text: &str) -> String {
    let mut segment = String::new();
    for byte in text.bytes().take(SEGMENT_BYTES_MAX) {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

/// Whether a text can be a URI reference: its characters are those of RFC 3986, section 2, and each
/// `%` begins an encoded byte.
pub(crate) fn is_reference(text: &str) -> bool {
    let mut rest = text.bytes();
    let mut all = !text.is_empty() && text.len() <= REFERENCE_BYTES_MAX;
    while let Some(byte) = rest.next() {
        all &= match byte {
            b'%' => (0..2).all(|_| rest.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
            byte => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
        };
    }
    all
}

/// Whether a text is an absolute URI of the web.
pub(crate) fn is_web(text: &str) -> bool {
    is_reference(text)
        && ["https://", "http://"].into_iter().any(|scheme| {
            text.strip_prefix(scheme)
                .is_some_and(|rest| !rest.is_empty())
        })
}
