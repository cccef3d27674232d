use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;

use super::{
    AnswerReport, ApprovalReport, BaseSourceReport, EffectReport, EventReport, MeasuredReport,
    OverrideReport, PlaceReport, SCHEMA_VERSION, ScoreReport, SignerReport, SittingReport,
};
use crate::model::{
    BaseSource, Circumstances, Effects, FaultCode, Grants, HttpGrant, HttpMethod, Kind, Outcome,
    Release, Severity, Text, Totals, Verdict,
};
use crate::pipeline::{
    ConfigurationRecord, JudgedFinding, Mode, OnFault, Percentile, PluginRecord, RunRecord,
    SourceRecord, StageRecord, Trust, WaiverRecord,
};
use crate::report::commits::Commits;
use crate::sandbox::{CodeOrigin, Limits, LogLevel, LogLine};

/// What `run --format json` writes: everything that a run came to.
///
/// The same run twice, at the same `--at` and with the same CI variables, differs in `run`, in each
/// `duration_ms`, and where a plugin writes the identifier of the run into a message.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Holdpoint run")]
pub struct RunReport {
    /// Version of this document's form.
    pub schema: u32,
    /// Identifier of this run; differs from run to run.
    pub run: String,
    /// The verdict of all stages: the worst counts.
    pub verdict: Verdict,
    /// Whether somebody broke the glass.
    pub overridden: bool,
    /// What became of the effects.
    pub effects: Effects,
    /// What the process ends with.
    pub exit_code: u8,
    /// What was judged.
    pub subject: SubjectReport,
    /// What is known about this sitting.
    pub circumstances: CircumstancesReport,
    /// What decided.
    pub configuration: ConfigurationReport,
    /// The stages, in the order in which they ran.
    pub stages: Vec<StageReport>,
    /// Findings of the host itself, about the run as a whole.
    pub findings: Vec<FindingReport>,
    /// What the plugins of channels made of the events of the run.
    pub messages: Vec<EventReport>,
    /// What is recorded of the run; none for a rehearsal, of which nothing is.
    pub sitting: Option<SittingReport>,
}

/// What was judged.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SubjectReport {
    /// Name of the project.
    pub project: String,
    /// Version to be released; none when nothing names one and no commit asks for one.
    pub version: Option<Version>,
    /// Version that the range starts from; none before the first release.
    pub previous: Option<Version>,
    /// Full object name of the judged commit.
    pub head: String,
    /// Full object name of the commit that the range starts after; none when the range reaches back
    /// to the root commits.
    pub base: Option<String>,
    /// What says where the range starts; none where that is not known any more.
    pub base_source: Option<BaseSourceReport>,
    /// Where the release is going.
    pub target: Option<String>,
    /// Path filter, relative to the root of the repository.
    pub path: Option<String>,
    /// Tags on the judged commit that name a version, highest first.
    pub tags: Vec<String>,
    /// Digest of the subject document.
    pub digest: String,
    /// Sizes.
    pub totals: Totals,
    /// What is shipped.
    pub artifacts: Vec<NamedFileReport>,
    /// Files about the release.
    pub evidence: Vec<EvidenceReport>,
}

/// A file that the operator named.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NamedFileReport {
    /// Name given by the operator.
    pub name: String,
    /// Digest of the bytes that were read.
    pub digest: String,
    /// Size in bytes.
    pub size: u64,
}

/// A file about the release.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EvidenceReport {
    /// Name given by the operator.
    pub name: String,
    /// What it is, as the operator states.
    pub media_type: String,
    /// Digest of the bytes that were read.
    pub digest: String,
    /// Size in bytes.
    pub size: u64,
}

/// What is known about this sitting. Everything but the time is claimed by the environment.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CircumstancesReport {
    /// The sitting's time, RFC 3339 in UTC.
    pub time: String,
    /// IANA name of the operator's time zone.
    pub zone: String,
    /// What a CI system claims; none outside a known one.
    pub ci: Option<CiReport>,
    /// Whether the working tree differs from the judged commit; none where that cannot be told.
    pub dirty: Option<bool>,
    /// Whether effects are shown and not carried out.
    pub dry_run: bool,
}

/// What a CI system claims in its environment variables. Nothing of it is verified.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CiReport {
    /// Always true: these are claims.
    pub claimed: bool,
    /// `github`, `gitlab`, `jenkins` or `buildkite`.
    pub system: String,
    /// Who started the job.
    pub initiator: Option<String>,
    /// The commit that the job was started for.
    pub commit: Option<String>,
    /// The branch or tag that the job was started for.
    pub reference: Option<String>,
    /// The repository's name at the CI system.
    pub repository: Option<String>,
    /// Identifier of the job.
    pub job: Option<String>,
    /// Address of the job.
    pub url: Option<String>,
}

