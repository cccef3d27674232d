//! Edits of files, and where in a file they go.

use serde::{Deserialize, Serialize};

use super::Text;

/// New content of a file in the checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Path relative to the root of the repository.
    pub path: Text,
    /// What is written.
    pub content: NewContent,
    /// What is edited.
    pub title: Text,
}

/// What an edit writes, and where in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewContent {
    /// The whole file.
    Whole(Text),
    /// What stands between two lines.
    Section {
        /// The line before it.
        begin: Text,
        /// The line after it.
        end: Text,
        /// The lines between them.
        content: Text,
    },
    /// Lines below a heading.
    Insertion {
        /// The heading.
        heading: Text,
        /// The lines.
        content: Text,
    },
}

/// Why a part cannot be put into a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is no file to put it into.
    #[error("there is no such file")]
    NoFile,
    /// A mark that no line can be.
    #[error("`{}` is not one line with something on it", .0.terminal())]
    NotALine(Text),
    /// A mark that the file does not have, or has more than once.
    #[error("the file has the line `{}` {times} times, and once is needed", line.terminal())]
    NotOnce {
        /// The mark.
        line: Text,
        /// How often it is there.
        times: usize,
    },
    /// The end of a section stands before its beginning.
    #[error("the line `{}` does not stand after `{}`", end.terminal(), begin.terminal())]
    WrongOrder {
        /// The line before the section.
        begin: Text,
        /// The line after it.
        end: Text,
    },
}

impl NewContent {
    /// What the plugin wrote: all of the file, or its part.
    #[must_use]
    pub fn text(&self) -> &Text {
        match self {
            Self::Whole(content)
            | Self::Section { content, .. }
            | Self::Insertion { content, .. } => content,
        }
    }

    /// The lines of the file by which the part is found.
    pub fn marks(&self) -> impl Iterator<Item = &Text> {
        let (first, second) = match self {
            Self::Whole(_) => (None, None),
            Self::Section { begin, end, .. } => (Some(begin), Some(end)),
            Self::Insertion { heading, .. } => (Some(heading), None),
        };
        first.into_iter().chain(second)
    }

    /// The whole file with the new content in it. `old` is none when there is no file. Lines that
    /// are put in end as the marked line does.
    ///
    /// # Errors
    ///
    /// When a part does not fit the file.
    ///
    /// ```
    /// use holdpoint::model::NewContent;
    ///
    /// let edit = NewContent::Section {
    ///     begin: "<!-- version -->".into(),
    ///     end: "<!-- /version -->".into(),
    ///     content: "1.4.0".into(),
    /// };
    /// let old = "Get\n<!-- version -->\n1.3.0\n<!-- /version -->\ntoday.\n";
    /// let new = "Get\n<!-- version -->\n1.4.0\n<!-- /version -->\ntoday.\n";
    /// assert_eq!(edit.put_into(Some(old)), Ok(new.to_owned()));
    /// ```
    pub fn put_into(&self, old: Option<&str>) -> Result<String, Unfit> {
        match self {
            Self::Whole(content) => Ok(content.raw().to_owned()),
            Self::Section {
                begin,
                end,
                content,
            } => {
                let old = old.ok_or(Unfit::NoFile)?;
                let (first, last) = (find(old, begin)?, find(old, end)?);
                if last.begin < first.end {
                    let (begin, end) = (begin.clone(), end.clone());
                    return Err(Unfit::WrongOrder { begin, end });
                }
                let lines = lines(content.raw(), first.ending);
                Ok([&old[..first.end], &lines, &old[last.begin..]].concat())
            }
            Self::Insertion { heading, content } => {
                let old = old.ok_or(Unfit::NoFile)?;
                Ok(below(old, &find(old, heading)?, content.raw()))
            }
        }
    }
}

/// Where a line is in a text: its first byte, and the one after its end.
struct Line {
    begin: usize,
    end: usize,
    /// What it ends with; a line feed also where the text ends without one.
    ending: &'static str,
}

/// The one line of a text that is the mark, blanks around it aside.
fn find(old: &str, mark: &Text) -> Result<Line, Unfit> {
    let wanted = mark.raw().trim();
    if wanted.is_empty() || wanted.contains(['\n', '\r']) {
        return Err(Unfit::NotALine(mark.clone()));
    }
    let mut found = None;
    let mut times = 0;
    let mut begin = 0;
    for line in old.split_inclusive('\n') {
        let end = begin + line.len();
        if line.trim() == wanted {
            times += 1;
            let ending = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
            found = Some(Line { begin, end, ending });
        }
        begin = end;
    }
    match found {
        Some(line) if times == 1 => Ok(line),
        _ => Err(Unfit::NotOnce {
            line: mark.clone(),
            times,
        }),
    }
}

/// Lines of a text, each with the ending.
fn lines(content: &str, ending: &str) -> String {
    content.lines().flat_map(|line| [line, ending]).collect()
}

/// The text with lines below a heading: an empty line, the lines, and an empty line before what
/// follows, however many there were.
fn below(old: &str, heading: &Line, content: &str) -> String {
    let content = lines(content.trim_matches(['\n', '\r']), heading.ending);
    if content.is_empty() {
        return old.to_owned();
    }
    let (before, after) = old.split_at(heading.end);
    let after = after.trim_start_matches(['\n', '\r']);
    let ending = heading.ending;
    let end = if before.ends_with('\n') { "" } else { ending };
    let gap = if after.is_empty() { "" } else { ending };
    [before, end, ending, &content, gap, after].concat()
}
