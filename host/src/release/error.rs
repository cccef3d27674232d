use std::path::PathBuf;

use super::bounds;
use crate::model::{ObjectName, Text};

/// An error of the git implementation, kept as the source of ours.
pub(super) type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a release could not be read. [`Error::help`] says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no repository.
    #[error("{} is not in a git repository", Text::from(folder.to_string_lossy()).terminal())]
    NotARepository {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// The repository is there and cannot be opened.
    #[error("cannot open the git repository at {}", Text::from(folder.to_string_lossy()).terminal())]
    Open {
        /// Where it was looked for.
        folder: PathBuf,
        /// What the git implementation says.
        #[source]
        source: Source,
    },
    /// A bare repository lies among the files of a checkout.
    #[error("{} looks like a bare repository inside the checkout {}", Text::from(folder.to_string_lossy()).terminal(), Text::from(work_tree.to_string_lossy()).terminal())]
    BareInside {
        /// Where it was looked for.
        folder: PathBuf,
        /// The checkout.
        work_tree: PathBuf,
    },
    /// Something in the git folder cannot be read to its end.
    #[error("{} in the git folder is a pipe, a device or a link to a folder outside", Text::from(path.to_string_lossy()).terminal())]
    Unusual {
        /// Where it is.
        path: PathBuf,
    },
    /// Objects are borrowed from a folder outside the repository.
    #[error("the repository borrows objects from {}, outside of its own git folder", folder.terminal())]
    Alternates {
        /// The folder that `objects/info/alternates` names.
        folder: Text,
    },
    /// A tag pattern does not say where the version is.
    #[error("tag pattern `{}` must contain `{{version}}` once", pattern.terminal())]
    TagPattern {
        /// The pattern.
        pattern: Text,
    },
    /// The branch has no commit yet.
    #[error("branch {} has no commit yet", branch.terminal())]
    UnbornBranch {
        /// The branch that is checked out.
        branch: Text,
    },
    /// A revision is not there.
    #[error("no revision `{}` in this repository", revision.terminal())]
    UnknownRevision {
        /// The revision.
        revision: Text,
        /// Names of branches and tags that look like it, nearest first.
        nearest: Vec<Text>,
    },
    /// A name that several refs have.
    #[error("`{}` is the name of several refs: {}", name.terminal(), listed(candidates))]
    AmbiguousName {
        /// The name.
        name: Text,
        /// The full names of the refs.
        candidates: Vec<Text>,
    },
    /// A revision does not name a commit.
    #[error("`{}` does not name one commit", revision.terminal())]
    NotACommit {
        /// The revision.
        revision: Text,
        /// What the git implementation says.
        #[source]
        source: Source,
    },
    /// There is nothing between base and head.
    #[error("no commit to release between {} and {}", base.terminal(), head.short())]
    EmptyRange {
        /// The tag or revision that the range starts after.
        base: Text,
        /// The judged commit.
        head: ObjectName,
        /// The path filter.
        path: Option<Text>,
    },
    /// The history ends inside the range.
    #[error("the history is cut off at {} inside the range: this is a shallow clone", commit.short())]
    Shallow {
        /// The commit whose parents are not there.
        commit: ObjectName,
    },
    /// An object is not there.
    #[error("object {} is missing", object.short())]
    MissingObject {
        /// Its name.
        object: ObjectName,
        /// Whether the repository is a partial clone, which leaves objects out on purpose.
        partial: bool,
    },
    /// An object is there and cannot be read.
    #[error("object {} cannot be read", object.short())]
    BrokenObject {
        /// Its name.
        object: ObjectName,
        /// What the git implementation says.
        #[source]
        source: Source,
    },
    /// An object whose bytes are not those of its name.
    #[error("object {} is not what its name says", object.short())]
    ForgedObject {
        /// Its name.
        object: ObjectName,
    },
    /// A range of more commits than are read.
    #[error("the range has more than {} commits", bounds::COMMITS_MAX)]
    TooManyCommits,
    /// A difference of more files than are read.
    #[error("more than {} files differ between base and head", bounds::CHANGES_MAX)]
    TooManyChanges,
    /// Folders within folders, more than are read.
    #[error(
        "a changed file lies in more than {} folders within each other",
        bounds::DEPTH_MAX
    )]
    TooDeep,
    /// Refs cannot be read.
    #[error("cannot read the refs of the repository")]
    Refs {
        /// What the git implementation says.
        #[source]
        source: Source,
    },
    /// The working tree cannot be compared.
    #[error("cannot compare the working tree with the judged commit")]
    Status {
        /// What the git implementation says.
        #[source]
        source: Source,
    },
    /// A path filter that does not stay within the repository.
    #[error("path `{}` is not a path inside the repository", path.terminal())]
    PathFilter {
        /// The filter.
        path: Text,
    },
    /// A file is not in the tree of a commit.
    #[error("no file `{}` in commit {}", path.terminal(), commit.short())]
    NoSuchFile {
        /// The path.
        path: Text,
        /// The commit.
        commit: ObjectName,
    },
    /// A file is larger than what is read.
    #[error("`{}` has more than {bytes_max} bytes", path.terminal())]
    TooLarge {
        /// Its path.
        path: Text,
        /// The bound, in bytes.
        bytes_max: u64,
    },
    /// A file that the operator named cannot be read.
    #[error("cannot read {what} `{}` at {}", name.terminal(), path.terminal())]
    File {
        /// `artifact` or `evidence`.
        what: &'static str,
        /// Its name.
        name: Text,
        /// Its path.
        path: Text,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What the operator named is not a file.
    #[error("{what} `{}` at {} is not a file", name.terminal(), path.terminal())]
    NotAFile {
        /// `artifact` or `evidence`.
        what: &'static str,
        /// Its name.
        name: Text,
        /// Its path.
        path: Text,
    },
    /// More evidence than is kept with a release.
    #[error("the evidence of the release has more than {most} {what}")]
    EvidenceBound {
        /// The bound.
        most: u64,
        /// `files` or `bytes`.
        what: &'static str,
    },
    /// Two files of one name.
    #[error("two files are called `{}`", name.terminal())]
    DuplicateName {
        /// The name.
        name: Text,
    },
    /// A CODEOWNERS file has a pattern that cannot be read.
    #[error("line {line} of {} has a pattern that cannot be read: `{}`", file.terminal(), pattern.terminal())]
    Owners {
        /// The file.
        file: Text,
        /// The line, counted from 1.
        line: usize,
        /// The pattern.
        pattern: Text,
    },
    /// A CODEOWNERS file has more of something than is read.
    #[error("line {line} of {} goes beyond {most} {what}", file.terminal())]
    OwnersBound {
        /// The file.
        file: Text,
        /// The line, counted from 1.
        line: usize,
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        most: usize,
    },
    /// The changed files have more owners than are kept.
    #[error(
        "the owners of the changed files take more than {} bytes",
        bounds::OWNERS_GIVEN_BYTES_MAX
    )]
    TooManyOwners,
    /// Something in the judged commit that cannot be written for commands to run among.
    #[error("`{}` of the judged commit cannot be written: {why}", path.terminal())]
    CheckoutName {
        /// Its path.
        path: Text,
        /// Why.
        why: &'static str,
    },
    /// More in the judged commit than is written for commands.
    #[error("the judged commit has more than {most} {what}")]
    CheckoutBound {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        most: u64,
    },
    /// A file of the judged commit, or an artifact, could not be written for commands.
    #[error("cannot write `{}` for commands to run with", path.terminal())]
    CheckoutWrite {
        /// Its path below the checkout, or the name of the artifact.
        path: Text,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An artifact is not what was judged any more.
    #[error("the artifact `{}` at {} is not the one that was judged", name.terminal(), path.terminal())]
    ChangedArtifact {
        /// Its name.
        name: Text,
        /// Its path.
        path: Text,
    },
    /// Somebody ended the work before it was done.
    #[error("it was cancelled")]
    Cancelled,
    /// A part of the work did not come to its end: a defect of this program.
    #[error("a part of the work ended early")]
    Interrupted,
}

