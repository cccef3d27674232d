use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{
    Assessment, Channel, Edit, Event, Fault, Finding, Message, Reading, Release, Requirement, Step,
};

/// What every plugin is, whatever its kinds.
///
/// A plugin has no state: each call runs in a fresh instance, and what it answers follows from the
/// release and the settings alone. There is no clock but `release.circumstances.time`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no plugin",
    note = "write `impl holdpoint_sdk::Plugin for {Self}`, which says what its settings are"
)]
pub trait Plugin {
    /// What the operator can set. [`NoSettings`](crate::NoSettings) when there is nothing to set.
    ///
    /// Its JSON Schema lands in the plugin's manifest, and the host refuses settings that do not fit
    /// before it calls the plugin. An operator who sets nothing gives `{}`.
    type Settings: Settings;
}

/// A type that settings are read into; [`settings`](macro@crate::settings) makes one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the settings of a plugin",
    note = "put `#[holdpoint_sdk::settings]` above it, or name `holdpoint_sdk::NoSettings` where there \
            is nothing to set"
)]
pub trait Settings: Sized {
    /// Reads them from JSON.
    #[doc(hidden)]
    fn read(json: &str) -> serde_json::Result<Self>;

    /// What JSON they are read from.
    #[doc(hidden)]
    fn schema() -> schemars::Schema;
}

// What is missing is then the trait above, with its advice, and not one of these two.
#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema> Settings for T {
    fn read(json: &str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }

    fn schema() -> schemars::Schema {
        schemars::generate::SchemaSettings::draft2020_12()
            .into_generator()
            .into_root_schema_for::<Self>()
    }
}

/// *Is this release allowed?*
///
/// ```
/// use holdpoint_sdk::{Fault, Finding, NoSettings, Plugin, Policy, Release};
///
/// struct NoMerges;
///
/// impl Plugin for NoMerges {
///     type Settings = NoSettings;
/// }
///
/// impl Policy for NoMerges {
///     fn check(release: &Release, _: &NoSettings) -> Result<Vec<Finding>, Fault> {
///         let merges = release.commits().filter(|commit| commit.parents > 1);
///         Ok(merges
///             .map(|merge| Finding::new("merge", "The history is not linear.").at_commit(merge.id))
///             .collect())
///     }
/// }
///
/// holdpoint_sdk::export!(NoMerges: policy);
///
/// let release = Release::builder().commit("feat: a").merge("Merge b").build();
/// assert_eq!(NoMerges::check(&release, &NoSettings {}).unwrap().len(), 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is named as a plugin of the kind `policy` and does not implement `Policy`",
    note = "write `impl holdpoint_sdk::Policy for {Self}`, or do not name `policy` in `holdpoint_sdk::export!`"
)]
pub trait Policy: Plugin {
    /// What speaks against the release; empty when nothing does.
    ///
    /// Each finding names a rule of `plugin.toml`. A rule's severity there counts unless the finding
    /// or the operator says otherwise; what is an error blocks the release in an enforced stage.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when it cannot decide. It blocks, so it is not for what should be a finding.
    fn check(release: &Release, settings: &Self::Settings) -> Result<Vec<Finding>, Fault>;
}

/// *How risky is this release?*
///
/// ```
/// use holdpoint_sdk::{
///     Assessment, Factor, Fault, Location, NoSettings, Plugin, Release, Risk,
/// };
///
/// struct Size;
///
/// impl Plugin for Size {
///     type Settings = NoSettings;
/// }
///
/// impl Risk for Size {
///     fn assess(release: &Release, _: &NoSettings) -> Result<Assessment, Fault> {
///         let lines = release.totals.insertions.saturating_add(release.totals.deletions);
///         let magnitude = f64::from(lines);
///         let size = Factor {
///             name: "size".to_owned(),
///             evidence: format!("{lines} lines changed"),
///             weight: magnitude,
///             heuristic: true,
///             location: Location::Release,
///         };
///         Ok(Assessment { magnitude, factors: vec![size] })
///     }
/// }
///
/// holdpoint_sdk::export!(Size: risk);
///
/// let release = Release::builder().change("src/lib.rs", 30, 12).build();
/// let assessment = Size::assess(&release, &NoSettings {}).unwrap();
/// assert_eq!(assessment.factors[0].evidence, "42 lines changed");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is named as a plugin of the kind `risk` and does not implement `Risk`",
    note = "write `impl holdpoint_sdk::Risk for {Self}`, or do not name `risk` in `holdpoint_sdk::export!`"
)]
pub trait Risk: Plugin {
    /// A magnitude, and the factors that explain it.
    ///
    /// The magnitude is any finite number that grows with risk and can be compared between releases
    /// of one project. The host turns it into a score: its percentile among those of the project's
    /// earlier releases, which it has assessed at their own time. So its order matters more than its
    /// unit; where there are fewer than 20 earlier releases a fixed scale counts, on which 0 is
    /// none, 10 is the middle and 90 is very much.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when it cannot decide.
    fn assess(release: &Release, settings: &Self::Settings) -> Result<Assessment, Fault>;
}

