//! Write Holdpoint plugins in Rust.
//!
//! Holdpoint runs the stages of a software release and asks plugins what to think of it. A plugin is
//! a function from what is known about a release to a value: it changes nothing, and it reaches
//! nothing but what the host hands it. The host checks what comes back, and does what has to be done.
//!
//! # A plugin from top to bottom
//!
//! `plugin.toml` says what it is. It becomes the plugin's manifest, which operators read before they
//! trust it:
//!
//! ```toml
//! name = "no-fridays"
//! version = "0.1.0"
//! description = "No release on a Friday."
//! license = "Apache-2.0"
//! authors = ["Ada Author"]
//! kinds = ["policy"]
//!
//! [[rules]]
//! id = "friday"
//! title = "Releases are not made on a Friday."
//! severity = "error"
//! help = "Wait for Monday."
//!
//! [capabilities]
//! commits = "to let releases pass that only fix"
//! ```
//!
//! `Cargo.toml` names this crate, and asks for a library that can be linked:
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib", "rlib"]
//! ```
//!
//! `src/lib.rs` has the settings, the decision, and one macro:
//!
//! ```
//! #![forbid(unsafe_code)]
//! use holdpoint_sdk::{Fault, Finding, Plugin, Policy, Release};
//!
//! /// What an operator can set. The comments land in the schema.
//! #[holdpoint_sdk::settings]
//! #[derive(Default)]
//! #[serde(default)]
//! pub struct Settings {
//!     /// Whether a release that only fixes may pass.
//!     let_fixes_pass: bool,
//! }
//!
//! struct NoFridays;
//!
//! impl Plugin for NoFridays {
//!     type Settings = Settings;
//! }
//!
//! impl Policy for NoFridays {
//!     fn check(release: &Release, settings: &Settings) -> Result<Vec<Finding>, Fault> {
//!         let days = release.circumstances.time.div_euclid(24 * 60 * 60);
//!         // The first of January 1970 was a Thursday.
//!         let is_friday = days.rem_euclid(7) == 1;
//!         let only_fixes = release.commits().all(|commit| commit.summary.starts_with("fix"));
//!         if !is_friday || (settings.let_fixes_pass && only_fixes) {
//!             return Ok(Vec::new());
//!         }
//!         Ok(vec![Finding::new("friday", "Today is a Friday.")])
//!     }
//! }
//!
//! holdpoint_sdk::export!(NoFridays: policy);
//!
//! // A test needs no host: it makes a release and calls the function.
//! let release = Release::builder()
//!     .circumstances(|circumstances| circumstances.time = 24 * 60 * 60)
//!     .commit("fix: count from one")
//!     .build();
//! let findings = NoFridays::check(&release, &Settings { let_fixes_pass: true }).unwrap();
//! assert!(findings.is_empty());
//! let findings = NoFridays::check(&release, &Settings::default()).unwrap();
//! assert_eq!(findings[0].rule, "friday");
//! ```
//!
//! `holdpoint plugin build` makes the component, `holdpoint plugin inspect` shows what is in it.
//!
//! # The contract
//!
//! - **Kinds.** What a plugin is: [`Policy`], [`Risk`], [`Resource`], [`Document`], [`Notify`],
//!   [`Action`], [`Verify`]. A type can be several; [`export!`] names them.
//! - **What it is given.** A [`Release`], and its settings, already held against their schema.
//! - **Capabilities.** More is read through methods of [`Release`]. Each belongs to a capability that
//!   `plugin.toml` asks for with a reason. Some also need a grant by the operator. One that is used
//!   and not asked for is an error of the build.
//! - **Faults.** A plugin that cannot decide returns a [`Fault`], which blocks the release unless the
//!   operator says otherwise. A panic does the same, and its message and place are logged.
//! - **Nothing else.** No files, environment, sockets, clock or true randomness. Every call starts
//!   in a fresh instance, under bounds on time, memory and what it answers. The same input gives the
//!   same answer, so a call can be repeated years later.

extern crate self as holdpoint_sdk;

mod edit;
mod export;
mod fault;
mod finding;
mod kinds;
pub mod log;
#[doc(hidden)]
pub mod private;
mod release;
mod settings;

pub use fault::Fault;
pub use holdpoint_sdk_macros::settings;
pub use kinds::{Action, Document, Notify, Plugin, Policy, Resource, Risk, Settings, Verify};
pub use private::bindings::action::exports::holdpoint::plugin::action::{
    Content, Element, Member, PlannedRequest, Probe, Step,
};
pub use private::bindings::document::exports::holdpoint::plugin::document::{
    Edit, Insertion, NewContent, Section,
};
pub use private::bindings::imports::holdpoint::plugin::evidence::{
    EvidenceError, Item as EvidenceItem,
};
pub use private::bindings::imports::holdpoint::plugin::history::{Ending, PastRelease};
pub use private::bindings::imports::holdpoint::plugin::http::{
    HttpError, HttpRequest, HttpResponse,
};
pub use private::bindings::imports::holdpoint::plugin::model::{
    Artifact, Bump, Change, ChangeKind, Circumstances, Commit, CommitText, FaultCode, FileLocation,
    Finding, Header, Location, Measures, Person, Severity, Subject, Timestamp, Totals, Trailer,
    Versioning,
};
pub use private::bindings::imports::holdpoint::plugin::tree::TreeError;
pub use private::bindings::notify::exports::holdpoint::plugin::notify::{
    Channel, Event, EventKind, Message, Verdict,
};
pub use private::bindings::resource::exports::holdpoint::plugin::resource::{
    ApprovalClaim, Demand, LeaseClaim, Requirement, Sharing, WindowClaim,
};
pub use private::bindings::risk::exports::holdpoint::plugin::risk::{Assessment, Factor};
pub use private::bindings::verify::exports::holdpoint::plugin::verify::{
    Health, Measurement, Reading,
};
pub use release::{Release, ReleaseBuilder};
pub use settings::NoSettings;