/// What decided, and where it was read from.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ConfigurationReport {
    /// Whether it was out of reach of the change under judgement.
    pub trusted: bool,
    /// The pipeline.
    pub pipeline: SourceReport,
    /// The organization's base policy.
    pub policy: Option<SourceReport>,
    /// Digest of everything that decides: pipeline, base policy, plugins, settings, flags.
    pub digest: String,
}

/// Where a file of the configuration was read from, and what it was.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SourceReport {
    /// In words: `embedded`, a path, `REF:PATH`.
    pub origin: String,
    /// Digest of its bytes.
    pub digest: String,
}

/// One stage.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StageReport {
    /// Its id.
    pub id: String,
    /// What it came to.
    pub verdict: Verdict,
    /// The highest score of its risk plugins, from 0 to 100; none without one that answered.
    pub score: Option<f64>,
    /// The score from which on it waits for an approval.
    pub approve_at: Option<f64>,
    /// The score from which on it is a no-go.
    pub block_at: Option<f64>,
    /// Its plugins, in the order of the file.
    pub plugins: Vec<PluginReport>,
    /// The findings of all its plugins, in the same order.
    pub findings: Vec<FindingReport>,
    /// Whether it was decided about; a stage that was not is no part of the verdict.
    pub reached: bool,
    /// What it waits for, in words.
    pub missing: Vec<String>,
    /// What signed statements come to; none in a rehearsal.
    pub approval: Option<ApprovalReport>,
    /// What overrides come to; none where nothing is to be overridden.
    pub overriding: Option<OverrideReport>,
    /// The commands that it runs, each with its arguments.
    pub commands: Vec<Vec<String>>,
    /// Its effects that have begun.
    pub effects: Vec<EffectReport>,
    /// Measurements of this sitting.
    pub measured: Vec<MeasuredReport>,
}

/// One plugin in one stage.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PluginReport {
    /// Its name in the pipeline file.
    pub name: String,
    /// Which of its kinds was called.
    pub kind: Kind,
    /// Its version.
    pub version: Version,
    /// Digest of the component.
    pub digest: String,
    /// Who made its machine code, now or for an earlier run: it was built with the `program`, a
    /// `process` of its own compiled it, or the `host` did.
    pub machine_code: String,
    /// What kept the process that compiled it from anything else; null where none did.
    pub confinement: Option<ConfinementReport>,
    /// Whether its findings count.
    pub mode: Mode,
    /// Whether its faults count.
    pub on_fault: OnFault,
    /// What it contributes to the stage's verdict.
    pub verdict: Verdict,
    /// What became of the call: `answered`, `fault`, `trapped`, `out-of-fuel`, `out-of-memory`,
    /// `timed-out`, `too-much-output` or `malformed`.
    pub outcome: String,
    /// Why there is no answer; none when it answered.
    pub fault: Option<FaultReport>,
    /// What it answered; none when it did not.
    pub answer: Option<AnswerReport>,
    /// What the host made of its answer; only of one of a risk plugin.
    pub score: Option<ScoreReport>,
    /// The bounds that were in force.
    pub limits: LimitsReport,
    /// What it may use beyond the release itself.
    pub grants: GrantsReport,
    /// Who signed it, by the word of each file that asks for a signature.
    pub signers: Vec<SignerReport>,
    /// Fuel used.
    pub fuel: u64,
    /// Largest sum of its memories and tables, in bytes.
    pub memory_bytes: u64,
    /// Wall-clock time in milliseconds; differs from run to run.
    pub duration_ms: u64,
    /// What it logged and printed, in order.
    pub log: Vec<LogLineReport>,
}

/// Why there is no answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FaultReport {
    /// What went wrong, in words.
    pub message: String,
    /// The sort of fault that the plugin named: `settings`, `missing`, `malformed`, `unavailable` or
    /// `internal`.
    pub code: Option<String>,
    /// Whether the plugin says that the same call may succeed later.
    pub retry: Option<bool>,
    /// The bound that was crossed, by the key that raises it in the pipeline file's `limits`.
    pub limit: Option<String>,
    /// Guest frames, innermost first.
    pub backtrace: Vec<String>,
}

/// What kept a process that compiles from anything else, beyond its limits.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ConfinementReport {
    /// Whether Landlock kept it from files, addresses and other processes.
    pub landlock: bool,
    /// Whether seccomp kept it from system calls that it does not need.
    pub seccomp: bool,
}

