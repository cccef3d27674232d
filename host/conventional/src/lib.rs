//! Conventional Commits 1.0.0 read into the version that they ask for.
//!
//! The parser is our own: published ones drop a whole message for a small slip, and with it a
//! breaking change. Where tools read the specification differently, this is what Holdpoint reads:
//!
//! - Types are compared without regard to case: `Fix:` is a fix.
//! - A colon must be followed by a space: `feat:x` is not a Conventional Commit.
//! - A missing blank line after the first line is a slip that is noted
//!   ([`ConventionalCommit::blank_line_missing`]); the message counts.
//! - A line after the first that starts with `BREAKING CHANGE:` or `BREAKING-CHANGE:`, in capitals,
//!   is a breaking change wherever it stands and whether or not anything follows the colon: one
//!   major too many is seen at once, a lost one is not.
//! - `Host::stop` at the start of a line is text and not a footer, for no space follows the colon.
//! - A message that is not a Conventional Commit asks for nothing.
//!
//! ```
//! use holdpoint_conventional::{Bump, bump_asked, parse};
//!
//! let commit = parse("feat(cli)!: drop the old flag").unwrap();
//! assert_eq!((commit.kind.as_str(), commit.breaking), ("feat", true));
//! assert_eq!(bump_asked(["fix: a", "feat: b", "docs: c"]), Some(Bump::Minor));
//! ```

mod commit;
mod version;

pub use commit::{ConventionalCommit, NotConventional, Problem, parse};
pub use version::{Bump, History, Rule, Step, Versioning, bump_asked, next_version};
