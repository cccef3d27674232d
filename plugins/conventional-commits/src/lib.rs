//! Holds commit messages and the version to Conventional Commits.
#![forbid(unsafe_code)]
