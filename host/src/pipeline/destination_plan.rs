//! Where the messages of a channel are posted, as the file says it: before any value is read.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use ipnet::IpNet;

use super::address_table::{AddressEntry, Delivery, SecretTable, ValueTable};
use super::at::At;
use super::file::ChannelTable;
use super::plan::Set;
use super::problem::{ConfigurationError, Problem};
use super::quantity::Span;
use super::source::{Site, Source};
use super::value_command::{VALUE_COMMAND_TIMEOUT, VALUE_COMMAND_TIMEOUT_MAX};
use crate::model::{Text, ValueCommand, ValueSource};
use crate::sandbox::{HttpUrl, Secret, SecretHeader};

/// The most ranges of addresses of one channel or grant: a network has a few.
pub const ADDRESS_RANGES_MAX: usize = 64;

/// The header of a secret whose table names none.
pub(super) const HEADER: &str = "authorization";

/// What stands before a secret in that header where the table does not say.
const PREFIX: &str = "Bearer ";

/// Where messages are posted, before any value is read.
#[derive(Clone, Debug)]
pub struct DestinationPlan {
    /// The URL.
    pub address: Set<AddressPlan>,
    /// What authenticates.
    pub secret: Option<SecretPlan>,
    /// Ranges of addresses that the host may have although they are not public.
    pub addresses: Vec<IpNet>,
    /// Path of a file of certificates.
    pub ca: Option<Set<String>>,
    /// What happens to a message of which nobody knows whether it arrived.
    pub delivery: Delivery,
}

/// The URL that messages are posted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressPlan {
    /// It stands in the file.
    Url(HttpUrl),
    /// It is read.
    Value(ValueSource),
}

/// What authenticates.
#[derive(Clone, Debug)]
pub struct SecretPlan {
    /// Where it is read from.
    pub value: Set<ValueSource>,
    /// The header that it is sent in.
    pub header: String,
    /// What stands before it.
    pub prefix: String,
}

impl fmt::Display for AddressPlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The rest of it may be the secret.
            Self::Url(url) => write!(formatter, "{}/…", url.origin()),
            Self::Value(value) => value.fmt(formatter),
        }
    }
}

impl DestinationPlan {
    /// Whether two files say the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        // Taken apart by name, so that a new key cannot be forgotten here.
        let Self {
            address,
            secret,
            addresses,
            ca,
            delivery,
        } = self;
        let secret_of = |secret: &Option<SecretPlan>| {
            secret.as_ref().map(|secret| {
                let SecretPlan {
                    value,
                    header,
                    prefix,
                } = secret;
                (value.value.clone(), header.clone(), prefix.clone())
            })
        };
        address.value == other.address.value
            && secret_of(secret) == secret_of(&other.secret)
            && *addresses == other.addresses
            && ca.as_ref().map(|ca| &ca.value) == other.ca.as_ref().map(|ca| &ca.value)
            && *delivery == other.delivery
    }

    /// What it is, in a few words, without a value that is read from elsewhere, and of a URL only
    /// where it leads.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = format!("to {}", self.address.value);
        if let Some(secret) = &self.secret {
            words.push_str(&format!(
                " with {} in `{}`",
                secret.value.value, secret.header
            ));
        }
        if !self.addresses.is_empty() {
            let ranges: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
            words.push_str(&format!(" at {}", ranges.join(", ")));
        }
        if let Some(ca) = &self.ca {
            let path = Text::from(ca.value.as_str());
            words.push_str(&format!(" trusting `{}`", path.terminal()));
        }
        format!("{words}, {}", self.delivery.name())
    }

    /// What of it decides where messages go. A value that is read is there by its name; a URL that
    /// stands in the file is part of the file's own digest.
    pub(super) fn document(&self) -> serde_json::Value {
        let address = match &self.address.value {
            AddressPlan::Url(url) => serde_json::json!({ "origin": url.origin() }),
            AddressPlan::Value(value) => serde_json::json!(value),
        };
        let secret = self.secret.as_ref().map(|secret| {
            serde_json::json!({
                "value": secret.value.value,
                "header": secret.header,
                "prefix": secret.prefix,
            })
        });
        let ranges: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        serde_json::json!({
            "address": address,
            "secret": secret,
            "addresses": ranges,
            "delivery": self.delivery,
        })
    }
}

