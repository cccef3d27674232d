//! What a run came to, for people and for machines. A report is made of records and of nothing
//! else: it reads no file, asks nobody and decides nothing.

mod commits;
mod human;
mod journal;
pub mod json;
mod outcome;
mod words;

pub use human::{
    Detail, Page, human_check, human_history, human_next, human_run, human_statement, human_status,
    human_transcript, inert,
};
