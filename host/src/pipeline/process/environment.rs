use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::super::clean_checkout::CleanCheckout;
use super::CommandCall;

/// What a command has of the operator's environment without being granted it: where programs and
/// the home folder are, and in which language and zone they speak.
const PASSED_ON: [&str; 5] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ"];

/// A variable that the pipeline names is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the environment variable `{name}`, which `environment` of stage `{stage}` names, is not set"
)]
pub struct MissingVariable {
    /// Its name.
    pub name: String,
    /// The stage.
    pub stage: String,
}

impl MissingVariable {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        format!(
            "set {} where holdpoint runs, or take it out of `environment`",
            self.name
        )
    }
}

/// What the commands of a stage see of the operator's environment: `PATH`, `HOME`, `LANG`, `LC_ALL`
/// and `TZ` as far as they are set, and the variables that the stage names.
///
/// # Errors
///
/// When a variable that the stage names is not set.
pub fn chosen_environment(
    stage: &str,
    operator: &BTreeMap<OsString, OsString>,
    names: &[String],
) -> Result<BTreeMap<OsString, OsString>, MissingVariable> {
    let mut chosen = BTreeMap::new();
    for name in PASSED_ON {
        if let Some(value) = operator.get(OsStr::new(name)) {
            chosen.insert(name.into(), value.clone());
        }
    }
    for name in names {
        let value = operator
            .get(OsStr::new(name))
            .ok_or_else(|| MissingVariable {
                name: name.clone(),
                stage: stage.to_owned(),
            })?;
        chosen.insert(name.into(), value.clone());
    }
    Ok(chosen)
}

/// The name of the variable with the idempotency key, by which processes of a command are known.
pub(super) const KEY: &str = "HOLDPOINT_IDEMPOTENCY_KEY";

/// The whole environment of a command.
pub(super) fn of_call(
    call: &CommandCall<'_>,
    checkout: &CleanCheckout,
) -> BTreeMap<OsString, OsString> {
    let mut environment = call.environment.clone();
    let own: [(&str, OsString); 5] = [
        ("HOLDPOINT_RUN", call.run.as_str().into()),
        ("HOLDPOINT_STAGE", call.effect.stage.as_str().into()),
        ("HOLDPOINT_EFFECT", call.effect.to_string().into()),
        (KEY, call.key.into()),
        ("HOLDPOINT_ARTIFACTS", checkout.artifacts().into()),
    ];
    for (name, value) in own {
        environment.insert(name.into(), value);
    }
    let subject = call.subject;
    let optional = [
        (
            "HOLDPOINT_VERSION",
            subject.version.as_ref().map(ToString::to_string),
        ),
        (
            "HOLDPOINT_TARGET",
            subject
                .target
                .as_ref()
                .map(|target| target.raw().to_owned()),
        ),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            environment.insert(name.into(), value.into());
        }
    }
    environment
}
