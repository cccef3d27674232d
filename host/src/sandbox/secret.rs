use std::fmt;

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
