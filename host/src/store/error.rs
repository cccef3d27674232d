use std::fmt;
use std::path::PathBuf;

use super::statements::{STATEMENTS_BYTES_MAX, STATEMENTS_MAX};
use crate::model::{Digest, Holder, RunId, Text};

/// Why a store could not do what it was asked.
///
/// What a message says of the database's own words comes from the database; the address of a server
/// is said without its password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such run.
    #[error("there is no run `{}` in {place}", .run.terminal())]
    NoRun {
        /// What was asked for.
        run: Text,
        /// The store.
        place: String,
    },
    /// What was given cannot be the beginning of an identifier.
    #[error("`{}` is not the beginning of a run's identifier", .given.terminal())]
    NotARun {
        /// What was given.
        given: Text,
    },
    /// Several runs begin with the same digits.
    #[error("several runs in {place} begin with `{prefix}`: {}", short(.runs))]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// Some of those that begin with it.
        runs: Vec<RunId>,
        /// The store.
        place: String,
    },
    /// A run of the same key is open already.
    #[error("the run {} in {place} has the same subject, configuration and target, and is open", .run.short())]
    OpenAlready {
        /// That run.
        run: RunId,
        /// The store.
        place: String,
    },
    /// A run cannot be superseded, for somebody works on it.
    #[error("{} works on the run {} in {place}", Person(.holder), .run.short())]
    UnderWay {
        /// The run.
        run: RunId,
        /// Who works on it.
        holder: Box<Holder>,
        /// The store.
        place: String,
    },
    /// Another sitting of the run has begun since, and nothing is written for this one any more.
    #[error(
        "sitting {number} of the run {} is over: sitting {newest} took its place in {place}{}",
        .run.short(),
        By(.holder)
    )]
    Fenced {
        /// The run.
        run: RunId,
        /// The sitting that wanted to write.
        number: u32,
        /// The newest one.
        newest: u32,
        /// Who sits there.
        holder: Option<Box<Holder>>,
        /// The store.
        place: String,
    },
    /// A message that is not there, or that belongs to another run, was to be changed or added.
    #[error("the run {} has no message {number} of `{}` for the channel `{}` in {place}", .run.short(), .event.terminal(), .channel.terminal())]
    NoMessage {
        /// The run that wanted to.
        run: RunId,
        /// The event.
        event: Text,
        /// The channel.
        channel: Text,
        /// Which one of them.
        number: u32,
        /// The store.
        place: String,
    },
    /// Something is larger than a store takes.
    #[error("{what} of {bytes} bytes is too large for a store: at most {bytes_max}")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Its size.
        bytes: u64,
        /// What a store takes.
        bytes_max: u64,
    },
    /// A run has all the statements that it may have.
    #[error(
        "the run {} in {place} has all the signed statements that it may have: at most \
         {STATEMENTS_MAX}, and {} MiB of them",
        .run.short(),
        STATEMENTS_BYTES_MAX >> 20
    )]
    TooManyStatements {
        /// The run.
        run: RunId,
        /// The store.
        place: String,
    },
    /// The store would lie where what is judged lies.
    #[error("the folder {} of the store lies in the git working tree {}", shown(.folder), shown(.work_tree))]
    InWorkTree {
        /// The folder.
        folder: PathBuf,
        /// The root of the working tree.
        work_tree: PathBuf,
    },
    /// It belongs to another user, or to another role of a server.
    #[error("{place} belongs to {owner}, not to {user}, who runs this")]
    Foreign {
        /// The store.
        place: String,
        /// Whom it belongs to.
        owner: String,
        /// Who wants to use it.
        user: String,
    },
    /// It is not used, because others can reach it, or because it is of the wrong sort.
    #[error("{place} is not used: {why}")]
    Refused {
        /// The store.
        place: String,
        /// Why not.
        why: String,
    },
    /// The address of a server cannot be read. It is not repeated, for it may hold a password.
    #[error("the address of the store cannot be read: {why}")]
    Address {
        /// Why not.
        why: String,
    },
    /// A newer version of this program made it.
    #[error("{place} has layout {found}, and this version knows layouts up to {known}")]
    NewerLayout {
        /// The store.
        place: String,
        /// What it has.
        found: u32,
        /// What is known.
        known: u32,
    },
    /// An older version of this program made it, and it was opened only to be read.
    #[error("{place} has layout {found}, and this version reads layout {known}")]
    OlderLayout {
        /// The store.
        place: String,
        /// What it has.
        found: u32,
        /// What this version has.
        known: u32,
    },
    /// It is a database of something else.
    #[error("{place} is not a store of Holdpoint: {why}")]
    NotAStore {
        /// The place.
        place: String,
        /// What shows it.
        why: String,
    },
    /// What is kept there cannot be relied on.
    #[error("{place} is damaged: {what}{}", Saved(.saved.as_deref()))]
    Corrupt {
        /// The store.
        place: String,
        /// What shows it.
        what: String,
        /// What can still be read.
        saved: Option<Box<Readable>>,
    },
    /// A document is not what it was when it was kept.
    #[error("the document {digest} in {place} was changed since it was kept: {what}")]
    Changed {
        /// What it was.
        digest: Digest,
        /// What shows it.
        what: String,
        /// The store.
        place: String,
    },
    /// It cannot be reached.
    #[error("{place} cannot be reached: {why}")]
    Unreachable {
        /// The store.
        place: String,
        /// Why not.
        why: String,
    },
    /// It was lost in the middle.
    #[error("{place} was lost: {why}; {written}")]
    Lost {
        /// The store.
        place: String,
        /// What happened.
        why: String,
        /// What became of what was being written.
        written: Written,
    },
    /// It has no room.
    #[error(
        "{place} cannot be written to, for the disk is full, a quota is used up or it fails: {why}; nothing was written"
    )]
    Full {
        /// The store.
        place: String,
        /// What happened.
        why: String,
    },
    /// Others use it all the time.
    #[error("{place} is busy: {why}; nothing was written")]
    Busy {
        /// The store.
        place: String,
        /// What was waited for.
        why: String,
    },
    /// The database refuses what no version of this program should ask of it.
    #[error("{place} refused a statement: {why}; nothing was written")]
    Statement {
        /// The store.
        place: String,
        /// What the database says.
        why: String,
    },
}