/// What a plugin may use beyond the release itself.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GrantsReport {
    /// Files of the judged commit, and folders, which end with `/`.
    pub tree: Vec<String>,
    /// Names of the evidence that it may read.
    pub evidence: Vec<String>,
    /// Whether it may know the earlier releases on the target.
    pub history: bool,
    /// Requests that it may make.
    pub http: Vec<HttpGrantReport>,
    /// Requests that it may have the host make.
    pub requests: Vec<HttpGrantReport>,
    /// Digest of the certificates that say who may be the other side; null for those that the
    /// platform trusts.
    pub ca: Option<String>,
    /// Credentials that it uses and never sees.
    pub secrets: Vec<SecretGrantReport>,
}

/// Requests that are allowed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HttpGrantReport {
    /// The methods.
    pub methods: Vec<String>,
    /// What the URL begins with.
    pub url: String,
    /// Ranges of addresses that are allowed although they are not public.
    pub addresses: Vec<String>,
}

/// A credential that a plugin uses and never sees.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SecretGrantReport {
    /// The name that it asks by.
    pub name: String,
    /// The one server that it is sent to.
    #[serde(rename = "for")]
    pub origin: String,
    /// The header that it is sent in; null where it is sent elsewhere.
    pub header: Option<String>,
    /// The parameter of the query that it is sent as; null where it is sent elsewhere.
    pub query: Option<String>,
    /// The field of a form, or the JSON Pointer, that it is sent as in the body; null where it is
    /// sent elsewhere.
    pub body: Option<String>,
}

/// The bounds on one plugin call.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LimitsReport {
    /// Units of fuel.
    pub fuel: u64,
    /// Wall-clock time of the whole call, in milliseconds.
    pub timeout_ms: u64,
    /// Memories and tables together, in bytes.
    pub memory_bytes: u64,
    /// One answer, in bytes.
    pub answer_bytes: u64,
    /// Items of one answer.
    pub answer_items: u64,
    /// One text in an answer, in bytes.
    pub text_bytes: u64,
    /// Log lines.
    pub log_lines: u64,
    /// Log lines, standard output and standard error together, in bytes.
    pub log_bytes: u64,
    /// Calls from the guest to the host.
    pub host_calls: u64,
    /// Bytes handed to the guest by all host calls together.
    pub host_call_bytes: u64,
}

/// A line that a plugin logged or printed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LogLineReport {
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The line.
    pub text: String,
}

/// One reason against the release, and what was made of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FindingReport {
    /// Full name of the rule: the plugin's and the rule's; the host's own are under `holdpoint/`.
    pub rule: String,
    /// Name of the plugin in the pipeline file; none for the host's own.
    pub plugin: Option<String>,
    /// How much it matters, after the operator's word on the rule.
    pub severity: Severity,
    /// What is wrong here.
    pub message: String,
    /// Where it is.
    pub place: PlaceReport,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether it blocks.
    pub blocks: bool,
    /// The waiver that releases it.
    pub waiver: Option<WaiverReport>,
}

/// A waiver that was used.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WaiverReport {
    /// The rule that it is for.
    pub rule: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it was given.
    pub reason: String,
    /// Until when it holds, RFC 3339 in UTC.
    pub expires: String,
}

impl RunReport {
    /// The report of a run that ends with `exit_code`.
    #[must_use]
    pub fn new(record: &RunRecord, exit_code: u8) -> Self {
        let commits = Commits::new(&record.release.subject);
        Self {
            schema: SCHEMA_VERSION,
            run: record.run.clone(),
            verdict: record.verdict,
            overridden: record.overridden,
            effects: record.effects,
            exit_code,
            subject: SubjectReport::new(&record.release, record.base_source.as_ref()),
            circumstances: CircumstancesReport::new(&record.release.circumstances),
            configuration: ConfigurationReport::new(&record.configuration),
            stages: record
                .stages
                .iter()
                .map(|stage| StageReport::new(stage, &commits))
                .collect(),
            findings: record
                .findings
                .iter()
                .map(|judged| FindingReport::new(judged, None, &commits))
                .collect(),
            messages: record
                .messages
                .iter()
                .map(|message| EventReport::new(message, record.sitting.as_ref()))
                .collect(),
            sitting: record.sitting.as_ref().map(SittingReport::new),
        }
    }
}

