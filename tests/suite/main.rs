//! The test suite: the real binary, real components, real git repositories. One binary, because
//! each one that links wasmtime costs a minute.

#![allow(
    unreachable_pub,
    reason = "what the modules of one test binary share is not more public than it"
)]

mod context;

mod actions;
mod approvals;
mod asking;
mod authors;
mod bounds;
mod cache;
mod canary;
mod caps;
mod channels;
mod check;
mod cli;
mod commands;
mod compile;
mod conventional;
mod corpus;
mod delivery;
mod documents;
mod evidence;
mod freeze;
mod frozen;
mod fuzz;
mod gate;
mod hostile;
mod http;
mod loopback;
mod mutants;
mod next;
mod notify;
mod past;
mod pipeline;
mod planted;
mod plugin;
mod policy;
mod postgres;
mod privacy;
mod recorded;
mod registry;
mod rego;
mod release;
mod report;
mod risk;
mod rooms;
mod run;
mod sandbox;
mod schema;
mod score;
mod server;
mod signed;
mod sitting;
mod store;
mod text;
mod transcript;
