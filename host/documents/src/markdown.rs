use crate::Repository;

/// One line of Markdown that shows a text by somebody else and does nothing: no HTML, no link, no
/// image, no mention, no heading, list, rule or emphasis, whatever stands in it. At most
/// `characters_max` characters of the text are shown.
///
/// - Control, invisible and bidirectional characters become spaces, and runs of spaces one.
/// - A word with an `@` (a mention, an address), and one that a renderer would make a link of
///   (`https://…`, `www.…`), becomes code: inside of code nobody is notified and nothing is linked.
/// - Code between two backticks stays code. Everything else that means something in Markdown is
///   escaped.
/// - `#12` becomes a link where the repository is known.
///
/// ```
/// use holdpoint_documents::inline;
///
/// assert_eq!(inline("thank @ada for `a<b>` <b>now</b>", 100, None),
///     "thank `@ada` for `a<b>` &lt;b&gt;now&lt;/b&gt;");
/// ```
#[must_use]
pub fn inline(text: &str, characters_max: usize, repository: Option<&Repository>) -> String {
    let text = plain(text, characters_max);
    // Code needs a pair of single backticks; anything else is text.
    let keeps_code = !text.contains("``") && text.matches('`').count().is_multiple_of(2);
    if !keeps_code {
        return prose(&text.replace('`', "'"), true, repository);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for (number, part) in text.split('`').enumerate() {
        if number % 2 == 1 {
            line.push('`');
            line.push_str(part);
            line.push('`');
        } else {
            line.push_str(&prose(part, number == 0, repository));
        }
    }
    line
}

/// One line of plain text: control, invisible and bidirectional characters become spaces, and runs
/// of spaces one. More than `characters_max` characters are cut, which an ellipsis says.
#[must_use]
pub fn plain(text: &str, characters_max: usize) -> String {
    let visible = |character: char| {
        if is_invisible(character) {
            ' '
        } else {
            character
        }
    };
    let spaced: String = text.chars().map(visible).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let text = words.join(" ");
    if text.chars().nth(characters_max).is_none() {
        return text;
    }
    let kept = text.chars().take(characters_max.saturating_sub(1));
    kept.chain(['…']).collect()
}

/// The characters that can hide text, turn its direction or control who shows it.
fn is_invisible(character: char) -> bool {
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

/// Text without code, word by word.
fn prose(text: &str, is_start: bool, repository: Option<&Repository>) -> String {
    let mut line = String::with_capacity(text.len() + 16);
    for (number, word) in text.split(' ').enumerate() {
        if number > 0 {
            line.push(' ');
        }
        if is_live(word) {
            line.push('`');
            line.push_str(word);
            line.push('`');
        } else {
            escape(&mut line, word, is_start && number == 0, repository);
        }
    }
    line
}

/// Whether a word would notify somebody or become a link by itself.
fn is_live(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    lower.contains('@')
        || ["://", "www.", "mailto:", "xmpp:"]
            .iter()
            .any(|start| lower.contains(start))
}

/// Escapes a word. At the start of a line some marks would begin a list, which elsewhere are text.
fn escape(line: &mut String, word: &str, is_start: bool, repository: Option<&Repository>) {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    for (index, character) in word.char_indices() {
        match character {
            '<' => line.push_str("&lt;"),
            '>' => line.push_str("&gt;"),
            '&' => line.push_str("&amp;"),
            '#' => {
                let rest = word.get(index + 1..).unwrap_or_default();
                let number: &str = rest
                    .split(|character: char| !character.is_ascii_digit())
                    .next()
                    .unwrap_or_default();
                let is_alone = word
                    .get(..index)
                    .is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric()));
                match repository {
                    Some(repository) if !number.is_empty() && is_alone => {
                        let after = rest.strip_prefix(number).unwrap_or_default();
                        line.push_str(&repository.issue(number));
                        return escape(line, after, false, Some(repository));
                    }
                    _ => line.push_str("\\#"),
                }
            }
            '\\' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '`' => {
                line.push('\\');
                line.push(character);
            }
            '-' | '+' | '=' if is_start && index == 0 => {
                line.push('\\');
                line.push(character);
            }
            '.' | ')' if is_start && digits > 0 && index == digits => {
                line.push('\\');
                line.push(character);
            }
            _ => line.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::inline;
    use crate::Repository;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(inline(text, 200, None), expected, "{text:?}");
    }

    #[test]
    fn nothing_in_a_text_does_anything() {
        for (text, expected) in [
            ("plain words, (so) it is!", "plain words, (so) it is!"),
            ("<img src=x onerror=a()>", "&lt;img src=x onerror=a()&gt;"),
            ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
            ("[a](javascript:b)", "\\[a\\](javascript:b)"),
            ("![a](b)", "!\\[a\\](b)"),
            ("*a* _b_ ~~c~~ $d$", "\\*a\\* \\_b\\_ \\~\\~c\\~\\~ \\$d\\$"),
            ("\\*a", "\\\\\\*a"),
            ("# a", "\\# a"),
            ("- a - b", "\\- a - b"),
            ("+ a", "\\+ a"),
            ("1. a 2. b", "1\\. a 2. b"),
            ("12) a", "12\\) a"),
            ("---", "\\---"),
            ("> a", "&gt; a"),
            ("a | b", "a \\| b"),
            ("see #12", "see \\#12"),
            ("by @ada, (@bob)", "by `@ada,` `(@bob)`"),
            ("mail a@b.example", "mail `a@b.example`"),
            ("at https://evil.example/x", "at `https://evil.example/x`"),
            ("at WWW.evil.example", "at `WWW.evil.example`"),
            ("a\u{1b}[2Jb\u{202e}c\u{200b}d", "a \\[2Jb c d"),
            ("a\r\n\tb", "a b"),
            ("", ""),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn code_stays_code_when_it_is_closed() {
        check("use `Vec<u8>` and `@a`", "use `Vec<u8>` and `@a`");
        check("a ` b <c>", "a ' b &lt;c&gt;");
        check("``a` b", "''a' b");
        check("`a``b`", "'a''b'");
        check("a\\`<b>`", "a\\\\`<b>`");
        // A word that becomes code itself brings no backtick along.
        check("x`@a", "`x'@a`");
    }

    #[test]
    fn issues_are_linked_where_the_repository_is_known() {
        let repository = Repository::new("https://example.com/a/b").expect("an address");
        let check = |text: &str, expected: &str| {
            assert_eq!(inline(text, 200, Some(&repository)), expected, "{text:?}");
        };
        check(
            "fix (#12)",
            "fix ([#12](https://example.com/a/b/issues/12))",
        );
        check("a#12", "a\\#12");
        check("#x", "\\#x");
        check(
            "#1*#2",
            "[#1](https://example.com/a/b/issues/1)\\*[#2](https://example.com/a/b/issues/2)",
        );
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(inline("abcdef", 6, None), "abcdef");
        assert_eq!(inline("abcdefg", 6, None), "abcde…");
        assert_eq!(inline("`abcdefg`", 6, None), "'abcd…");
    }
}