/// *Are the people, the environment and the hour free?*
///
/// ```
/// use holdpoint_sdk::{
///     Demand, Fault, LeaseClaim, NoSettings, Plugin, Release, Requirement, Resource, Sharing,
/// };
///
/// struct OneAtATime;
///
/// impl Plugin for OneAtATime {
///     type Settings = NoSettings;
/// }
///
/// impl Resource for OneAtATime {
///     fn claim(release: &Release, _: &NoSettings) -> Result<Vec<Requirement>, Fault> {
///         let target = release.subject.target.as_deref();
///         let target = target.ok_or_else(|| Fault::missing("the release has no target"))?;
///         Ok(vec![Requirement {
///             demand: Demand::Lease(LeaseClaim {
///                 key: format!("environment/{target}"),
///                 sharing: Sharing::Exclusive,
///             }),
///             reason: format!("one release at a time goes to {target}"),
///         }])
///     }
/// }
///
/// holdpoint_sdk::export!(OneAtATime: resource);
///
/// let release = Release::builder()
///     .subject(|subject| subject.target = Some("production".to_owned()))
///     .build();
/// let claims = OneAtATime::claim(&release, &NoSettings {}).unwrap();
/// assert_eq!(claims[0].reason, "one release at a time goes to production");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is named as a plugin of the kind `resource` and does not implement `Resource`",
    note = "write `impl holdpoint_sdk::Resource for {Self}`, or do not name `resource` in `holdpoint_sdk::export!`"
)]
pub trait Resource: Plugin {
    /// What has to be free: a lease on a key, a window to be in, an approval. The host holds the
    /// release until all of it is, and gives back what it took.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when it cannot decide.
    fn claim(release: &Release, settings: &Self::Settings) -> Result<Vec<Requirement>, Fault>;
}

/// *What should the documents say?*
///
/// ```
/// use holdpoint_sdk::{Document, Edit, Fault, NoSettings, Plugin, Release};
///
/// struct VersionFile;
///
/// impl Plugin for VersionFile {
///     type Settings = NoSettings;
/// }
///
/// impl Document for VersionFile {
///     fn render(release: &Release, _: &NoSettings) -> Result<Vec<Edit>, Fault> {
///         let versions = release.subject.version.iter();
///         Ok(versions
///             .map(|version| Edit::whole("VERSION", format!("{version}\n"), "the version"))
///             .collect())
///     }
/// }
///
/// holdpoint_sdk::export!(VersionFile: document);
///
/// let release = Release::builder().version("1.4.0").build();
/// let edits = VersionFile::render(&release, &NoSettings {}).unwrap();
/// assert_eq!(edits[0].content.text(), "1.4.0\n");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is named as a plugin of the kind `document` and does not implement `Document`",
    note = "write `impl holdpoint_sdk::Document for {Self}`, or do not name `document` in `holdpoint_sdk::export!`"
)]
pub trait Document: Plugin {
    /// The files to write, each whole or in a part: see [`Edit::whole`], [`Edit::section`] and
    /// [`Edit::insertion`]. They are shown as a difference first, and written by the host.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when it cannot decide.
    fn render(release: &Release, settings: &Self::Settings) -> Result<Vec<Edit>, Fault>;
}

/// *What should be said to whom?*
///
/// ```
/// use holdpoint_sdk::{
///     Channel, Event, EventKind, Fault, Message, NoSettings, Notify, Plugin, Release,
/// };
///
/// struct OneLine;
///
/// impl Plugin for OneLine {
///     type Settings = NoSettings;
/// }
///
/// impl Notify for OneLine {
///     fn compose(
///         release: &Release,
///         _: &NoSettings,
///         event: &Event,
///         channel: &Channel,
///     ) -> Result<Vec<Message>, Fault> {
///         if event.kind != EventKind::Blocked {
///             return Ok(Vec::new());
///         }
///         let line = format!("{} is blocked: {}", release.subject.project, event.reason);
///         Ok(vec![Message {
///             media_type: channel.media_type.clone(),
///             body: line.clone(),
///             summary: line,
///         }])
///     }
/// }
///
/// holdpoint_sdk::export!(OneLine: notify);
///
/// let event = Event {
///     kind: EventKind::Blocked,
///     run: "payments-7".to_owned(),
///     stage: Some("policy".to_owned()),
///     verdict: None,
///     reason: "a finding blocks".to_owned(),
///     findings: Vec::new(),
/// };
/// let channel = Channel {
///     name: "team".to_owned(),
///     media_type: "text/plain".to_owned(),
///     body_bytes_max: 10_000,
/// };
/// let release = Release::builder().build();
/// let messages = OneLine::compose(&release, &NoSettings {}, &event, &channel).unwrap();
/// assert_eq!(messages[0].body, "example is blocked: a finding blocks");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is named as a plugin of the kind `notify` and does not implement `Notify`",
    note = "write `impl holdpoint_sdk::Notify for {Self}`, or do not name `notify` in `holdpoint_sdk::export!`"
)]
pub trait Notify: Plugin {
    /// The messages for an event, in a form that the channel takes; empty for none. The host knows
    /// the channel's address and sends them.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when it cannot compose. It never changes the verdict.
    fn compose(
        release: &Release,
        settings: &Self::Settings,
        event: &Event,
        channel: &Channel,
    ) -> Result<Vec<Message>, Fault>;
}