fn listed(names: &[Text]) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|name| name.terminal().to_string())
        .collect();
    names.join(", ")
}

impl Error {
    /// What to do about it; none where the message says all there is to say.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::NotARepository { .. } => {
                "run it in a git checkout, or name one with `--repo FOLDER`".to_owned()
            }
            Self::Open { .. } => "check it with `git fsck`, and that you may read its files".to_owned(),
            Self::BareInside { .. } => "its files may have been committed to pass for a repository: name the checkout with `--repo FOLDER`, or move the bare repository out of it".to_owned(),
            Self::Unusual { .. } => "git makes no such thing: find out where it comes from, or clone the repository anew".to_owned(),
            Self::Alternates { .. } => "objects from elsewhere are not trusted: clone without `--shared` and `--reference`, or run `git repack -a -d` and remove objects/info/alternates".to_owned(),
            Self::TagPattern { .. } => "write the pattern like `v{version}` or `payments-v{version}`".to_owned(),
            Self::UnbornBranch { .. } => "commit something first, or name a revision with `--to`".to_owned(),
            Self::UnknownRevision { nearest, .. } => match nearest.split_first() {
                None => "in CI, fetch the whole history with its tags: `git fetch --tags --unshallow`".to_owned(),
                Some((first, others)) => others.iter().fold(
                    format!("did you mean `{}`", first.terminal()),
                    |text, name| format!("{text} or `{}`", name.terminal()),
                ) + "?",
            },
            Self::AmbiguousName { .. } => "write the full name of the one that is meant, `refs/…`".to_owned(),
            Self::NotACommit { .. } => "name a tag, a branch or a commit with enough digits".to_owned(),
            Self::EmptyRange { path: None, .. } => "everything is released already: name another range with `--from` and `--to`".to_owned(),
            Self::EmptyRange { path: Some(_), .. } => "no commit of the range touches the path: check the spelling of `--path`, or leave it out".to_owned(),
            Self::Shallow { .. } => "fetch the whole history with `git fetch --unshallow --tags`".to_owned(),
            Self::MissingObject { partial: true, .. } => "this is a partial clone, and nothing is fetched while a release is judged: clone without `--filter`, or run `git fetch --refetch --no-filter`".to_owned(),
            Self::MissingObject { .. } | Self::BrokenObject { .. } | Self::ForgedObject { .. } => "the repository is damaged: check it with `git fsck`, or clone it anew".to_owned(),
            Self::TooManyCommits | Self::TooManyChanges => "name a later start with `--from`, or tag an earlier release".to_owned(),
            Self::TooDeep => "check who committed it: no real file lies so deep".to_owned(),
            Self::Refs { .. } => "check them with `git for-each-ref`".to_owned(),
            Self::Status { .. } => "check it with `git status`".to_owned(),
            Self::PathFilter { .. } => "write it relative to the root of the repository, with `/` and without `..`".to_owned(),
            Self::NoSuchFile { .. } => "check the spelling, and that the file is committed there".to_owned(),
            Self::TooLarge { .. } => "name a smaller file, or find out why it is so large".to_owned(),
            Self::File { .. } => "check that the step that makes it has run, and the path in the pipeline file".to_owned(),
            Self::NotAFile { .. } => "name a single file: pack a folder into an archive first".to_owned(),
            Self::EvidenceBound { .. } => "name what a plugin reads, and leave out the rest".to_owned(),
            Self::DuplicateName { .. } => "give each artifact and each piece of evidence a name of its own".to_owned(),
            Self::Owners { .. } => "correct the line; patterns are those of .gitignore, without `!` and `[…]`".to_owned(),
            Self::OwnersBound { .. } | Self::TooManyOwners => "name teams instead of many people, and folders instead of many files".to_owned(),
            Self::CheckoutName { .. } => "rename it in the repository, and find out who committed it".to_owned(),
            Self::CheckoutBound { .. } => "commands run in a checkout of the whole commit: take out of the repository what a release does not need".to_owned(),
            Self::CheckoutWrite { .. } => "check that there is room for a checkout of the repository, and that the folder can be written".to_owned(),
            Self::ChangedArtifact { .. } => "nothing is deployed that was not judged: make it once, before the run, and begin a new run for another one".to_owned(),
            Self::Cancelled | Self::Interrupted => return None,
        })
    }
}
