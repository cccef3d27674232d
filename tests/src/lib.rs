//! The test suite is in `suite/`.
