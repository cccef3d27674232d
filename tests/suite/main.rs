//! The test suite: the real binary, real components, real git repositories. One binary, because
//! each one that links wasmtime costs a minute.

#![allow(
    unreachable_pub,
    reason = "what the modules of one test binary share is not more public than it"
)]

mod context;

mod bounds;
mod cache;
mod caps;
mod check;
mod cli;
mod compile;
mod conventional;
mod documents;
mod freeze;
mod gate;
mod hostile;
mod mutants;
mod next;
mod notify;
mod pipeline;
mod planted;
mod plugin;
mod policy;
mod release;
mod report;
mod risk;
mod rooms;
mod run;
mod sandbox;
mod schema;
mod score;
mod text;
