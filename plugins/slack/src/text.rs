//! Text that Slack shows and does not obey.

use serde_json::{Value, json};

/// The longest header, in characters (Slack, "Header block").
pub(crate) const HEADER_MAX: usize = 150;

/// The longest text of a section, in characters (Slack, "Section block").
pub(crate) const SECTION_MAX: usize = 3_000;

/// The longest field of a section, in characters (Slack, "Section block").
pub(crate) const FIELD_MAX: usize = 2_000;

/// The longest text beside the blocks, in characters: Slack recommends no more than 4,000.
pub(crate) const FALLBACK_MAX: usize = 3_000;

/// Room that is kept for the `… (N more characters)` of a text that was cut, in characters.
const ENDING_MAX: usize = 40;

/// A text object that knows no markup, no mentions and no emoji names.
pub(crate) fn plain(text: &str, characters_max: usize) -> Value {
    json!({ "type": "plain_text", "text": shown(text, characters_max), "emoji": false })
}

/// The text escaped as Slack asks for, cut to so many characters with a count of what was left out.
///
/// Slack does not say what a character is. Here it is a UTF-16 code unit of the escaped text, which
/// is the reading that gives the highest number.
pub(crate) fn shown(text: &str, characters_max: usize) -> String {
    // Slack refuses an empty text.
    if text.trim().is_empty() {
        return "–".to_owned();
    }
    let mut shown = String::new();
    let (mut length, mut end, mut kept) = (0, 0, 0);
    for (number, character) in text.chars().enumerate() {
        escape(character, &mut shown);
        length += match character {
            '&' => 5,
            '<' | '>' => 4,
            character => character.len_utf16(),
        };
        // What follows joins this one: to cut here would leave half a sign.
        if length + ENDING_MAX <= characters_max {
            end = shown.len();
            kept = number + 1;
        }
        if length > characters_max {
            let more = text.chars().count() - kept;
            shown.truncate(end);
            while shown.ends_with(joins) {
                shown.pop();
            }
            shown.push_str(&format!("… ({more} more characters)"));
            return shown;
        }
    }
    shown
}

/// Text that is read as markup: nothing in it is.
///
/// An invisible word joiner after each sign that begins markup keeps it from doing so; `&`, `<` and
/// `>` are escaped, so that no link, mention or date can be written.
pub(crate) fn marked(text: &str, characters_max: usize) -> String {
    let mut broken = String::new();
    for character in text.chars() {
        broken.push(character);
        if matches!(character, '*' | '_' | '~' | '`' | ':' | '@' | '#') {
            broken.push('\u{2060}');
        }
    }
    shown(&broken, characters_max)
}

fn escape(character: char, into: &mut String) {
    match character {
        '&' => into.push_str("&amp;"),
        '<' => into.push_str("&lt;"),
        '>' => into.push_str("&gt;"),
        '\n' => into.push('\n'),
        '\t' => into.push(' '),
        // Controls, and what turns the direction of writing.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            into.push('\u{fffd}');
        }
        character if character.is_control() => into.push('\u{fffd}'),
        character => into.push(character),
    }
}

/// Whether a character only adds to the one before it or joins it to the next.
fn joins(character: char) -> bool {
    matches!(character, '\u{200d}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{300}'..='\u{36f}')
}