/// The destination of one channel; none without an address.
pub(super) fn destination(
    channel: &str,
    table: &mut ChannelTable,
    source: &Arc<Source>,
) -> Result<Option<DestinationPlan>, ConfigurationError> {
    let place = |span| Site::new(source, span);
    let secret = table.secret.take();
    let addresses = table.addresses.take();
    let ca = table.ca.take();
    let delivery = table.delivery.take();
    let Some(address) = table.address.take() else {
        let spans = [
            ("secret", secret.map(|at| at.span)),
            ("addresses", addresses.map(|at| at.span)),
            ("ca", ca.map(|at| at.span)),
            ("delivery", delivery.map(|at| at.span)),
        ];
        return match spans.into_iter().find_map(|(key, span)| Some((key, span?))) {
            Some((key, span)) => Err(place(&span).error(Problem::NoAddress {
                channel: channel.to_owned(),
                key,
            })),
            None => Ok(None),
        };
    };
    let site = place(&address.span);
    let address = match address.value {
        // Without its line, which has the whole URL on it.
        AddressEntry::Url(text) => AddressPlan::Url(HttpUrl::new(&text).map_err(|source| {
            ConfigurationError::new(Problem::Address {
                channel: channel.to_owned(),
                from: site.words(),
                source,
            })
        })?),
        AddressEntry::Value(table) => AddressPlan::Value(value_source(table, &site)?),
    };
    Ok(Some(DestinationPlan {
        address: Set {
            value: address,
            site,
        },
        secret: match secret {
            None => None,
            Some(secret) => Some(secret_plan(channel, secret, source)?),
        },
        addresses: match addresses {
            None => Vec::new(),
            Some(addresses) => ranges(&addresses, source)?,
        },
        ca: ca.map(|ca| Set::of(ca, source)),
        delivery: delivery.map(|delivery| delivery.value).unwrap_or_default(),
    }))
}

pub(super) fn value_source(
    table: ValueTable,
    site: &Site,
) -> Result<ValueSource, ConfigurationError> {
    let refused = |message: &str, span| {
        let site = Site::new(&site.source, span);
        site.error(Problem::Value(Text::from(message)))
    };
    let ValueTable {
        env,
        file,
        command,
        timeout,
    } = table;
    if let (None, Some(timeout)) = (&command, &timeout) {
        let message = "`timeout` is the time of a `command`, and there is none";
        return Err(refused(message, &timeout.span));
    }
    match (env, file, command) {
        (Some(env), None, None) => {
            let is_start = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
            let mut bytes = env.value.bytes();
            let is_name = bytes.next().is_some_and(is_start)
                && bytes.all(|byte| is_start(byte) || byte.is_ascii_digit());
            if is_name {
                Ok(ValueSource::Env(env.value))
            } else {
                let message = "expected the name of a variable, such as `SLACK_TOKEN`: letters, \
                               digits and `_`";
                Err(refused(message, &env.span))
            }
        }
        (None, Some(file), None) if Path::new(&file.value).is_absolute() => {
            Ok(ValueSource::File(file.value.into()))
        }
        (None, Some(file), None) => {
            let message = "expected an absolute path, such as `/run/secrets/slack`: the file lies \
                           on the machine, not beside the pipeline file";
            Err(refused(message, &file.span))
        }
        (None, None, Some(command)) => {
            let timeout_max = VALUE_COMMAND_TIMEOUT_MAX;
            if let Some(timeout) = &timeout
                && timeout.value.0 > timeout_max
            {
                let message = format!("a command has at most {}", Span(timeout_max));
                return Err(refused(&message, &timeout.span));
            }
            let program = command.value.first();
            let program = program.map_or("", |program| program.value.as_str());
            let is_program =
                !program.is_empty() && (!program.contains('/') || program.starts_with('/'));
            let has_zero = command.value.iter().any(|word| word.value.contains('\0'));
            if !is_program || has_zero {
                let message = "expected a program and its arguments, such as `[\"pass\", \"show\", \
                               \"deploy/token\"]`: the program by its name in PATH, or by an \
                               absolute path";
                return Err(refused(message, &command.span));
            }
            let timeout = timeout.map_or(VALUE_COMMAND_TIMEOUT, |timeout| timeout.value.0);
            Ok(ValueSource::Command(ValueCommand {
                arguments: command.values(),
                timeout_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
            }))
        }
        _ => {
            let message = "a value is read from exactly one of `env`, `file` and `command`";
            Err(refused(message, &site.span))
        }
    }
}

