//! Reading a release from git.

mod compare;
