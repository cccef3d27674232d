use std::borrow::Cow;

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use crate::model::{Severity, Text, Verdict};

/// Text is wrapped to at least this many columns, however narrow the terminal is.
const COLUMNS_MIN: usize = 40;

/// Text is wrapped to at most this many columns: longer lines are hard to read.
const COLUMNS_MAX: usize = 100;

/// A continued line stands this many columns further in than its first.
const HANGING_COLUMNS: usize = 2;

/// A page for a terminal: styled, wrapped, and safe. Everything that is put on it is escaped here
/// once more, so that only the page itself can write a control sequence.
pub struct Page {
    text: String,
    columns: usize,
}

impl Page {
    /// An empty page for a terminal of so many columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            text: String::new(),
            columns: columns.clamp(COLUMNS_MIN, COLUMNS_MAX),
        }
    }

    /// The page with its styles, to be written to a stream that knows whether to keep them.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A paragraph.
    pub fn text(&mut self, indent: usize, body: &str) {
        self.led(indent, Style::new(), "", body);
    }

    /// A paragraph whose beginning is styled.
    pub fn led(&mut self, indent: usize, style: Style, lead: &str, body: &str) {
        let lead = safe(lead);
        let mut whole = format!("{lead}{}", safe(body));
        // The two may make a command together.
        if lead.ends_with('#') && whole[lead.len()..].starts_with('#') {
            whole.replace_range(lead.len()..=lead.len(), "\\u{23}");
        }
        let first = " ".repeat(indent);
        let later = " ".repeat(indent + HANGING_COLUMNS);
        let options = Options::new(self.columns)
            .initial_indent(&first)
            .subsequent_indent(&later)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        let mut styled = lead.len();
        for (index, line) in textwrap::wrap(&whole, options).iter().enumerate() {
            let indent = if index == 0 { &first } else { &later };
            let content = inert_line(line.strip_prefix(indent.as_str()).unwrap_or(line));
            // A break may fall into the lead only where the terminal is very narrow; the space that
            // it took away was styled too.
            let (before, after) = content.split_at(content.floor_char_boundary(styled));
            styled = styled.saturating_sub(before.len() + 1);
            self.text.push_str(indent);
            self.push_styled(style, before);
            self.text.push_str(after);
            self.text.push('\n');
        }
    }

    /// A name and what belongs to it, the latter in a column of its own.
    pub fn field(&mut self, name: &str, body: &str) {
        self.led(2, Style::new().dimmed(), &format!("{name:<10}"), body);
    }

    /// A line that somebody else wrote, styled as a whole and kept as it is behind a bar.
    pub fn line(&mut self, indent: usize, style: Style, line: &Text) {
        self.text.push_str(&" ".repeat(indent));
        self.push_styled(Style::new().dimmed(), "| ");
        self.push_styled(style, &safe(&line.terminal().to_string()));
        self.text.push('\n');
    }

    /// Lines that somebody else wrote, kept as they are behind a bar.
    pub fn block(&mut self, indent: usize, text: &Text) {
        for line in text.terminal_lines() {
            let line = safe(&line.to_string());
            self.text.push_str(&" ".repeat(indent));
            self.push_styled(Style::new().dimmed(), "| ");
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    fn push_styled(&mut self, style: Style, text: &str) {
        if text.is_empty() || style == Style::new() {
            self.text.push_str(text);
        } else {
            use std::fmt::Write as _;
            let _ = write!(self.text, "{style}{text}{style:#}");
        }
    }
}

/// The style of a heading.
pub(super) fn heading() -> Style {
    Style::new().bold()
}

/// The style of a verdict.
pub(super) fn of_verdict(verdict: Verdict) -> Style {
    let color = match verdict {
        Verdict::Go => AnsiColor::Green,
        Verdict::Wait => AnsiColor::Yellow,
        Verdict::NoGo => AnsiColor::Red,
        Verdict::Fault => AnsiColor::Magenta,
    };
    Style::new().bold().fg_color(Some(color.into()))
}

/// The style of a severity.
pub(super) fn of_severity(severity: Severity) -> Style {
    let color = match severity {
        Severity::Info => AnsiColor::Cyan,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Error => AnsiColor::Red,
    };
    Style::new().fg_color(Some(color.into()))
}

/// Text that can neither control a terminal nor hold `##[` or `##vso[`, with which some CI systems
/// begin a command anywhere in a line.
fn safe(text: &str) -> String {
    without_marks(&Text::from(text).terminal().to_string())
}

/// Two marks that letters and a bracket follow: a heading of Markdown is none.
fn without_marks(text: &str) -> String {
    let mut without = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("##") {
        let (before, marks) = rest.split_at(at + 1);
        without.push_str(before);
        let after = &marks[1..];
        let command = after.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
        rest = if command.starts_with('[') {
            without.push_str("\\u{23}");
            after
        } else {
            marks
        };
    }
    without.push_str(rest);
    without
}

/// A line that does not begin with `::`, with which some CI systems begin a command. They pass over
/// white space before it (actions/runner, `ActionCommand.TryParseV2`).
fn inert_line(line: &str) -> Cow<'_, str> {
    match line.trim_start().strip_prefix("::") {
        None => Cow::Borrowed(line),
        Some(command) => {
            let before = &line[..line.len() - line.trim_start().len()];
            Cow::Owned(format!("{before}\\u{{3a}}:{command}"))
        }
    }
}

/// Text whose control sequences are known to be harmless, such that no CI system reads a command in
/// it.
#[must_use]
pub fn inert(text: &str) -> String {
    let mut inert = String::with_capacity(text.len());
    for line in without_marks(text).split_inclusive('\n') {
        inert.push_str(&inert_line(line));
    }
    inert
}
