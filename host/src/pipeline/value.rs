//! Values that do not stand in the file: addresses and secrets. They are read where they are used, and
//! only there.

use std::fmt;
use std::path::Path;

use super::Trust;
use super::networks::Variable;
use super::place::{NamedBy, place};
use super::problem::{ConfigurationError, FILE_BYTES_MAX, Problem};
use super::read::read_file;
use super::source::Site;
use super::value_command::output;
use zeroize::Zeroizing;

use crate::model::ValueSource;
use crate::release::Repository;
use crate::sandbox::Secret;

/// The longest address or secret, in bytes: the longest tokens that are in use, several times over.
pub const VALUE_BYTES_MAX: usize = 8 << 10;

/// Whose value it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueUser {
    /// A channel.
    Channel(String),
    /// A plugin.
    Plugin(String),
    /// A registry.
    Registry(String),
}

impl fmt::Display for ValueUser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(name) => write!(formatter, "channel `{name}`"),
            Self::Plugin(name) => write!(formatter, "plugin `{name}`"),
            Self::Registry(host) => write!(formatter, "registry `{host}`"),
        }
    }
}

/// Reads values.
#[derive(Clone, Copy)]
pub(super) struct ValueReader<'a> {
    pub(super) repository: &'a Repository,
    pub(super) variable: Variable<'a>,
}

impl ValueReader<'_> {
    /// One line of text, without the line break after it.
    pub(super) fn read(
        &self,
        (user, key): (&ValueUser, &str),
        from: &ValueSource,
        site: &Site,
    ) -> Result<Secret, ConfigurationError> {
        let (user, key) = (user.clone(), key.to_owned());
        let read = match from {
            ValueSource::Env(name) => match (self.variable)(name) {
                // A CI system sets a variable to nothing where it has no value for it.
                value if value.as_ref().is_none_or(|value| value.is_empty()) => {
                    return Err(site.error(Problem::NoVariable {
                        user,
                        key,
                        variable: name.clone(),
                    }));
                }
                value => value.and_then(|value| value.into_string().ok()),
            },
            ValueSource::File(path) => {
                let found = place(path, Path::new("/"), self.repository, NamedBy::Operator)
                    .map_err(|error| error.moved(site.clone()))?;
                if found.trust == Trust::Untrusted {
                    return Err(site.error(Problem::ValueInReach {
                        user,
                        key,
                        path: path.clone(),
                    }));
                }
                let bytes = read_file(&found.path, FILE_BYTES_MAX)
                    .map_err(|error| error.moved(site.clone()))?;
                let bytes = Zeroizing::new(bytes);
                str::from_utf8(&bytes).ok().map(str::to_owned)
            }
            ValueSource::Command(command) => {
                let put_out = output(command, self.repository, self.variable);
                let put_out = put_out.map_err(|source| {
                    site.error(Problem::ValueCommand {
                        user: user.clone(),
                        key: key.clone(),
                        command: from.to_string(),
                        source,
                    })
                })?;
                str::from_utf8(&put_out).ok().map(str::to_owned)
            }
        };
        let line = read.map(Secret::new).and_then(|read| line(&read));
        line.ok_or_else(|| {
            site.error(Problem::ValueText {
                user,
                key,
                from: from.to_string(),
                bytes_max: VALUE_BYTES_MAX,
            })
        })
    }
}

/// The one line of a text; none where there is another one, or nothing.
fn line(text: &Secret) -> Option<Secret> {
    let text = text.expose();
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let is_line = !line.is_empty()
        && line.len() <= VALUE_BYTES_MAX
        && line.trim() == line
        && !line.chars().any(char::is_control);
    is_line.then(|| Secret::new(line.to_owned()))
}
