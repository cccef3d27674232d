//! A changelog as lines: which of them are headings and link references, and which are only code.

use std::fmt;

/// The lines of a file, with what each one is.
#[derive(Debug)]
pub(crate) struct File<'a> {
    /// The lines, each with its line break.
    pub(crate) lines: Vec<&'a str>,
    /// How lines end in this file.
    pub(crate) line_break: &'static str,
    /// The headings of the first two levels and below, in order.
    pub(crate) headings: Vec<Heading<'a>>,
    /// Link references, in order.
    pub(crate) references: Vec<Reference<'a>>,
    /// The first line of the link references at the end; the number of lines when there are none.
    pub(crate) references_start: usize,
}

/// A heading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heading<'a> {
    /// Where it begins.
    pub(crate) line: usize,
    /// The line after it.
    pub(crate) next: usize,
    /// From 1 to 6.
    pub(crate) level: usize,
    /// Its text.
    pub(crate) text: &'a str,
}

/// A line `[label]: address`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference<'a> {
    /// Its line.
    pub(crate) line: usize,
    /// Its label.
    pub(crate) label: &'a str,
    /// Its address.
    pub(crate) address: &'a str,
}

/// Why a file cannot be read as Markdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotClosed {
    what: &'static str,
    line: usize,
}

impl fmt::Display for NotClosed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the {} that begins in line {} is not closed, so that nothing can be added after it: \
             close it",
            self.what,
            self.line + 1
        )
    }
}

/// What the lines are inside of.
enum Inside {
    Text,
    /// A block of code, by the mark that opened it.
    Code {
        mark: char,
        length: usize,
        line: usize,
    },
    Comment {
        line: usize,
    },
}

impl<'a> File<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self, NotClosed> {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let is_crlf = lines.first().is_some_and(|line| line.ends_with("\r\n"));
        let mut file = File {
            line_break: if is_crlf { "\r\n" } else { "\n" },
            headings: Vec::new(),
            references: Vec::new(),
            references_start: lines.len(),
            lines,
        };
        let mut inside = Inside::Text;
        for number in 0..file.lines.len() {
            let line = content(file.lines[number]);
            inside = match inside {
                Inside::Text => file.text_line(number, line),
                Inside::Code { mark, length, .. } if closes(line, mark, length) => Inside::Text,
                Inside::Comment { .. } if line.contains("-->") => Inside::Text,
                inside => inside,
            };
        }
        match inside {
            Inside::Text => {}
            Inside::Code { line, .. } => {
                return Err(NotClosed {
                    what: "block of code",
                    line,
                });
            }
            Inside::Comment { line } => {
                return Err(NotClosed {
                    what: "comment",
                    line,
                });
            }
        }
        file.references_start = file.trailing_references();
        Ok(file)
    }

    /// Reads a line of text; what the next line is inside of.
    fn text_line(&mut self, number: usize, line: &'a str) -> Inside {
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        let start = line.trim_start();
        if line.len() - start.len() > 3 {
            return Inside::Text;
        }
        if let Some((mark, length)) = fence(start) {
            return Inside::Code {
                mark,
                length,
                line: number,
            };
        }
        if let Some(rest) = start.strip_prefix("<!--") {
            return if rest.contains("-->") {
                Inside::Text
            } else {
                Inside::Comment { line: number }
            };
        }
        if let Some(heading) = heading(number, start) {
            self.headings.push(heading);
        } else if let Some(level) = underline(start)
            && let Some(above) = number.checked_sub(1)
            && let Some(text) = self.paragraph(above)
        {
            self.headings.push(Heading {
                line: above,
                next: number + 1,
                level,
                text,
            });
        } else if let Some(reference) = reference(number, start) {
            self.references.push(reference);
        }
        Inside::Text
    }

    /// The text of a line that a line of `=` or `-` below makes a heading.
    fn paragraph(&self, number: usize) -> Option<&'a str> {
        let text = content(self.lines.get(number)?).trim();
        let is_heading = self.headings.last().is_some_and(|last| last.next > number);
        let is_text = !text.is_empty() && !text.starts_with(['-', '*', '+', '>', '|', '=']);
        (is_text && !is_heading).then_some(text)
    }

    fn trailing_references(&self) -> usize {
        let mut start = self.lines.len();
        let mut references = self.references.iter().rev().peekable();
        for number in (0..self.lines.len()).rev() {
            if references.next_if(|last| last.line == number).is_some() {
                start = number;
            } else if !self.is_blank(number) {
                break;
            }
        }
        start
    }

    /// Whether there is nothing in a line.
    pub(crate) fn is_blank(&self, number: usize) -> bool {
        self.lines
            .get(number)
            .is_none_or(|line| line.trim().is_empty())
    }

    /// The line after the last one between `start` and `end` that is not blank.
    pub(crate) fn end_of_text(&self, start: usize, end: usize) -> usize {
        (start..end)
            .rev()
            .find(|number| !self.is_blank(*number))
            .map_or(start, |number| number + 1)
    }
}

/// A line without its line break.
pub(crate) fn content(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

/// The mark and length of a line that opens a block of code.
fn fence(start: &str) -> Option<(char, usize)> {
    let mark = start.chars().next().filter(|mark| "`~".contains(*mark))?;
    let length = start.chars().take_while(|next| *next == mark).count();
    let rest = start.trim_start_matches(mark);
    (length >= 3 && (mark == '~' || !rest.contains('`'))).then_some((mark, length))
}

fn closes(line: &str, mark: char, length: usize) -> bool {
    let line = line.trim();
    line.chars().count() >= length && line.chars().all(|character| character == mark)
}

fn heading(line: usize, start: &str) -> Option<Heading<'_>> {
    let text = start.trim_start_matches('#');
    let level = start.len() - text.len();
    let is_one = (1..=6).contains(&level) && (text.is_empty() || text.starts_with([' ', '\t']));
    is_one.then(|| Heading {
        line,
        next: line + 1,
        level,
        text: text.trim().trim_end_matches('#').trim_end(),
    })
}

/// The level that a line of `=` or `-` makes of the line above.
fn underline(start: &str) -> Option<usize> {
    let text = start.trim_end();
    let is_all = |mark: char| text.len() >= 3 && text.chars().all(|next| next == mark);
    match (is_all('='), is_all('-')) {
        (true, _) => Some(1),
        (_, true) => Some(2),
        _ => None,
    }
}

fn reference(line: usize, start: &str) -> Option<Reference<'_>> {
    let (label, address) = start.strip_prefix('[')?.split_once("]:")?;
    let address = address.split_whitespace().next()?;
    let is_label = !label.is_empty() && !label.starts_with('^') && !label.contains(['[', ']']);
    is_label.then_some(Reference {
        line,
        label,
        address,
    })
}
