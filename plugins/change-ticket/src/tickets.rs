/// The most digits of a number: no tracker has more tickets.
const DIGITS_MAX: usize = 12;

/// The tickets that a text names, each once, in order.
pub(crate) fn named_in(text: &str, prefix: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (start, _) in text.match_indices(prefix) {
        let before = text[..start].chars().next_back();
        let rest = &text[start + prefix.len()..];
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        let after = rest[count..].chars().next();
        let is_part = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
        let is_ticket = (1..=DIGITS_MAX).contains(&count) && !is_part(before) && !is_part(after);
        let ticket = format!("{prefix}{}", &rest[..count]);
        if is_ticket && !found.contains(&ticket) {
            found.push(ticket);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::named_in;

    #[test]
    fn a_ticket_is_a_prefix_and_digits_with_nothing_of_a_word_around_it() {
        for (text, expected) in [
            ("feat: refund (PAY-12)", &["PAY-12"][..]),
            ("PAY-1, PAY-22 and PAY-1", &["PAY-1", "PAY-22"]),
            ("Closes: PAY-7\n\nPAY-8", &["PAY-7", "PAY-8"]),
            ("REPAY-1 PAY- PAY-x pay-3 PAY-4a PAY-5é", &[]),
            ("PAY-1234567890123", &[]),
            ("éPAY-1 PAY-2", &["PAY-2"]),
            ("", &[]),
        ] {
            assert_eq!(named_in(text, "PAY-"), expected, "{text}");
        }
        assert_eq!(named_in("fix #3 and a#4", "#"), ["#3"]);
    }
}