fn secret_plan(
    channel: &str,
    table: At<SecretTable>,
    source: &Arc<Source>,
) -> Result<SecretPlan, ConfigurationError> {
    let site = Site::new(source, &table.span);
    let SecretTable {
        env,
        file,
        command,
        timeout,
        header,
        prefix,
    } = table.value;
    let value = ValueTable {
        env,
        file,
        command,
        timeout,
    };
    let value = value_source(value, &site)?;
    let (header, header_site) = match header {
        Some(header) => (header.value, Site::new(source, &header.span)),
        None => (HEADER.to_owned(), site.clone()),
    };
    let prefix = prefix_of(&header, prefix);
    // Whatever the secret is, what stands around it can be held against the rules now.
    let stand_in = Secret::new("secret".to_owned());
    if let Err(source) = SecretHeader::new(&header, &prefix, &stand_in) {
        return Err(header_site.error(Problem::Secret {
            channel: channel.to_owned(),
            source,
        }));
    }
    Ok(SecretPlan {
        value: Set { value, site },
        header,
        prefix,
    })
}

/// What stands before a secret in a header.
pub(super) fn prefix_of(header: &str, prefix: Option<At<String>>) -> String {
    match prefix {
        Some(prefix) => prefix.value,
        None if header.eq_ignore_ascii_case(HEADER) => PREFIX.to_owned(),
        None => String::new(),
    }
}

pub(super) fn ranges(
    addresses: &At<Vec<At<String>>>,
    source: &Arc<Source>,
) -> Result<Vec<IpNet>, ConfigurationError> {
    let refused =
        |message: String, span| Site::new(source, span).error(Problem::Value(Text::from(message)));
    if addresses.value.len() > ADDRESS_RANGES_MAX {
        let message = format!("there are at most {ADDRESS_RANGES_MAX} ranges of addresses");
        return Err(refused(message, &addresses.span));
    }
    let mut ranges = Vec::with_capacity(addresses.value.len());
    for text in &addresses.value {
        ranges.push(range(&text.value).map_err(|message| refused(message, &text.span))?);
    }
    // The order says nothing, so it is not compared.
    ranges.sort();
    ranges.dedup();
    Ok(ranges)
}

/// A range as it is written: an address, `/` and the length of its prefix, or one address.
fn range(text: &str) -> Result<IpNet, String> {
    let range = match text.parse::<IpNet>() {
        Ok(range) => range,
        Err(_) => text
            .parse::<IpAddr>()
            .map(IpNet::from)
            .map_err(|_| "expected a range of addresses, such as `10.2.0.0/16`".to_owned())?,
    };
    if range.trunc() != range {
        return Err(format!("that range is written `{}`", range.trunc()));
    }
    match range {
        // Such an address is held against ranges as the IPv4 address that it is.
        IpNet::V6(range)
            if range.prefix_len() >= 96 && range.network().to_ipv4_mapped().is_some() =>
        {
            Err("write a range of IPv4 addresses as such".to_owned())
        }
        range => Ok(range),
    }
}
