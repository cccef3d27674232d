//! The map of the house.
//!
//! Holdpoint stands at the hold points of a software release. A run reads its configuration,
//! collects what is released, asks sandboxed plugins what they think of it, folds their answers into
//! a verdict, and says so. Each of these is a room; a room uses rooms with a lower number only.
//!
//! | | room | what it does | look first at |
//! | --- | --- | --- | --- |
//! | 7 | [`cli`] | understands arguments, writes to the terminal, ends the process; one file a command | [`cli::ExitCode`] |
//! | 6 | [`report`] | says what a run came to, for people and for machines | [`report::json::RunReport`] |
//! | 5 | [`pipeline`] | reads the configuration, runs the stages, folds the answers, carries out what is go | [`pipeline::RunRecord`], [`pipeline::sit`] |
//! | 4 | [`plugin`] | gives a plugin's bytes, also from registries, holds them against lock and signature, reads its manifest, checks its settings | [`plugin::Plugin`], [`plugin::lock::Lock`] |
//! | 3 | [`sandbox`] | runs one call of one plugin, with everything denied that was not given; makes the requests that leave the machine | [`sandbox::Sandbox`], [`sandbox::HttpClient`] |
//! | 2 | [`store`] | keeps what was decided and done, and what was worked out | [`store::Store`], [`store::Cache`] |
//! | 1 | [`release`] | reads the release from git, and what the CI system claims | [`release::Repository`] |
//! | 0 | [`model`] | the nouns, and pure rules about them | [`model::Release`] |
//!
//! Below them all lie two packages of their own: `holdpoint-build`, what the host and its build
//! script share (manifests, components, the engine's one configuration), and
//! `holdpoint-conventional`, Conventional Commits read into versions.
//!
//! # The way of a run
//!
//! [`cli`] reads the arguments and the environment, and nobody else does. It has [`release`] open
//! the repository, [`pipeline`] load the configuration from a source that may be trusted or not,
//! [`release`] collect the subject while [`pipeline`] loads the plugins, and [`pipeline`] call them
//! through [`sandbox`]. Everything that crosses the boundary of the sandbox in one call is its
//! [`model::Transcript`], from which the call can be run again. The answer is a [`pipeline::RunRecord`]: [`report`] writes it down, and
//! [`cli::ExitCode::of_run`] turns it into what the process ends with.
//!
//! A rehearsal ends there. Any other run is recorded: [`pipeline::begin`] finds or makes it in a
//! [`store::Store`], and [`pipeline::sit`] is one process's work on it, each step in the journal
//! ([`model::Record`]) before and after it happens. What a run has come to is a fold over its journal,
//! [`model::Progress`], so that any later process goes on from there.
//!
//! # What must not exist
//!
//! - A plugin that changes the world. Plugins answer with values; the host acts on them.
//! - A way past the fold. A verdict is worked out in one place, and faults are never turned into a
//!   go by anybody but the operator.
//! - Text from outside that is printed raw. It is [`model::Text`], which has no `Display`.
//! - Environment variables, the clock, standard output or the end of the process outside of [`cli`].
//! - A run that cannot do without [`store::Cache`], or comes to another verdict with it.
//! - An effect that the journal does not have before it begins.
//! - Git's own configuration, filters, hooks or programs in [`release`]: a checkout is data.
//! - A command that runs in the operator's working tree, through a shell, or with a variable that
//!   nobody chose: a stage's commands have a clean checkout of the judged commit.
//! - A bound without a name, a unit and a test that trips it.
//! - An error type for everybody. Each room has its own, and says in `help` what to do about it.
//! - A room called `util` or `common`. What several rooms need is a noun, and lives in [`model`].
//!
//! Who is kept from what by this, with the test that shows it, and what is promised to nobody, is in
//! `docs/threat-model.md` beside this package.

pub mod cli;
pub mod model;
pub mod pipeline;
pub mod plugin;
pub mod release;
pub mod report;
pub mod sandbox;
pub mod store;
