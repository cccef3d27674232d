//! Numbers that come back as they were. They are written as text: a reader of JSON may be off by the
//! last bit of a number, and a call that is run again must be given, and must give, the same bytes.

use serde::{Deserialize, Deserializer, Serializer};

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference to the field"
)]
pub(super) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{number:?}"))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    read(&String::deserialize(deserializer)?)
}

/// There are several ways to write a number, and one in which it is written.
fn read<E: serde::de::Error>(text: &str) -> Result<f64, E> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && format!("{number:?}") == text => Ok(number),
        _ => Err(E::custom("not a finite number, written as text")),
    }
}

/// The same for a number that need not be there.
pub(super) mod optional {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(
        clippy::ref_option,
        reason = "serde hands over a reference to the field"
    )]
    pub(in crate::model) fn serialize<S: Serializer>(
        number: &Option<f64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match number {
            Some(number) => super::serialize(number, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<f64>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::read(&text)).transpose()
    }
}
