use std::collections::HashSet;

use holdpoint_conventional::parse;

/// A commit, as a plugin gets it.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Full object name.
    pub id: &'a str,
    /// Author's name.
    pub author: &'a str,
    /// First line of the message.
    pub summary: &'a str,
    /// The message after its first line.
    pub body: &'a str,
    /// Number of parents.
    pub parents: u32,
}

/// What a document can say about a commit. Texts are as their author wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Full object name.
    pub id: String,
    /// Author's name.
    pub author: String,
    /// The type in lower case, such as `feat`; none for a message of another form.
    pub kind: Option<String>,
    /// The scope.
    pub scope: Option<String>,
    /// Whether it is a breaking change.
    pub breaking: bool,
    /// What its `BREAKING CHANGE:` footer says; none when there is none, or nothing in it.
    pub breaking_note: Option<String>,
    /// What the commit does: the first line without type and scope.
    pub description: String,
}

/// Reads commits, newest first, into entries.
///
/// - A merge has no entry, unless its first line is a Conventional Commit: what was merged has its
///   own entries.
/// - A commit that a later one reverts (`This reverts commit …`, as git writes it) has no entry, and
///   neither has the revert: nothing has changed. A revert of a commit outside of the range is an
///   entry of the type `revert`.
///
/// ```
/// use holdpoint_documents::{Change, Reader};
///
/// let change = Change { id: "a1", author: "Ada", summary: "feat(api)!: go", body: "", parents: 1 };
/// let entry = Reader::new(["a1"]).read(&change).unwrap();
/// assert_eq!((entry.kind.as_deref(), entry.breaking), (Some("feat"), true));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reader {
    /// The commits that are read.
    range: HashSet<String>,
    /// Those of them that a later one reverts.
    reverted: HashSet<String>,
}

impl Reader {
    /// For a range of commits, by their full object names.
    pub fn new(range: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            range: range.into_iter().map(Into::into).collect(),
            reverted: HashSet::new(),
        }
    }

    /// The entry of the next commit; none when there is nothing to say about it.
    pub fn read(&mut self, change: &Change<'_>) -> Option<Entry> {
        if self.reverted.contains(change.id) {
            return None;
        }
        if let Some(id) = reverts(change.body)
            && self.range.contains(id)
        {
            self.reverted.insert(id.to_owned());
            return None;
        }
        let entry = |kind: Option<&str>, description: &str| Entry {
            id: change.id.to_owned(),
            author: change.author.to_owned(),
            kind: kind.map(str::to_ascii_lowercase),
            scope: None,
            breaking: false,
            breaking_note: None,
            description: description.to_owned(),
        };
        let message = format!("{}\n\n{}", change.summary, change.body);
        if let Ok(commit) = parse(&message) {
            return Some(Entry {
                scope: commit.scope,
                breaking: commit.breaking,
                breaking_note: commit.breaking_note.filter(|note| !note.is_empty()),
                ..entry(Some(&commit.kind), &commit.description)
            });
        }
        if change.parents > 1 || change.summary.trim().is_empty() {
            return None;
        }
        // As git writes the first line of a revert, and of a revert of that.
        let quoted = |start: &str| {
            let rest = change.summary.strip_prefix(start)?;
            rest.strip_suffix('"')
        };
        if let Some(what) = quoted("Revert \"") {
            return Some(entry(Some("revert"), what));
        }
        Some(entry(None, change.summary))
    }
}

/// The commit that a message says it reverts.
fn reverts(body: &str) -> Option<&str> {
    body.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("This reverts commit ")?;
        let end = rest
            .find(|character: char| !character.is_ascii_hexdigit())
            .unwrap_or(rest.len());
        rest.get(..end).filter(|id| !id.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::{Change, Reader};

    /// The descriptions of commits given as (id, summary, body, parents), newest first.
    fn read(commits: &[(&str, &str, &str, u32)]) -> Vec<String> {
        let mut reader = Reader::new(commits.iter().map(|commit| commit.0));
        commits
            .iter()
            .filter_map(|(id, summary, body, parents)| {
                let entry = reader.read(&Change {
                    id,
                    author: "Ada",
                    summary,
                    body,
                    parents: *parents,
                })?;
                let kind = entry.kind.as_deref().unwrap_or("-");
                let mark = if entry.breaking { "!" } else { "" };
                Some(format!("{kind}{mark} {}", entry.description))
            })
            .collect()
    }

    #[test]
    fn what_was_taken_back_is_not_told() {
        let commits = [
            ("c", "Revert \"feat: a\"", "This reverts commit a.", 1),
            ("b", "fix: b", "", 1),
            ("a", "feat: a", "", 1),
        ];
        assert_eq!(read(&commits), ["fix b"]);
        // Of a revert that was reverted, the first change is left.
        let again = [
            ("d", "Reapply \"feat: a\"", "This reverts commit c.", 1),
            commits[0],
            commits[1],
            commits[2],
        ];
        assert_eq!(read(&again), ["fix b", "feat a"]);
        // A revert of an earlier release is a change.
        assert_eq!(read(&commits[..2]), ["revert feat: a", "fix b"]);
    }

    #[test]
    fn merges_are_told_by_what_was_merged() {
        assert_eq!(
            read(&[
                ("c", "Merge branch 'x'", "", 2),
                ("b", "feat: merge the two", "", 2),
                ("a", "did it", "BREAKING CHANGE: no form", 1),
                ("9", "", "", 1),
            ]),
            ["feat merge the two", "- did it"]
        );
        assert_eq!(
            read(&[("a", "Fix(x): y", "BREAKING CHANGE: z", 1)]),
            ["fix! y"]
        );
    }
}
