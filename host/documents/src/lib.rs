//! What the plugins that write documents share: commits read into entries, text of strangers made
//! into Markdown that does nothing but say it, links into a repository's pages, dates. Nothing here
//! reads or asks.

mod date;
mod entry;
mod markdown;
mod repository;

pub use date::date;
pub use entry::{Change, Entry, Reader};
pub use markdown::{inline, plain};
pub use repository::{NotAnAddress, Repository};
