use std::str::FromStr;

use jiff::{Timestamp, Zoned};

/// A point in time from the command line: RFC 3339, with or without a zone in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(pub(super) Timestamp);

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A zone in brackets is held against the offset, so the zoned form is tried first.
        let moment = if text.contains('[') {
            text.parse::<Zoned>().map(|zoned| zoned.timestamp())
        } else {
            text.parse::<Timestamp>()
        };
        moment.map(Self).map_err(|_| {
            "expected a time with its offset, such as 2026-11-22T10:00:00+01:00 or \
             2026-11-22T10:00:00+01:00[Europe/Berlin]"
                .to_owned()
        })
    }
}
