use std::fmt;
use std::path::PathBuf;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode, SourceSpan};

use super::commands::CommandsProblem;
use super::source::Site;
use super::threshold::Percentile;
use super::value::ValueUser;
use super::value_command::ValueCommandError;
use crate::model::{Digest, Kind, Text};
use crate::plugin::components::ComponentError;
use crate::plugin::lock::LockError;
use crate::plugin::registry::ReferenceError;
use crate::plugin::signature::{KeyError, SignatureError};
use crate::{plugin, release, sandbox};

/// The largest pipeline file, in bytes: a thousand times what a large project writes.
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why a configuration was refused. It points at the line, where there is one.
#[derive(Debug)]
pub struct ConfigurationError {
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    problem: Problem,
    site: Option<Site>,
    shown: Option<NamedSource<String>>,
    other: Option<ConfigurationError>,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A file is not there.
    #[error("there is no file {}", shown(.0))]
    Missing(PathBuf),
    /// A folder, a pipe, a device.
    #[error("{} is not a file", shown(.0))]
    NotAFile(PathBuf),
    /// A link of the checkout that leads out of it.
    #[error("{} is reached through a link of the checkout that leads out of it", shown(.0))]
    LeadsOut(PathBuf),
    /// A file that is not trusted names one elsewhere.
    #[error("{} lies outside of the working tree, and the file that names it is not trusted", shown(.0))]
    Outside(PathBuf),
    /// A link of the checkout, or a file that is not trusted, leads to what is git's own.
    #[error("{} lies in the git folder, which a file of the checkout may not name", shown(.0))]
    GitFolder(PathBuf),
    /// More than [`FILE_BYTES_MAX`].
    #[error("{} is larger than {FILE_BYTES_MAX} bytes", .0.terminal())]
    TooLarge(Text),
    /// It is there and cannot be read.
    #[error("cannot read {}", shown(.path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// It cannot be read from the repository.
    #[error("cannot read {}", .name.terminal())]
    Revision {
        /// `REF:PATH`.
        name: Text,
        /// What the repository says.
        #[source]
        source: release::Error,
    },
    /// Bytes that are not text.
    #[error("{} is not UTF-8: byte {offset} is not part of a character", .name.terminal())]
    NotUtf8 {
        /// The file.
        name: Text,
        /// The first byte that is not.
        offset: usize,
    },
    /// Three invisible bytes at the start.
    #[error("{} starts with a byte order mark", .0.terminal())]
    ByteOrderMark(Text),
    /// Nothing in it.
    #[error("{} is empty", .0.terminal())]
    Empty(Text),
    /// Not TOML.
    #[error("not TOML: {}", .0.terminal())]
    Syntax(Text),
    /// A value of the wrong form.
    #[error("{}", .0.terminal())]
    Value(Text),
    /// A key that does not exist.
    #[error("unknown key `{}` in {table}", .key.terminal())]
    UnknownKey {
        /// The key.
        key: Text,
        /// Where.
        table: String,
        /// The known key that is nearest.
        nearest: Option<String>,
        /// Every known key.
        known: Vec<String>,
    },
    /// A key that must be there.
    #[error("{table} lacks `{key}`")]
    MissingKey {
        /// The key.
        key: String,
        /// Where.
        table: String,
        /// What the key says.
        meaning: String,
    },
    /// A name that is not kebab-case.
    #[error("`{}` cannot be the name of a {what}", .name.terminal())]
    Name {
        /// Of what.
        what: &'static str,
        /// The name.
        name: Text,
    },
    /// Two things of one name.
    #[error("there are two {what}s named `{}`", .name.terminal())]
    Duplicate {
        /// Of what.
        what: &'static str,
        /// The name.
        name: Text,
    },
    /// No stage at all.
    #[error("{} has no stage, so nothing would be checked", .0.terminal())]
    NoStages(Text),
    /// A stage that calls and runs nothing.
    #[error("stage `{0}` has neither a plugin, a command nor approvals, so it would do nothing")]
    EmptyStage(String),
    /// A stage whose plugins are all switched off.
    #[error("every rule of the plugins of stage `{0}` is off, so it would check nothing")]
    NoActiveRule(String),
    /// Commands or edits of a stage.
    #[error("stage `{stage}`: {problem}")]
    Commands {
        /// Which stage.
        stage: String,
        /// What is wrong with them.
        problem: CommandsProblem,
    },
    /// A stage that is not there.
    #[error("stage `{stage}` needs `{}`, which is not a stage", .needs.terminal())]
    UnknownNeeds {
        /// Which stage.
        stage: String,
        /// What it needs.
        needs: Text,
        /// The stage whose name is nearest.
        nearest: Option<String>,
    },
    /// Stages that wait for each other.
    #[error("stages wait for each other: {}", .0.join(" → "))]
    Cycle(Vec<String>),
    /// A plugin that is neither embedded nor in a table.
    #[error("there is no plugin `{}`", .name.terminal())]
    UnknownPlugin {
        /// Its name.
        name: Text,
        /// The plugin whose name is nearest.
        nearest: Option<String>,
        /// Those that are embedded.
        embedded: Vec<String>,
    },
    /// A plugin's path that depends on where a file lies, where there is no folder.
    #[error("`{}` is a relative path in a file that lies in no folder", .0.terminal())]
    RelativeSource(Text),
    /// A plugin's bytes cannot be had.
    #[error("cannot read plugin `{name}`")]
    PluginRead {
        /// Its name.
        name: String,
        /// What the source says.
        #[source]
        source: plugin::Error,
    },
    /// A source in a registry is malformed.
    #[error("the source of plugin `{plugin}` names no plugin in a registry")]
    Reference {
        /// Its name.
        plugin: String,
        /// Why.
        #[source]
        source: ReferenceError,
    },
    /// A lock file cannot be used.
    #[error("holdpoint.lock beside {} cannot be used", beside.terminal())]
    Lock {
        /// The file that it lies beside.
        beside: Text,
        /// Why.
        #[source]
        source: LockError,
    },
    /// Nothing says which bytes of a registry are meant.
    #[error(
        "plugin `{plugin}` comes from a registry, and holdpoint.lock beside {} does not say which \
         bytes it is",
        beside.terminal()
    )]
    NotLocked {
        /// Its name.
        plugin: String,
        /// Where it comes from, as written.
        from: Text,
        /// The file that the lock lies beside.
        beside: Text,
    },
    /// A plugin is not what the lock says.
    #[error("plugin `{plugin}` is not what holdpoint.lock says")]
    Locked {
        /// Its name.
        plugin: String,
        /// What differs.
        #[source]
        source: LockError,
    },
    /// The bytes of a plugin are not to be had.
    #[error("cannot have plugin `{plugin}`")]
    Component {
        /// Its name.
        plugin: String,
        /// Why.
        #[source]
        source: ComponentError,
    },
    /// Somebody else signed it than when it was locked.
    #[error("plugin `{plugin}` is signed by the key {found}, and holdpoint.lock says {locked}")]
    LockedSigner {
        /// Its name.
        plugin: String,
        /// The keys that the lock names.
        locked: String,
        /// The key that signed it.
        found: Digest,
    },
    /// What was refused by its digest.
    #[error("plugin `{plugin}` is {digest}, which is refused ({at})")]
    DeniedPlugin {
        /// Its name.
        plugin: String,
        /// Its digest.
        digest: Digest,
        /// Where it is refused.
        at: String,
    },
    /// It is signed with a key that was refused.
    #[error("plugin `{plugin}` is signed with the key {key}, which is refused ({at})")]
    DeniedKey {
        /// Its name.
        plugin: String,
        /// The key.
        key: Digest,
        /// Where it is refused.
        at: String,
    },
    /// Nobody may sign it.
    #[error(
        "no key of [trust] may sign plugin `{plugin}`, whose manifest calls it `{}` and whose source is {}",
        .named.terminal(),
        .from.terminal()
    )]
    NoTrustedKey {
        /// Its name.
        plugin: String,
        /// What its manifest calls it.
        named: Text,
        /// Where it comes from, as written.
        from: Text,
    },
    /// It has no signature that can be read.
    #[error("plugin `{plugin}` is not signed as [trust] asks")]
    Signature {
        /// Its name.
        plugin: String,
        /// Why.
        #[source]
        source: SignatureError,
    },
    /// None of the keys made its signature.
    #[error("the signature of plugin `{plugin}` is of none of the keys that may sign it: {}", keys.join(", "))]
    WrongSignature {
        /// Its name.
        plugin: String,
        /// Whose keys may.
        keys: Vec<String>,
        /// What the last of them says.
        #[source]
        source: Option<SignatureError>,
    },
    /// A key cannot be used.
    #[error("{} cannot be used as a key", .path.terminal())]
    Key {
        /// The file.
        path: Text,
        /// Why.
        #[source]
        source: KeyError,
    },
    /// A plugin cannot be run.
    #[error("cannot load plugin `{name}`")]
    PluginLoad {
        /// Its name.
        name: String,
        /// What the sandbox says.
        #[source]
        source: sandbox::LoadError,
    },
    /// A plugin that does not answer the question.
    #[error("plugin `{plugin}` is not of kind {kind}")]
    WrongKind {
        /// Its name.
        plugin: String,
        /// The question.
        kind: Kind,
        /// What it is.
        kinds: Vec<Kind>,
    },
    /// A plugin that answers several questions.
    #[error("plugin `{plugin}` is of several kinds, and the stage does not say which it calls")]
    AmbiguousKind {
        /// Its name.
        plugin: String,
        /// What it is.
        kinds: Vec<Kind>,
    },
    /// A question that no stage asks.
    #[error("plugin `{plugin}` is of kind {kind}, which a stage cannot call")]
    KindOutsideStages {
        /// Its name.
        plugin: String,
        /// What it is.
        kind: Kind,
    },
    /// An action that may ask for nothing.
    #[error("plugin `{plugin}` plans requests, and none is granted")]
    ActionWithoutGrant {
        /// Its name.
        plugin: String,
    },
    /// An action whose silence would be a success.
    #[error(
        "plugin `{plugin}` is an action: with `on-fault = \"advise\"` a release would be done without \
         what it does"
    )]
    ActionAdvised {
        /// Its name.
        plugin: String,
    },
    /// Settings against the plugin's schema.
    #[error("plugin `{plugin}` does not accept these settings")]
    Settings {
        /// Its name.
        plugin: String,
        /// What does not fit.
        #[source]
        source: plugin::SettingsError,
    },
    /// A rule that the plugin does not have.
    #[error("plugin `{plugin}` has no rule `{}`", .rule.terminal())]
    UnknownRule {
        /// The plugin.
        plugin: String,
        /// The rule.
        rule: Text,
        /// The rule whose id is nearest.
        nearest: Option<String>,
    },
    /// A grant of evidence that the release does not have.
    #[error("plugin `{plugin}` is granted the evidence `{}`, which the release does not have", name.terminal())]
    UnknownEvidence {
        /// The plugin.
        plugin: String,
        /// The name.
        name: Text,
        /// The piece of evidence whose name is nearest.
        nearest: Option<Text>,
    },
    /// Thresholds of which one could never count.
    #[error("`approve-at` is {approve_at}, which is above `block-at`, {block_at}")]
    Thresholds {
        /// From where on the stage waits.
        approve_at: Percentile,
        /// From where on it is a no-go.
        block_at: Percentile,
    },
    /// Thresholds for a score that nobody makes.
    #[error("stage `{0}` has a threshold and uses no plugin of kind risk, so it would never count")]
    ThresholdWithoutRisk(String),
    /// An approval that nobody could give.
    #[error("stage `{0}` needs an approval, and there are no approvers whose word counts in it")]
    ApprovalWithoutApprovers(String),
    /// An override that nobody could give.
    #[error("an override needs signatures, and there are no approvers")]
    OverrideWithoutApprovers,
    /// A role that is not there.
    #[error("there is no role `{}`", .role.terminal())]
    UnknownRole {
        /// The role.
        role: Text,
        /// The role whose name is nearest.
        nearest: Option<String>,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A role that could never give so many approvals.
    #[error("the role `{role}` has {people} of the {count} people that are needed")]
    SmallRole {
        /// The role.
        role: String,
        /// How many people are in it.
        people: u32,
        /// How many are needed.
        count: u32,
    },
    /// A member of a role who can never sign.
    #[error("no line of the list of signers is for `{}`", .member.terminal())]
    UnknownSigner {
        /// The member.
        member: Text,
    },
    /// A list of signers that cannot be read.
    #[error("{} is not a list of signers", .path.terminal())]
    Signers {
        /// The file.
        path: Text,
        /// What is wrong with it.
        #[source]
        source: plugin::ssh::SignersError,
    },
    /// Keys about measuring in a stage that measures nothing.
    #[error("stage `{0}` says how it measures, and uses no plugin of kind verify")]
    MeasuresNothing(String),
    /// A waiver for everything or for several sorts of places.
    #[error("a waiver is for exactly one of `commits`, `paths`, `artifacts` and `release = true`")]
    WaiverPlace,
    /// A key that says how messages are sent, of a channel that sends none.
    #[error("`{key}` says how messages are sent, and channel `{channel}` has no `address`")]
    NoAddress {
        /// The channel.
        channel: String,
        /// The key.
        key: &'static str,
    },
    /// The address of a channel, which is not said.
    #[error("the address of channel `{channel}`, from {from}, cannot be asked")]
    Address {
        /// The channel.
        channel: String,
        /// Where the address was read, in words.
        from: String,
        /// What is wrong with it.
        #[source]
        source: sandbox::UrlError,
    },
    /// The header of a secret, or the secret itself, which is not said.
    #[error("the secret of channel `{channel}` cannot be sent")]
    Secret {
        /// The channel.
        channel: String,
        /// What is wrong with it.
        #[source]
        source: sandbox::RequestError,
    },
    /// Certificates that cannot be used.
    #[error("`{}` of {user} cannot be used", .path.terminal())]
    Authorities {
        /// Whose it is.
        user: ValueUser,
        /// The file.
        path: Text,
        /// What is wrong with it.
        #[source]
        source: sandbox::AuthoritiesError,
    },
    /// A secret of a plugin that it cannot use, which is not said.
    #[error("the secret `{secret}` of plugin `{plugin}` cannot be used")]
    Brokered {
        /// The plugin.
        plugin: String,
        /// The secret.
        secret: String,
        /// What is wrong with it.
        #[source]
        source: sandbox::BrokeredError,
    },
    /// A variable that is not there.
    #[error("`{key}` of {user} is read from the variable `{variable}`, which is not set, or empty")]
    NoVariable {
        /// Whose it is.
        user: ValueUser,
        /// The key.
        key: String,
        /// The variable.
        variable: String,
    },
    /// A value that is no line of text. It is not said.
    #[error("`{key}` of {user}, from {from}, is not one line of text of at most {bytes_max} bytes")]
    ValueText {
        /// Whose it is.
        user: ValueUser,
        /// The key.
        key: String,
        /// Where it was read, in words.
        from: String,
        /// The bound.
        bytes_max: usize,
    },
    /// A command that gave no value. Nothing is said of what it put out.
    #[error("`{key}` of {user} cannot be had from {command}: {source}")]
    ValueCommand {
        /// Whose it is.
        user: ValueUser,
        /// The key.
        key: String,
        /// The command, in words.
        command: String,
        /// What went wrong.
        source: ValueCommandError,
    },
    /// A file with a value that the change under judgement could have written.
    #[error(
        "`{key}` of {user} is read from {}, which the change under judgement could have written",
        shown(.path)
    )]
    ValueInReach {
        /// Whose it is.
        user: ValueUser,
        /// The key.
        key: String,
        /// The file.
        path: PathBuf,
    },
    /// A target that the project does not have.
    #[error("`{}` is not a target of this project", .target.terminal())]
    UnknownTarget {
        /// The target.
        target: Text,
        /// Those that are.
        targets: Vec<String>,
    },
    /// More than a cap of the run allows.
    #[error("{what} is more than the cap of the run, {cap}")]
    Cap {
        /// What is.
        what: String,
        /// The cap, with its unit.
        cap: String,
    },
    /// A project that loosens what its organization set.
    #[error(
        "`{key}` is {} in {}, which is looser than {} in {}",
        .project.terminal(), .project_at, .base.terminal(), .base_at
    )]
    Looser {
        /// The key.
        key: String,
        /// The project's value.
        project: Text,
        /// The project's file and line.
        project_at: String,
        /// The value of the base policy.
        base: Text,
        /// The file and line of the base policy.
        base_at: String,
    },
    /// Where the base policy says it.
    #[error("the base policy says so here")]
    BaseSays,
}