/// *Which requests carry the release out?*
///
/// ```
/// use holdpoint_sdk::{
///     Action, Content, Fault, NoSettings, PlannedRequest, Plugin, Release, Step,
/// };
///
/// struct Deploy;
///
/// impl Plugin for Deploy {
///     type Settings = NoSettings;
/// }
///
/// impl Action for Deploy {
///     fn plan(release: &Release, _: &NoSettings) -> Result<Vec<Step>, Fault> {
///         let version = release.subject.version.as_deref();
///         let version = version.ok_or_else(|| Fault::missing("the release has no version"))?;
///         // To put the same thing twice is the same as once: it may be asked for again.
///         let run = |version: &str| PlannedRequest {
///             method: "PUT".to_owned(),
///             url: "https://deploy.example.com/payments/version".to_owned(),
///             headers: Vec::new(),
///             content: Content::Bytes(version.into()),
///             success: vec![200],
///             idempotency_key: String::new(),
///         };
///         Ok(vec![Step {
///             name: "run".to_owned(),
///             title: format!("run {version}"),
///             request: run(version),
///             probe: None,
///             undo: release.subject.previous.as_deref().map(run),
///         }])
///     }
/// }
///
/// holdpoint_sdk::export!(Deploy: action);
///
/// let release = Release::builder().version("1.4.0").previous("1.3.2").build();
/// let steps = Deploy::plan(&release, &NoSettings {}).unwrap();
/// assert_eq!(steps[0].title, "run 1.4.0");
/// assert!(steps[0].undo.is_some());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is named as a plugin of the kind `action` and does not implement `Action`",
    note = "write `impl holdpoint_sdk::Action for {Self}`, or do not name `action` in `holdpoint_sdk::export!`"
)]
pub trait Action: Plugin {
    /// The requests in order, each with what success is, what shows whether it was made, and what
    /// takes it back. The host makes them when the stage and every earlier one is go.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when it cannot plan.
    fn plan(release: &Release, settings: &Self::Settings) -> Result<Vec<Step>, Fault>;
}

/// *Is it healthy now?*
///
/// ```
/// use holdpoint_sdk::{
///     Fault, Health, HttpRequest, HttpResponse, NoSettings, Plugin, Reading, Release, Verify,
/// };
///
/// struct Answers;
///
/// impl Plugin for Answers {
///     type Settings = NoSettings;
/// }
///
/// impl Verify for Answers {
///     fn measure(release: &Release, _: &NoSettings, _: u32) -> Result<Reading, Fault> {
///         let asked = release.send(&HttpRequest {
///             method: "GET".to_owned(),
///             url: "https://payments.example.com/health".to_owned(),
///             headers: Vec::new(),
///             body: Vec::new(),
///         });
///         let (health, reason) = match asked {
///             Ok(answer) if answer.status == 200 => (Health::Healthy, "it answers".to_owned()),
///             Ok(answer) => (Health::Failing, format!("it answers with {}", answer.status)),
///             Err(error) => (Health::Inconclusive, format!("{error:?}")),
///         };
///         Ok(Reading { health, reason, measures: Vec::new() })
///     }
/// }
///
/// holdpoint_sdk::export!(Answers: verify);
///
/// let down = HttpResponse { status: 503, headers: Vec::new(), body: Vec::new() };
/// let release = Release::builder()
///     .answer("https://payments.example.com/health", down)
///     .build();
/// let reading = Answers::measure(&release, &NoSettings {}, 1).unwrap();
/// assert_eq!(reading.reason, "it answers with 503");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is named as a plugin of the kind `verify` and does not implement `Verify`",
    note = "write `impl holdpoint_sdk::Verify for {Self}`, or do not name `verify` in `holdpoint_sdk::export!`"
)]
pub trait Verify: Plugin {
    /// Measures once; `attempt` counts from 1. How often, and how long apart, is the operator's.
    ///
    /// No traffic and no data is [`Health::Inconclusive`](crate::Health::Inconclusive), neither
    /// success nor failure.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when it cannot measure.
    fn measure(
        release: &Release,
        settings: &Self::Settings,
        attempt: u32,
    ) -> Result<Reading, Fault>;
}
