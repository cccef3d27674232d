//! Approvals: signatures as `ssh-keygen` makes and judges them, the list of signers, statements, and
//! which of them let a stage go.

mod assume;
mod files;
mod keys;
mod overriding;
mod properties;
mod refused;
mod signatures;
mod signers;
mod signing;
mod standing;
mod statements;
mod world;
