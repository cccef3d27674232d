//! Pattern lists, as `ssh_config(5)` has them under PATTERNS.

/// The longest pattern, in bytes: longer ones match nothing in OpenSSH.
pub(super) const PATTERN_BYTES_MAX: usize = 1022;

/// Whether a list of patterns, apart by commas, matches: at least one does, and none that begins with
/// `!` does.
pub(super) fn list_matches(list: &str, text: &str) -> bool {
    let mut is_matched = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(negated) if matches(negated.as_bytes(), text.as_bytes()) => return false,
            Some(_) => {}
            None => is_matched |= matches(pattern.as_bytes(), text.as_bytes()),
        }
    }
    is_matched
}

/// The patterns of a list that stand for one name, and are not excepted by another.
pub(super) fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').filter(move |pattern| {
        let is_name = !pattern.is_empty() && !pattern.contains(['*', '?']);
        is_name && !pattern.starts_with('!') && list_matches(list, pattern)
    })
}

/// Whether a pattern matches: `*` any bytes, `?` one. Goes back to the last `*` only, so that the
/// time is bounded by the product of the lengths.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at_pattern, mut at_text) = (0, 0);
    let mut retry = None;
    while at_text < text.len() {
        match pattern.get(at_pattern) {
            Some(b'*') => {
                retry = Some((at_pattern, at_text));
                at_pattern += 1;
            }
            Some(byte) if *byte == b'?' || Some(byte) == text.get(at_text) => {
                at_pattern += 1;
                at_text += 1;
            }
            _ => match &mut retry {
                Some((star, from)) => {
                    *from += 1;
                    (at_pattern, at_text) = (*star + 1, *from);
                }
                None => return false,
            },
        }
    }
    let rest = pattern.get(at_pattern..).unwrap_or_default();
    rest.iter().all(|byte| *byte == b'*')
}
