use std::fmt::Write as _;

use crate::FaultCode;
use crate::private::bindings::imports::holdpoint::plugin::model;

/// The plugin could not decide. It blocks unless the operator says otherwise; what is wrong with a
/// release is a [`Finding`](crate::Finding).
///
/// `?` turns every error into a fault that tells the whole chain of causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What could not be done, and why.
    pub message: String,
    /// What sort of fault it is; none when the plugin does not know.
    pub code: Option<FaultCode>,
    /// Whether the same call may succeed later.
    pub retry: bool,
}

impl Fault {
    /// The settings fit their schema and still make no sense.
    pub fn settings(message: impl Into<String>) -> Self {
        Self::of(FaultCode::Settings, message)
    }

    /// Something that was asked for through the host is not there.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::of(FaultCode::Missing, message)
    }

    /// Something that was read does not have the expected form.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::of(FaultCode::Malformed, message)
    }

    /// Another system did not answer, or answered with an error. The same call may succeed later.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self {
            retry: true,
            ..Self::of(FaultCode::Unavailable, message)
        }
    }

    /// A defect of the plugin.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::of(FaultCode::Internal, message)
    }

    fn of(code: FaultCode, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: Some(code),
            retry: false,
        }
    }
}

impl<E: std::error::Error> From<E> for Fault {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let _ = write!(message, ": {error}");
            cause = error.source();
        }
        Self {
            message,
            code: None,
            retry: false,
        }
    }
}

impl From<Fault> for model::Fault {
    fn from(fault: Fault) -> Self {
        Self {
            message: fault.message,
            code: fault.code,
            retry: fault.retry,
        }
    }
}