impl SubjectReport {
    fn new(release: &Release, base_source: Option<&BaseSource>) -> Self {
        let subject = &release.subject;
        Self {
            project: string(&subject.project),
            version: subject.version.clone(),
            previous: subject.previous.clone(),
            head: subject.head.to_string(),
            base: subject.base.as_ref().map(ToString::to_string),
            base_source: base_source.map(BaseSourceReport::new),
            target: subject.target.as_ref().map(string),
            path: subject.path.as_ref().map(string),
            tags: strings(&subject.tags),
            digest: release.digest.to_string(),
            totals: subject.totals,
            artifacts: subject
                .artifacts
                .iter()
                .map(|file| NamedFileReport {
                    name: string(&file.name),
                    digest: file.digest.to_string(),
                    size: file.size,
                })
                .collect(),
            evidence: subject
                .evidence
                .iter()
                .map(|file| EvidenceReport {
                    name: string(&file.name),
                    media_type: string(&file.media_type),
                    digest: file.digest.to_string(),
                    size: file.size,
                })
                .collect(),
        }
    }
}

impl CircumstancesReport {
    pub(super) fn new(circumstances: &Circumstances) -> Self {
        Self {
            time: circumstances.time.to_string(),
            zone: circumstances.zone.clone(),
            ci: circumstances.ci.as_ref().map(|ci| CiReport {
                claimed: true,
                system: ci.system.clone(),
                initiator: ci.initiator.as_ref().map(string),
                commit: ci.commit.as_ref().map(string),
                reference: ci.reference.as_ref().map(string),
                repository: ci.repository.as_ref().map(string),
                job: ci.job.as_ref().map(string),
                url: ci.url.as_ref().map(string),
            }),
            dirty: circumstances.dirty,
            dry_run: circumstances.dry_run,
        }
    }
}

impl ConfigurationReport {
    fn new(configuration: &ConfigurationRecord) -> Self {
        Self {
            trusted: configuration.trust == Trust::Trusted,
            pipeline: SourceReport::new(&configuration.pipeline),
            policy: configuration.policy.as_ref().map(SourceReport::new),
            digest: configuration.digest.to_string(),
        }
    }
}

impl SourceReport {
    pub(super) fn new(source: &SourceRecord) -> Self {
        Self {
            origin: string(&source.origin),
            digest: source.digest.to_string(),
        }
    }
}

impl StageReport {
    fn new(stage: &StageRecord, commits: &Commits<'_>) -> Self {
        Self {
            id: stage.id.clone(),
            verdict: stage.verdict,
            score: stage.score().map(|score| score.value),
            approve_at: stage.thresholds.approve_at.map(Percentile::value),
            block_at: stage.thresholds.block_at.map(Percentile::value),
            plugins: stage
                .plugins
                .iter()
                .map(|plugin| PluginReport::new(plugin, commits))
                .collect(),
            findings: stage
                .plugins
                .iter()
                .flat_map(|plugin| {
                    plugin.findings.iter().map(|judged| {
                        // Beside those of the plugin there are the host's own about its answer.
                        let named = judged.finding.rule.as_str().split_once('/');
                        let by = named.map(|(by, _)| by).filter(|by| *by == plugin.name);
                        FindingReport::new(judged, by, commits)
                    })
                })
                .collect(),
            reached: stage.reached,
            missing: strings(&stage.missing),
            approval: stage.approval.as_ref().map(ApprovalReport::new),
            overriding: stage.overriding.as_ref().map(OverrideReport::new),
            commands: stage
                .commands
                .iter()
                .map(|command| strings(command))
                .collect(),
            effects: stage.effects.iter().map(EffectReport::new).collect(),
            measured: stage
                .measured
                .iter()
                .map(|measured| {
                    MeasuredReport::new(measured, |outcome| match outcome {
                        Outcome::Answered(answer) => Some(AnswerReport::new(answer, &[], commits)),
                        _ => None,
                    })
                })
                .collect(),
        }
    }
}

impl PluginReport {
    fn new(plugin: &PluginRecord, commits: &Commits<'_>) -> Self {
        let outcome = &plugin.call.outcome;
        Self {
            name: plugin.name.clone(),
            kind: plugin.kind,
            version: plugin.version.clone(),
            digest: plugin.digest.to_string(),
            machine_code: plugin.origin.name().to_owned(),
            confinement: match plugin.origin {
                CodeOrigin::Process(confinement) => Some(ConfinementReport {
                    landlock: confinement.landlock,
                    seccomp: confinement.seccomp,
                }),
                _ => None,
            },
            mode: plugin.mode,
            on_fault: plugin.on_fault,
            verdict: plugin.verdict,
            outcome: outcome.name().to_owned(),
            fault: FaultReport::new(outcome),
            answer: match outcome {
                Outcome::Answered(answer) => {
                    Some(AnswerReport::new(answer, &plugin.edits, commits))
                }
                _ => None,
            },
            score: plugin.score.as_ref().map(ScoreReport::new),
            limits: LimitsReport::new(&plugin.limits),
            grants: GrantsReport::new(&plugin.grants),
            signers: plugin.signers.iter().map(SignerReport::new).collect(),
            fuel: plugin.call.fuel,
            memory_bytes: plugin.call.memory_bytes,
            duration_ms: milliseconds(plugin.call.duration),
            log: plugin.call.log.iter().map(LogLineReport::new).collect(),
        }
    }
}

