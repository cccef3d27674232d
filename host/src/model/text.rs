use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

/// Text that came from a plugin, a commit, a ref, a path or a registry.
///
/// It has no `Display`, so that it cannot be printed raw by accident: [`Text::terminal`] is for
/// people, and each machine format escapes what [`Text::raw`] gives with its own serializer.
///
/// ```
/// use holdpoint::model::Text;
///
/// let text = Text::from("fix: \u{1b}[2Jclear");
/// assert_eq!(text.terminal().to_string(), "fix: \\u{1b}[2Jclear");
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// Text from bytes that may not be UTF-8: a byte that is not is written `\xNN`, and a backslash
    /// in such a text, and only in such a text, is doubled, so that no two inputs look the same.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Self(text.to_owned());
        }
        let mut text = String::with_capacity(bytes.len() + 8);
        for chunk in bytes.utf8_chunks() {
            text.push_str(&chunk.valid().replace('\\', "\\\\"));
            for byte in chunk.invalid() {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
        Self(text)
    }

    /// The text as it came. For machine formats that escape it, and for comparing.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The text for a terminal: control characters, bidirectional overrides and invisible format
    /// characters are written `\u{…}`. A line break is kept as one space.
    #[must_use]
    pub fn terminal(&self) -> impl fmt::Display + '_ {
        Escaped(&self.0)
    }

    /// Like [`Text::terminal`], with line breaks kept: for blocks that are shown indented.
    pub fn terminal_lines(&self) -> impl Iterator<Item = impl fmt::Display + '_> {
        self.0.lines().map(Escaped)
    }

    /// The text, cut to at most `characters_max` characters with an ellipsis.
    #[must_use]
    pub fn shortened(&self, characters_max: usize) -> Self {
        if self.0.chars().nth(characters_max).is_none() {
            return self.clone();
        }
        let kept = self.0.chars().take(characters_max.saturating_sub(1));
        Self(kept.chain(['…']).collect())
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        Self(text.into_owned())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\n' | '\t' => formatter.write_char(' ')?,
                '\r' => {}
                character if is_unsafe_on_terminal(character) => {
                    write!(formatter, "{}", character.escape_unicode())?;
                }
                character => formatter.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// Controls (C0, DEL, C1), bidirectional marks, embeddings, overrides and isolates, line and
/// paragraph separators, zero-width and tag characters, and the byte order mark.
pub(crate) fn is_unsafe_on_terminal(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}
