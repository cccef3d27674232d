//! Keeps what was worked out, so that it need not be worked out again, and what was decided and done,
//! so that it is known.
//!
//! What a [`Cache`] keeps can be lost at any time: it never decides anything, and a run without one
//! comes to the same verdict, later. What a [`Store`] keeps is the record: runs with their journals,
//! documents, signed statements, messages on their way and leases. What belongs together is written
//! in one transaction. [`open_folder`], [`open_file`] and [`open_postgres`] give one: `SQLite` in the
//! user's state folder, `SQLite` as one file that is carried about, and a server.

mod cache;
mod connection;
mod database;
mod documents;
mod error;
mod failure;
mod folder;
mod journal;
mod layout;
mod leases;
mod outbox;
mod postgres;
mod runs;
mod salvage;
mod sealed;
mod sitting;
mod sqlite;
mod state;
mod statements;
mod writing;

pub use cache::{CACHE_BYTES_MAX, CACHE_ENTRIES_MAX, Cache, Place};
pub use connection::{ANSWER_SECONDS_MAX, BUSY_SECONDS_MAX};
pub use database::{
    NOTICE_SECONDS_MAX, open_file, open_folder, open_postgres, read_file, read_folder,
    read_postgres,
};
pub use documents::DOCUMENT_BYTES_MAX;
pub use error::{Readable, StoreError, Written};
pub use postgres::CONNECT_SECONDS_MAX;
pub use sealed::TEXT_BYTES_MAX;
pub use state::{Changes, Filter, HeldLease, Leased, NewRun, Sat, Sitting, Store, SummaryChange};
pub use statements::{STATEMENTS_BYTES_MAX, STATEMENTS_MAX};
