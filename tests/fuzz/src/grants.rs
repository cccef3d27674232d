//! Which URLs a grant allows, and where parts of answers lead.

use holdpoint::model::{HttpUrl, UrlPrefix, UrlTemplate};

/// What is granted.
const PREFIX: &str = "https://api.example.net/rest/";

/// Reads three lines: what a plugin asks for, what is granted, and what another system answered.
///
/// # Panics
///
/// When what must hold does not.
pub fn look(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (url, grant, value) = (line(), line(), line());
    let prefix = UrlPrefix::new(PREFIX).expect("a prefix");
    hold(&prefix, url);
    hold(&prefix, &format!("{PREFIX}{url}"));
    // What a grant is written as is the same grant.
    if let Ok(written) = UrlPrefix::new(grant) {
        let again = UrlPrefix::new(&written.to_string());
        if grant.is_ascii() {
            assert_eq!(again.ok(), Some(written), "{grant:?}");
        }
    }
    // An answer says which thing is meant, and leads nowhere else.
    if let Ok(template) = UrlTemplate::new(&format!("{PREFIX}{{{{one./id}}}}/label")) {
        let answer = serde_json::json!({ "id": value });
        if let Ok(filled) = template.fill(|_| Some(&answer))
            && let Ok(url) = HttpUrl::new(&filled)
        {
            assert_eq!(url.origin(), "https://api.example.net", "{value:?}");
            assert!(url.path().starts_with("/rest/"), "{value:?}");
            assert!(url.path().ends_with("/label"), "{value:?}");
            assert_eq!(url.path().matches('/').count(), 3, "{value:?}");
        }
    }
    let _ = UrlTemplate::new(url);
}

/// What is allowed lies below the grant, whichever way a server reads it.
fn hold(prefix: &UrlPrefix, text: &str) {
    let Ok(url) = HttpUrl::new(text) else { return };
    if !prefix.allows(&url) {
        return;
    }
    assert_eq!(url.origin(), "https://api.example.net", "{text:?}");
    assert!(url.path().starts_with("/rest/"), "{text:?}");
    for part in url.path().split('/') {
        let name = part.split(';').next().unwrap_or_default();
        assert!(!matches!(name, "." | ".."), "{text:?}");
    }
    let lower = url.path().to_ascii_lowercase();
    for code in ["%2e", "%2f", "%5c", "%25", "%00"] {
        assert!(!lower.contains(code), "{code}: {text:?}");
    }
}