/// What became of what was being written when a store was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Nothing of it was written.
    Nothing,
    /// Nobody knows: all of it was written, or nothing.
    Unknown,
}

/// What can be read of a damaged store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readable {
    /// Runs whose whole journal can be read and is what was written.
    pub whole: Vec<RunId>,
    /// Runs that are known of, and cannot be read.
    pub damaged: Vec<RunId>,
}

impl StoreError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoRun { .. } => "`holdpoint history` lists the runs of this store",
            Self::NotARun { .. } => {
                "name a run by the first of its 32 hexadecimal digits; `holdpoint history` lists them"
            }
            Self::Ambiguous { .. } => "give more digits of the run",
            Self::OpenAlready { .. } => "go on with that run: `holdpoint resume RUN`",
            Self::UnderWay { .. } => "wait until it has come to rest, or end that process first",
            Self::Fenced { .. } => {
                "the newer sitting goes on with the run; nothing is to be done here. `holdpoint status \
                 RUN` shows where it is"
            }
            Self::NoMessage { .. } | Self::Statement { .. } => {
                "this is a defect of the program: please report it with this message"
            }
            Self::TooLarge { .. } => {
                "make it smaller: a store keeps records, not files of any size"
            }
            Self::TooManyStatements { .. } => {
                "what was signed before still counts. Look with `holdpoint status RUN` who floods it; \
                 where that is needed, end it with `holdpoint abort RUN` and begin a new one with \
                 `holdpoint run`"
            }
            Self::InWorkTree { .. } => {
                "what is judged could change what was recorded of it: name another state folder \
                 (XDG_STATE_HOME), or a server (`--store`)"
            }
            Self::Foreign { .. } => {
                "run this as the owner, or use a store of your own: another state folder \
                 (XDG_STATE_HOME), another file, or a role that owns its database"
            }
            Self::Refused { .. } => "a store is used only where nobody else can change it",
            Self::Address { .. } => {
                "write it as postgres://USER@HOST/DATABASE; the password can be in PGPASSWORD or in \
                 the file that PGPASSFILE names"
            }
            Self::NewerLayout { .. } => {
                "use the newest version of Holdpoint that works with this store; nothing was changed"
            }
            Self::OlderLayout { .. } => {
                "what only reads brings no store up to date: a run that is not a rehearsal does, and \
                 so does `holdpoint history`"
            }
            Self::NotAStore { .. } => "name another file or database; this one was not changed",
            Self::Corrupt { .. } => {
                "copy it as it is first, with the files beside it. What is named as whole can be \
                 read with `holdpoint status RUN`; restore a backup, or move it away, and a new store \
                 is made. The documentation says more (state.md, A damaged store)"
            }
            Self::Changed { .. } => {
                "the disk fails, or somebody changed the store: restore it from a backup. Nothing \
                 that rests on this document can be shown"
            }
            Self::Unreachable { .. } => {
                "check the address, that the server runs, and what it says of this role; then try again"
            }
            Self::Lost { .. } => {
                "go on with the run when the store is back: `holdpoint resume RUN` reads what was \
                 written"
            }
            Self::Full { .. } => "make room, then go on with the run: `holdpoint resume RUN`",
            Self::Busy { .. } => "try again; look for a process that keeps the store to itself",
        }
    }
}

impl fmt::Display for Written {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nothing => "nothing was written",
            Self::Unknown => "what was being written is there as a whole, or not at all",
        })
    }
}

/// A holder in a sentence.
struct Person<'a>(&'a Holder);

impl fmt::Display for Person<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holder = self.0;
        write!(
            formatter,
            "process {} on {}",
            holder.process,
            holder.host.terminal()
        )?;
        if let Some(user) = &holder.user {
            write!(formatter, " of {}", user.terminal())?;
        }
        if let Some(job) = &holder.job {
            write!(formatter, " ({})", job.terminal())?;
        }
        write!(formatter, ", since {},", holder.since)
    }
}

struct By<'a>(&'a Option<Box<Holder>>);

impl fmt::Display for By<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(holder) => {
                let holder = Person(holder).to_string();
                write!(formatter, ": {}", holder.trim_end_matches(','))
            }
            None => Ok(()),
        }
    }
}

struct Saved<'a>(Option<&'a Readable>);

impl fmt::Display for Saved<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some(readable) if readable.whole.is_empty() => {
                formatter.write_str("; no run can be read from it")
            }
            Some(readable) => {
                write!(formatter, "; whole are the runs {}", short(&readable.whole))?;
                if readable.damaged.is_empty() {
                    Ok(())
                } else {
                    write!(formatter, ", and not {}", short(&readable.damaged))
                }
            }
        }
    }
}

/// How many runs a message names.
const NAMED_MAX: usize = 8;

fn short(runs: &[RunId]) -> String {
    let mut names: Vec<&str> = runs.iter().take(NAMED_MAX).map(RunId::short).collect();
    let more;
    if runs.len() > NAMED_MAX {
        more = format!("{} more", runs.len() - NAMED_MAX);
        names.push(&more);
    }
    names.join(", ")
}

/// A path for people.
pub(super) fn shown(path: &std::path::Path) -> String {
    Text::from_bytes(path.as_os_str().as_encoded_bytes())
        .terminal()
        .to_string()
}
