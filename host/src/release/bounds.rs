//! The bounds on what is read of a repository. Each is far above what releases have.

/// Commits in a range. A commit takes about a kilobyte of memory.
pub const COMMITS_MAX: usize = 1_000_000;

/// Earlier releases that a release is compared with. With more of them a rank would say little
/// more, and the older ones little about the present.
pub const EARLIER_RELEASES_MAX: usize = 100;

/// Commits that are looked at to find the earlier releases, so that a history in which each release
/// merges a long side branch anew is not walked once for each of them.
pub const EARLIER_COMMITS_MAX: usize = 300_000;

/// Files that differ between two trees.
pub const CHANGES_MAX: usize = 1_000_000;

/// Folders within folders that are compared.
pub const DEPTH_MAX: usize = 1_000;

/// Bytes of one commit message that are kept. What is beyond is left out and the body ends with
/// [`MESSAGE_CUT`].
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// What a message ends with that was longer than [`MESSAGE_BYTES_MAX`].
pub const MESSAGE_CUT: &str =
    "\n\n[the rest of this message was left out: it has more than 65536 bytes]";

/// Bytes of a file whose lines are counted; a larger file counts as binary. For git that begins at
/// 512 MiB (`core.bigFileThreshold`), where a file of line breaks takes minutes and gibibytes.
pub const DIFF_BYTES_MAX: u64 = 16 << 20;

/// Lines of a file that are compared; a file with more counts as binary. Generated files with
/// hundreds of thousands of lines stay below.
pub const DIFF_LINES_MAX: usize = 1_000_000;

/// Bytes of deleted and added files, together, that are looked into for renames with a change. The
/// files that come after count as deleted and added, as they do for git beyond `diff.renameLimit`;
/// renames without a change are found all the same.
pub const RENAME_BYTES_MAX: u64 = 64 << 20;

/// Bytes of one artifact.
pub const ARTIFACT_BYTES_MAX: u64 = 16 << 30;

/// Bytes of one piece of evidence. The bill of materials of a large image takes some 20 MiB.
pub const EVIDENCE_BYTES_MAX: u64 = 64 << 20;

/// Bytes of all evidence of a release: it is held in memory while plugins may ask for it, and kept
/// with the record of the run.
pub const EVIDENCE_SUM_BYTES_MAX: u64 = 256 << 20;

/// Pieces of evidence of a release. A plugin is given the list of them in one answer.
pub const EVIDENCE_FILES_MAX: usize = 100;

/// Bytes of a CODEOWNERS file, as on GitHub.
pub const OWNERS_BYTES_MAX: u64 = 3 << 20;

/// Rules of a CODEOWNERS file.
pub const OWNERS_RULES_MAX: usize = 5_000;

/// Owners in one rule of a CODEOWNERS file.
pub const OWNERS_PER_RULE_MAX: usize = 100;

/// Bytes of a pattern in a CODEOWNERS file.
pub const OWNERS_PATTERN_BYTES_MAX: usize = 1_024;

/// Bytes of memory for the owners of all changed files together.
pub const OWNERS_GIVEN_BYTES_MAX: u64 = 256 << 20;

/// Files, folders, links and submodules that are written for commands to run among. The largest
/// repositories that there are have half of it.
pub const CHECKOUT_ENTRIES_MAX: usize = 1_000_000;

/// Bytes of all files that are written for commands: as much as a disk of a CI runner has to spare.
pub const CHECKOUT_BYTES_MAX: u64 = 16 << 30;

/// Bytes of one file that is written for commands. It is read into memory whole; forges refuse files
/// from 100 MiB on.
pub const CHECKOUT_FILE_BYTES_MAX: u64 = 256 << 20;

/// Folders within folders that are written for commands: each is open while it is written, and a
/// process has 1,024 open files.
pub const CHECKOUT_DEPTH_MAX: usize = 200;

/// Bytes of the name of a file that is written for commands, as file systems have it.
pub const CHECKOUT_NAME_BYTES_MAX: usize = 255;

/// Bytes of what a link leads to, as systems have it.
pub const CHECKOUT_LINK_BYTES_MAX: u64 = 4_095;

/// Bytes of a short file of the git folder that is read whole: its configuration, a ref, what names
/// another folder.
pub const SETTINGS_BYTES_MAX: u64 = 1 << 20;

/// Bytes of a file with many refs or commits: `packed-refs`, `shallow`.
pub const REFS_BYTES_MAX: u64 = 256 << 20;
