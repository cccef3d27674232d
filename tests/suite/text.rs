//! Text from outside never reaches a terminal raw, and no two texts look the same by accident.

use holdpoint::model::Text;
use proptest::prelude::*;

/// What a terminal would act on or not show. Written down apart from the host's own list.
fn acts_on_terminal(character: char) -> bool {
    matches!(u32::from(character),
        0..=0x1f | 0x7f..=0x9f | 0xad | 0x200b..=0x200f | 0x2028..=0x202e | 0x2066..=0x2069 | 0xfeff)
}

proptest! {
    #[test]
    fn controls_never_reach_a_terminal(text in any::<String>(), control in 0_u32..0xa0, place in any::<prop::sample::Index>()) {
        let control = char::from_u32(control).expect("a character");
        let mut characters: Vec<char> = text.chars().collect();
        characters.insert(place.index(characters.len() + 1), control);
        let text = Text::from(characters.into_iter().collect::<String>());

        let shown = text.terminal().to_string();
        prop_assert!(!shown.chars().any(acts_on_terminal), "{shown:?}");
        for line in text.terminal_lines() {
            let line = line.to_string();
            prop_assert!(!line.chars().any(acts_on_terminal), "{line:?}");
        }
    }

    #[test]
    fn different_bytes_make_different_texts(one in bytes(), other in bytes()) {
        prop_assume!(std::str::from_utf8(&one).is_err() && std::str::from_utf8(&other).is_err());
        prop_assert_eq!(
            Text::from_bytes(&one) == Text::from_bytes(&other),
            one == other
        );
    }

    #[test]
    fn a_shortened_text_has_at_most_so_many_characters(text in any::<String>(), characters_max in 1_usize..20) {
        let text = Text::from(text);
        let shortened = text.shortened(characters_max);
        prop_assert!(shortened.raw().chars().count() <= characters_max);
        prop_assert_eq!(shortened == text, text.raw().chars().count() <= characters_max);
    }
}

/// Bytes that are often not UTF-8 and often look like the escape of such bytes.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(&b"\\xf\xff"[..]), 1..6)
}

#[test]
fn an_escape_written_out_differs_from_the_byte() {
    assert_ne!(
        Text::from_bytes(b"\xff \xfe"),
        Text::from_bytes(b"\xff \\xfe")
    );
    assert_eq!(Text::from_bytes(b"a\xff\\").raw(), "a\\xff\\\\");
}

#[test]
fn direction_overrides_and_invisible_characters_are_shown() {
    let text = Text::from("a\u{202e}b\u{200b}c\u{9b}d\u{1b}[2J");
    assert_eq!(
        text.terminal().to_string(),
        "a\\u{202e}b\\u{200b}c\\u{9b}d\\u{1b}[2J"
    );
}