impl FaultReport {
    pub(super) fn new(outcome: &Outcome) -> Option<Self> {
        let message = crate::report::outcome::words(outcome)?;
        let (code, retry) = match outcome {
            Outcome::Fault(fault) => (fault.code.map(code_name), Some(fault.retry)),
            _ => (None, None),
        };
        Some(Self {
            message: string(&message),
            code: code.map(str::to_owned),
            retry,
            limit: crate::report::outcome::limit_key(outcome).map(str::to_owned),
            backtrace: match outcome {
                Outcome::Trapped { backtrace, .. } => strings(backtrace),
                _ => Vec::new(),
            },
        })
    }
}

impl GrantsReport {
    pub(super) fn new(grants: &Grants) -> Self {
        let tree = grants.tree.iter().map(|grant| grant.as_str().to_owned());
        let http = grants.http.iter().map(HttpGrantReport::new);
        let requests = grants.requests.iter().map(HttpGrantReport::new);
        let secrets = grants
            .secrets
            .iter()
            .map(|(name, grant)| SecretGrantReport {
                name: name.clone(),
                origin: grant.origin.clone(),
                header: grant.slot.header().map(str::to_owned),
                query: grant.slot.query().map(str::to_owned),
                body: grant.slot.body().map(str::to_owned),
            });
        Self {
            tree: tree.collect(),
            evidence: grants.evidence.clone(),
            history: grants.history,
            http: http.collect(),
            requests: requests.collect(),
            ca: grants.ca.map(|digest| digest.to_string()),
            secrets: secrets.collect(),
        }
    }
}

impl HttpGrantReport {
    fn new<M: HttpMethod>(grant: &HttpGrant<M>) -> Self {
        let methods = grant.methods.iter().map(|method| method.name().to_owned());
        Self {
            methods: methods.collect(),
            url: grant.url.to_string(),
            addresses: grant.addresses.iter().map(ToString::to_string).collect(),
        }
    }
}

impl LimitsReport {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            fuel: limits.fuel,
            timeout_ms: milliseconds(limits.timeout),
            memory_bytes: limits.memory_bytes,
            answer_bytes: limits.answer_bytes,
            answer_items: limits.answer_items,
            text_bytes: limits.text_bytes,
            log_lines: limits.log_lines,
            log_bytes: limits.log_bytes,
            host_calls: limits.host_calls,
            host_call_bytes: limits.host_call_bytes,
        }
    }
}

impl LogLineReport {
    pub(super) fn new(line: &LogLine) -> Self {
        Self {
            level: level_name(line.level).to_owned(),
            text: string(&line.text),
        }
    }
}

impl FindingReport {
    fn new(judged: &JudgedFinding, plugin: Option<&str>, commits: &Commits<'_>) -> Self {
        let finding = &judged.finding;
        Self {
            rule: finding.rule.as_str().to_owned(),
            plugin: plugin.map(str::to_owned),
            severity: finding.severity,
            message: string(&finding.message),
            place: PlaceReport::new(&finding.location, commits),
            help: finding.help.as_ref().map(string),
            blocks: judged.blocks,
            waiver: judged.waiver.as_ref().map(WaiverReport::new),
        }
    }
}

impl WaiverReport {
    fn new(waiver: &WaiverRecord) -> Self {
        Self {
            rule: waiver.rule.as_str().to_owned(),
            owner: string(&waiver.owner),
            reason: string(&waiver.reason),
            expires: waiver.expires.to_string(),
        }
    }
}

/// The name of a level in JSON and in texts.
pub(in crate::report) fn level_name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

fn code_name(code: FaultCode) -> &'static str {
    match code {
        FaultCode::Settings => "settings",
        FaultCode::Missing => "missing",
        FaultCode::Malformed => "malformed",
        FaultCode::Unavailable => "unavailable",
        FaultCode::Internal => "internal",
    }
}

fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn string(text: &Text) -> String {
    text.raw().to_owned()
}

fn strings(texts: &[Text]) -> Vec<String> {
    texts.iter().map(string).collect()
}
