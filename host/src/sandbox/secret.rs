use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// A value that nobody may read: it has no `Display`, its `Debug` says only that it is there, it
/// cannot be copied, and its memory is overwritten when it is dropped.
///
/// ```
/// use holdpoint::sandbox::Secret;
///
/// assert_eq!(format!("{:?}", Secret::new("s3cret".to_owned())), "Secret");
/// ```
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value. Copies that were made of it before are not known here.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// What a user name and a password are in a header of Basic authentication, without the word `Basic`:
    /// Base64 of both with a colon between them (RFC 7617, section 2). A name with a colon in it would be
    /// read as another one.
    #[must_use]
    pub fn basic(user: &str, password: &str) -> Self {
        // Their room is taken before they are in it, so that no copy is left behind.
        let mut pair = Zeroizing::new(String::with_capacity(user.len() + 1 + password.len()));
        pair.push_str(user);
        pair.push(':');
        pair.push_str(password);
        Self::new(STANDARD.encode(pair.as_bytes()))
    }

    /// The value, for the one place that it is meant for.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}
