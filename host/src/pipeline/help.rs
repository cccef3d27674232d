use std::fmt::Display;

use super::problem::Problem;
use super::value::ValueUser;
use crate::model::{Kind, Text};
use crate::plugin::SettingsError;
use crate::plugin::registry::Reference;

impl Problem {
    /// What to do about it.
    #[must_use]
    #[expect(
        clippy::too_many_lines,
        reason = "one arm a problem, each of a line or two"
    )]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Missing(path)
                if let Some(meant) = path.to_str().and_then(Reference::meant_by) =>
            {
                format!(
                    "a plugin in a registry is written with `oci://` before it, and taken with \
                     `holdpoint plugin add {meant}`"
                )
            }
            Self::Missing(_) => "name an existing file, or leave the option out to use \
                holdpoint.toml of the checkout, else the embedded pipeline; for a file at a ref \
                write REF:PATH"
                .to_owned(),
            Self::LeadsOut(_) => {
                "put the file itself into the checkout, or name the file that is meant".to_owned()
            }
            Self::Outside(_) => {
                "put the file into the working tree, or have the pipeline read from \
                outside of it with `--pipeline`"
                    .to_owned()
            }
            Self::GitFolder(_) => "name a file of the working tree".to_owned(),
            Self::NotAFile(_) => "name a regular file".to_owned(),
            Self::TooLarge(_) => "keep generated content out of the pipeline file".to_owned(),
            Self::Read { .. } | Self::Value(_) | Self::BaseSays => return None,
            Self::Revision { source, .. } => return source.help(),
            Self::NotUtf8 { .. } => "save the file as UTF-8".to_owned(),
            Self::ByteOrderMark(_) => "save the file as UTF-8 without a byte order mark".to_owned(),
            Self::Empty(_) | Self::NoStages(_) => "add a stage, such as:\n[[stages]]\n\
                id = \"policy\"\nuse = [\"conventional-commits\"]"
                .to_owned(),
            Self::Syntax(_) => "see https://toml.io for how TOML is written".to_owned(),
            Self::UnknownKey {
                key,
                table,
                nearest,
                known,
            } => unknown_key(key, table, nearest.as_deref(), known),
            Self::MissingKey { key, meaning, .. } => format!("`{key}`: {meaning}"),
            Self::Name { .. } => "names are kebab-case: lower-case letters, digits and single \
                hyphens, beginning with a letter; `holdpoint` is taken"
                .to_owned(),
            Self::Duplicate { what, .. } => format!("give each {what} a name of its own"),
            Self::UnknownEvidence {
                nearest: Some(nearest),
                ..
            } => format!("did you mean `{}`?", nearest.terminal()),
            Self::UnknownEvidence { name, .. } => format!(
                "say where it is:\n[[release.evidence]]\nname = \"{}\"\npath = \"FILE\"\n\
                 media-type = \"application/json\"",
                name.terminal()
            ),
            Self::EmptyStage(_) => {
                "name its plugins, use = [\"conventional-commits\"], or what it \
                runs, run = [[\"./deploy.sh\"]]"
                    .to_owned()
            }
            Self::Commands { problem, .. } => problem.help(),
            Self::MeasuresNothing(_) => {
                "move `attempts`, `interval` and `inconclusive` to the stage that uses the verify \
                 plugin"
                    .to_owned()
            }
            Self::NoActiveRule(_) => "turn a rule on, or remove the stage".to_owned(),
            Self::UnknownNeeds { nearest, .. } => match nearest {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => "`needs` lists ids of stages of this pipeline".to_owned(),
            },
            Self::Cycle(_) => "remove one of these from a `needs`; without `needs` stages run in \
                the order of the file"
                .to_owned(),
            Self::UnknownPlugin {
                nearest, embedded, ..
            } => match nearest {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!(
                    "embedded plugins: {}; for another one add [plugins.NAME] with its source",
                    quoted(embedded)
                ),
            },
            Self::RelativeSource(_) => "a pipeline read from a ref or embedded in the program has \
                no folder beside it: write an absolute path"
                .to_owned(),
            Self::PluginRead { source, .. } => source.help(),
            Self::Reference { source, .. } => source.help().to_owned(),
            Self::Lock { source, .. } | Self::Locked { source, .. } => source.help().to_owned(),
            Self::NotLocked { plugin, from, .. } => format!(
                "`holdpoint plugin add {} --name {plugin}` looks at it and writes it down",
                from.terminal()
            ),
            Self::Component { source, .. } => source.help().to_owned(),
            Self::LockedSigner { plugin, .. } => format!(
                "where that is meant, `holdpoint plugin update {plugin} --accept` writes it down"
            ),
            Self::DeniedPlugin { .. } | Self::DeniedKey { .. } => {
                "use another version of the plugin, signed with a key that is not refused"
                    .to_owned()
            }
            Self::NoTrustedKey { .. } => "add the key of who publishes it:\n[[trust.keys]]\n\
                name = \"NAME\"\nkey = \"NAME.pub\"\nplugins = [\"PLUGIN\"]"
                .to_owned(),
            Self::Signature { source, .. } => source.help().to_owned(),
            Self::WrongSignature { source, .. } => source.as_ref()?.help().to_owned(),
            Self::Key { source, .. } => source.help().to_owned(),
            Self::PluginLoad { source, .. } => source.help().to_owned(),
            Self::WrongKind { kinds, .. } => format!("it is of kind {}", names(kinds)),
            Self::AmbiguousKind { kinds, .. } => {
                format!(
                    "add `kind` to the stage or to this use of the plugin: {}",
                    names(kinds)
                )
            }
            Self::KindOutsideStages { .. } => format!(
                "stages call plugins of kind {}; one of kind notify belongs to a channel: \
                 [channels.NAME] with use = \"PLUGIN\"",
                names(&super::resolve::STAGE_KINDS)
            ),
            Self::ActionAdvised { .. } => {
                "leave `on-fault` out, or write `mode = \"advise\"` to have its plan shown only"
                    .to_owned()
            }
            Self::ActionWithoutGrant { plugin } => format!(
                "if it may, name the servers that the host asks for it:\n[plugins.{}]\n\
                 grants.requests = [{{ methods = [\"POST\"], url = \"https://HOST/PATH/\" }}]",
                Text::from(plugin.as_str()).terminal()
            ),
            Self::Settings { plugin, source } => settings(plugin, source),
            Self::UnknownRule {
                plugin, nearest, ..
            } => match nearest {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("`holdpoint plugin inspect` lists the rules of {plugin}"),
            },
            Self::Thresholds { .. } => "a release that needs an approval comes before one that is \
                blocked: let `approve-at` be at most `block-at`"
                .to_owned(),
            Self::ThresholdWithoutRisk(_) => "move it to the stage that uses the risk plugin, or \
                add one: use = [\"change-risk\"]"
                .to_owned(),
            Self::ApprovalWithoutApprovers(_) => {
                "say whose approvals count:\n[approvers]\nsigners = \
                \"allowed_signers\"\nThose of a project do not count in a stage of its base policy"
                    .to_owned()
            }
            Self::OverrideWithoutApprovers => {
                "say whose signatures count:\n[approvers]\nsigners = \
                \"allowed_signers\""
                    .to_owned()
            }
            Self::UnknownRole { nearest, known, .. } => match nearest {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None if known.is_empty() => "name its members in [approvers]: roles = \
                    { release-managers = [\"ada@example.com\"] }"
                    .to_owned(),
                None => format!("known roles: {}", quoted(known)),
            },
            Self::SmallRole { .. } => {
                "add members to the role, or ask for fewer; names that share a \
                key or an identity are one person"
                    .to_owned()
            }
            Self::UnknownSigner { .. } => {
                "write it as the list of signers does, or add a line with a key for it".to_owned()
            }
            Self::Signers { source, .. } => source.help(),
            Self::WaiverPlace => "a waiver that names no place would release findings that nobody \
                has seen; for several sorts of places write several waivers"
                .to_owned(),
            Self::NoAddress { .. }
            | Self::Address { .. }
            | Self::Secret { .. }
            | Self::Authorities { .. }
            | Self::Brokered { .. }
            | Self::NoVariable { .. }
            | Self::ValueCommand { .. }
            | Self::ValueText { .. }
            | Self::ValueInReach { .. } => return self.posting_help(),
            Self::UnknownTarget { targets, .. } => format!("its targets: {}", quoted(targets)),
            Self::Cap { .. } => "raise the cap in [limits], or use less".to_owned(),
            Self::Looser { .. } => {
                "a project may tighten its organization's base policy, never loosen it".to_owned()
            }
        })
    }

    /// What to do about how messages are posted.
    fn posting_help(&self) -> Option<String> {
        let help = match self {
            Self::NoAddress { .. } => {
                "add `address`, or leave the key out: without an address \
                messages are only shown"
            }
            Self::Address { source, .. } => source.help(),
            Self::Secret { source, .. } => source.help(),
            Self::Authorities { source, .. } => source.help(),
            Self::Brokered { source, .. } => source.help(),
            Self::NoVariable {
                user: ValueUser::Plugin(_),
                ..
            } => "set the variable for this process: it is read in a dry run too",
            Self::NoVariable { .. } => {
                "set the variable for this process, or remove the channel's \
                address: without one its messages are only shown"
            }
            Self::ValueCommand { source, .. } => source.help(),
            Self::ValueText { .. } => {
                "give it one line without blanks at its ends; one line break after it is left out"
            }
            Self::ValueInReach { .. } => {
                "keep the file outside of every checkout of the repository"
            }
            _ => return None,
        };
        Some(help.to_owned())
    }
}

/// The key that was meant.
fn unknown_key(key: &Text, table: &str, nearest: Option<&str>, known: &[String]) -> String {
    match nearest {
        _ if is_address(table, key.raw()) => {
            "where messages are posted is `address`, and what authenticates is `secret`".to_owned()
        }
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("known keys: {}", quoted(known)),
    }
}

/// Whether a key of a channel is what somebody would call its address or its secret.
fn is_address(table: &str, key: &str) -> bool {
    table.starts_with("[channels.")
        && ["url", "uri", "endpoint", "secrets", "token", "webhook"].contains(&key)
}

/// The key that was meant, else where the schema is to be seen.
fn settings(plugin: &str, error: &SettingsError) -> String {
    let nearest = match error {
        SettingsError::Problems { problems } => {
            problems.iter().find_map(|problem| problem.nearest.as_ref())
        }
        SettingsError::Schema(_) => None,
    };
    match nearest {
        Some(nearest) => format!("did you mean `{}`?", nearest.terminal()),
        None => format!("`holdpoint plugin inspect` shows the schema of the settings of {plugin}"),
    }
}

fn quoted(names: &[impl Display]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn names(kinds: &[Kind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    names.join(", ")
}