impl Problem {
    /// Commands or edits of a stage.
    pub(super) fn commands(stage: &str, problem: CommandsProblem) -> Self {
        Self::Commands {
            stage: stage.to_owned(),
            problem,
        }
    }

    /// Two things of one name.
    pub(super) fn duplicate(what: &'static str, name: &str) -> Self {
        Self::Duplicate {
            what,
            name: Text::from(name),
        }
    }
}

/// A path for people.
fn shown(path: &std::path::Path) -> String {
    Text::from(path.to_string_lossy()).terminal().to_string()
}

impl ConfigurationError {
    /// An error without a line.
    pub(super) fn new(problem: impl Into<Problem>) -> Self {
        Self::with(problem.into(), None, None)
    }

    /// An error at a place.
    pub(super) fn at(problem: impl Into<Problem>, site: Site) -> Self {
        Self::with(problem.into(), Some(site), None)
    }

    /// The same error, with the place of a second file.
    pub(super) fn beside(mut self, other: Site) -> Self {
        self.inner.other = Some(Self::at(Problem::BaseSays, other));
        self
    }

    /// The same problem, at the place that led to it.
    pub(super) fn moved(self, site: Site) -> Self {
        Self::at(self.inner.problem, site)
    }

    fn with(problem: Problem, site: Option<Site>, other: Option<Self>) -> Self {
        let shown = site.as_ref().map(|site| {
            NamedSource::new(
                site.source.name.terminal().to_string(),
                printable(&site.source.text),
            )
            .with_language("TOML")
        });
        Self {
            inner: Box::new(Inner {
                problem,
                site,
                shown,
                other,
            }),
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.inner.problem
    }

    /// Where it is wrong.
    #[must_use]
    pub fn site(&self) -> Option<&Site> {
        self.inner.site.as_ref()
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        self.inner.problem.help()
    }
}

/// The text with each character that a terminal might obey replaced by as many `?` as it has
/// bytes, so that places stay right.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        let kept = matches!(character, '\n' | '\t' | ' '..='~') || {
            let mut buffer = [0; 4];
            let character: &str = character.encode_utf8(&mut buffer);
            Text::from(character).terminal().to_string() == character
        };
        if kept {
            printable.push(character);
        } else {
            printable.extend(std::iter::repeat_n('?', character.len_utf8()));
        }
    }
    printable
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.inner.problem, formatter)
    }
}

impl std::error::Error for ConfigurationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.inner.problem)
    }
}

impl Diagnostic for ConfigurationError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.inner
            .problem
            .help()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.inner
            .shown
            .as_ref()
            .map(|shown| shown as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let site = self.inner.site.as_ref()?;
        let length = site.source.text.len();
        let start = site.span.start.min(length);
        let end = site.span.end.clamp(start, length);
        // A place of many lines, such as a whole table, is shown by its first.
        let end = site
            .source
            .text
            .get(start..end)
            .and_then(|text| text.find('\n'))
            .map_or(end, |line| start + line);
        let span = SourceSpan::from(start..end);
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(
            Some("here".to_owned()),
            span,
        ))))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        let other = self.inner.other.as_ref()?;
        Some(Box::new(std::iter::once(other as &dyn Diagnostic)))
    }
}
