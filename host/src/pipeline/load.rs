use std::collections::BTreeMap;
use std::path::{Component, Path};
use std::sync::Arc;

use jiff::Timestamp;
use semver::Version;
use serde::Serialize;

use super::approval::{APPROVALS_VALID, ApprovalRule, Approvers, approvers};
use super::beside::read_beside;
use super::commands::{CommandsPlan, CommandsProblem};
use super::destination::{Authority, authorities};
use super::destination_plan::DestinationPlan;
use super::order::order;
use super::parse::parse;
use super::plan::{Layer, Plan, Set, StagePlan};
use super::problem::{ConfigurationError, Problem};
use super::quantity::Life;
use super::read::{FILE_NAME, Named, embedded, read};
use super::resolve::{Resolved, Shelf, is_active, kind, resolve};
use super::source::Source;
use super::threshold::Thresholds;
use super::tighten::tighten;
use super::value::ValueUser;
use super::verification::Verification;
use super::{Mode, OnFault, SourceRecord, Trust};
use crate::model::{Digest, Grants, Kind, Release, RunKey, Text};
use crate::plugin::components::Components;
use crate::release::{NamedFile, NarrowedBy, Query, Repository, TagPattern, is_file_name};
use crate::sandbox::Limits;

/// What to load.
pub struct Request<'a> {
    /// The repository of the release.
    pub repository: &'a Repository,
    /// The folder that relative paths of options start from.
    pub folder: &'a Path,
    /// `--pipeline`: `PATH` or `REF:PATH`; none for the file of the checkout, else the embedded
    /// pipeline.
    pub pipeline: Option<&'a str>,
    /// `--policy`: `PATH` or `REF:PATH`.
    pub policy: Option<&'a str>,
    /// What registries give; none where no plugin of a registry is to be had but a vendored one.
    pub components: Option<&'a Components>,
    /// The other flags that decide.
    pub flags: Flags,
}

/// The flags that change a decision. All are part of the configuration digest.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Flags {
    /// `--from`
    pub from: Option<String>,
    /// `--to`
    pub to: Option<String>,
    /// `--path`
    pub path: Option<String>,
    /// `--target`
    pub target: Option<String>,
    /// `--version`
    pub version: Option<Version>,
    /// `--at`
    pub at: Option<Timestamp>,
}

/// Everything that decides, read and checked.
#[derive(Debug)]
pub struct Configuration {
    /// Whether all of it is out of reach of the change under judgement.
    pub trust: Trust,
    /// The pipeline.
    pub pipeline: SourceRecord,
    /// The organization's base policy.
    pub policy: Option<SourceRecord>,
    /// Digest of everything that decides.
    pub digest: Digest,
    /// The flags.
    pub flags: Flags,
    /// Stages, in the order in which they run.
    pub stages: Vec<Stage>,
    /// What the files ask for.
    pub plan: Plan,
    /// The plugins that a stage or a channel uses, by name.
    pub plugins: BTreeMap<String, Resolved>,
    /// Whose signatures count, as far as they do: [`Approvers::counts_in`].
    pub approvers: Option<Approvers>,
    /// Content of the CODEOWNERS file that the files name; none when the configuration is not
    /// trusted.
    trusted_owners: Option<Vec<u8>>,
    /// Who vouches for the hosts of channels that name a file of certificates, by channel.
    pub(super) authorities: BTreeMap<ValueUser, Authority>,
}

/// A stage whose plugins are known.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its number in the plan.
    pub number: usize,
    /// Its id.
    pub id: String,
    /// From which scores on it waits or is a no-go.
    pub thresholds: Thresholds,
    /// The approvals that it needs, that of `approve-at` among them.
    pub approvals: Vec<ApprovalRule>,
    /// The longest life of an approval that it takes.
    pub approvals_valid: Life,
    /// Its plugins; none for one that only runs commands or waits for people.
    pub uses: Vec<Use>,
    /// What it runs when it is go; none for one that only decides.
    pub commands: Option<CommandsPlan>,
    /// Whether edits of its document plugins are written into the working tree when it is go.
    pub write_edits: bool,
    /// How what it deployed is measured.
    pub verification: Verification,
}

/// A plugin in a stage.
#[derive(Clone, Debug)]
pub struct Use {
    /// Its name.
    pub plugin: String,
    /// Which question is asked.
    pub kind: Kind,
    /// Whether findings block.
    pub mode: Mode,
    /// Whether faults block.
    pub on_fault: OnFault,
    /// The bounds.
    pub limits: Limits,
}

/// Reads the configuration and refuses what is wrong with it.
///
/// # Errors
///
/// With the line, where there is one, and what to do about it.
pub fn load(request: Request<'_>) -> Result<Configuration, ConfigurationError> {
    let base = request
        .policy
        .map(|policy| read(Named::new(policy), &request))
        .transpose()?;
    let project = project(&request, base.is_some())?;
    let (plan, pipeline, policy) = match (base, project) {
        (Some(base), Some(project)) => {
            let tightened = tighten(
                Plan::new(parse(&base)?, &base, Layer::Policy)?,
                Plan::new(parse(&project)?, &project, Layer::Pipeline)?,
            )?;
            (tightened, project, Some(base))
        }
        // The base is the pipeline.
        (Some(base), None) => {
            let plan = Plan::new(parse(&base)?, &base, Layer::Policy)?;
            (plan, Arc::clone(&base), Some(base))
        }
        (None, project) => {
            let project = project.map_or_else(embedded, Ok)?;
            (
                Plan::new(parse(&project)?, &project, Layer::Pipeline)?,
                project,
                None,
            )
        }
    };
    if plan.stages.is_empty() {
        let name = pipeline.name.clone();
        return Err(plan.site.error(Problem::NoStages(name)));
    }
    let order = order(&plan.stages)?;
    check_names(&plan)?;
    let shelf = Shelf {
        folder: request.folder,
        repository: request.repository,
        components: request.components,
    };
    let (mut plugins, plugin_trust) = resolve(&plan, shelf)?;
    let stages = order
        .into_iter()
        .map(|number| stage(&plan, number, &plugins))
        .collect::<Result<Vec<_>, _>>()?;
    check_target(&plan, request.flags.target.as_deref())?;
    let (owners, owners_trust) = owners(&plan, request.folder, request.repository)?;
    let (approvers, approvers_trust) = approvers(&plan, request.folder, request.repository)?;
    let (authorities, authorities_trust) = authorities(&plan, request.folder, request.repository)?;
    for (user, authority) in &authorities {
        if let ValueUser::Plugin(name) = user
            && let Some(resolved) = plugins.get_mut(name)
        {
            resolved.grants.ca = Some(authority.digest);
        }
    }
    let sources = [Some(&pipeline), policy.as_ref()];
    let trust = sources
        .into_iter()
        .flatten()
        .map(|source| source.trust)
        .chain([
            plugin_trust,
            owners_trust,
            approvers_trust,
            authorities_trust,
        ])
        .find(|trust| *trust == Trust::Untrusted)
        .unwrap_or(Trust::Trusted);
    let digest = digest(
        &pipeline,
        policy.as_deref(),
        (owners.as_deref(), approvers.as_ref()),
        (&stages, &plugins),
        (&plan, &authorities),
        &request.flags,
    );
    Ok(Configuration {
        trust,
        pipeline: pipeline.record(),
        policy: policy.map(|policy| policy.record()),
        digest,
        flags: request.flags,
        stages,
        plan,
        plugins,
        approvers,
        trusted_owners: owners.filter(|_| trust == Trust::Trusted),
        authorities,
    })
}

/// The project's own pipeline: the one that is named, else the one of the checkout, if it has one.
fn project(
    request: &Request<'_>,
    has_base: bool,
) -> Result<Option<Arc<Source>>, ConfigurationError> {
    if let Some(pipeline) = request.pipeline {
        return read(Named::new(pipeline), request).map(Some);
    }
    if let Some(work_tree) = request.repository.work_tree() {
        let path = work_tree.join(FILE_NAME);
        // A link that leads nowhere is there and is an error, not a checkout without a file.
        if path.symlink_metadata().is_ok() {
            return read(Named::Path(&path), request).map(Some);
        }
    }
    if has_base {
        Ok(None)
    } else {
        embedded().map(Some)
    }
}

fn stage(
    plan: &Plan,
    number: usize,
    plugins: &BTreeMap<String, Resolved>,
) -> Result<Stage, ConfigurationError> {
    let unresolved = |name: &str| Problem::UnknownPlugin {
        name: Text::from(name),
        nearest: None,
        embedded: Vec::new(),
    };
    let Some(stage) = plan.stages.get(number) else {
        return Err(plan
            .site
            .error(Problem::NoStages(plan.site.source.name.clone())));
    };
    let mut uses = Vec::with_capacity(stage.uses.len());
    let mut is_any_active = false;
    for used in &stage.uses {
        let (Some(resolved), Some(planned)) =
            (plugins.get(&used.plugin), plan.plugins.get(&used.plugin))
        else {
            return Err(used.site.error(unresolved(&used.plugin)));
        };
        let kind = kind(used, &resolved.plugin)?;
        if kind == Kind::Action && resolved.grants.requests.is_empty() {
            let plugin = used.plugin.clone();
            return Err(used.site.error(Problem::ActionWithoutGrant { plugin }));
        }
        if kind == Kind::Action
            && used.mode() == Mode::Enforce
            && used.on_fault() == OnFault::Advise
        {
            let plugin = used.plugin.clone();
            return Err(used.site.error(Problem::ActionAdvised { plugin }));
        }
        is_any_active |= is_active(kind, &resolved.plugin, &planned.rules);
        uses.push(Use {
            plugin: used.plugin.clone(),
            kind,
            mode: used.mode(),
            on_fault: used.on_fault(),
            limits: planned.limits,
        });
    }
    // A gate has nothing but people.
    if !is_any_active && !uses.is_empty() {
        return Err(stage.site.error(Problem::NoActiveRule(stage.id.clone())));
    }
    if let Some(site) = stage.threshold_site()
        && !uses.iter().any(|used| used.kind == Kind::Risk)
    {
        return Err(site.error(Problem::ThresholdWithoutRisk(stage.id.clone())));
    }
    check_effects(plan, stage, &uses)?;
    Ok(Stage {
        number,
        id: stage.id.clone(),
        thresholds: stage.thresholds(),
        approvals: stage.approvals(),
        approvals_valid: stage
            .approvals_valid
            .as_ref()
            .map_or(APPROVALS_VALID, |valid| valid.value),
        uses,
        commands: stage.commands.clone(),
        write_edits: stage.writes_edits(),
        verification: stage.verification.value,
    })
}

/// What a stage would do can be done.
fn check_effects(plan: &Plan, stage: &StagePlan, uses: &[Use]) -> Result<(), ConfigurationError> {
    if let Some(set) = &stage.write_edits
        && !uses.iter().any(|used| used.kind == Kind::Document)
    {
        let problem = Problem::commands(&stage.id, CommandsProblem::NoEdits);
        return Err(set.site.error(problem));
    }
    if let Some(site) = &stage.verification.site
        && !uses.iter().any(|used| used.kind == Kind::Verify)
    {
        return Err(site.error(Problem::MeasuresNothing(stage.id.clone())));
    }
    let Some(commands) = &stage.commands else {
        return Ok(());
    };
    let artifacts = &plan.release.artifacts;
    let mut names = Vec::with_capacity(artifacts.len());
    for artifact in artifacts {
        let name = artifact.value.name.value.as_str();
        if !is_file_name(name.as_bytes()) {
            let problem = CommandsProblem::ArtifactName(Text::from(name));
            return Err(artifact.site.error(Problem::commands(&stage.id, problem)));
        }
        names.push(name);
    }
    commands.check(&stage.id, &names)
}

/// Findings and waivers name artifacts and evidence alike, so that a name means one file.
fn check_names(plan: &Plan) -> Result<(), ConfigurationError> {
    let artifacts = &plan.release.artifacts;
    for file in &plan.release.evidence {
        let name = &file.value.name.value;
        if artifacts
            .iter()
            .any(|other| other.value.name.value == *name)
        {
            let problem = Problem::duplicate("artifact and evidence file", name);
            return Err(file.site.error(problem));
        }
    }
    Ok(())
}

/// Whether a path that is written relative to a folder, or below it, stays there as it is written:
/// links are not looked at.
fn stays_below(path: &Path, folder: &Path) -> bool {
    let path = path.strip_prefix(folder).unwrap_or(path);
    let mut depth = 0_usize;
    path.components().all(|part| {
        let next = match part {
            Component::Normal(_) => Some(depth + 1),
            Component::CurDir => Some(depth),
            Component::ParentDir => depth.checked_sub(1),
            Component::RootDir | Component::Prefix(_) => None,
        };
        next.inspect(|next| depth = *next).is_some()
    })
}

fn check_target(plan: &Plan, target: Option<&str>) -> Result<(), ConfigurationError> {
    if let (Some(target), Some(targets)) = (target, &plan.release.targets)
        && !targets.value.iter().any(|known| known == target)
    {
        return Err(targets.site.error(Problem::UnknownTarget {
            target: Text::from(target),
            targets: targets.value.clone(),
        }));
    }
    Ok(())
}

/// The content of the CODEOWNERS file that the configuration names, from where the file that names
/// it was read.
fn owners(
    plan: &Plan,
    folder: &Path,
    repository: &Repository,
) -> Result<(Option<Vec<u8>>, Trust), ConfigurationError> {
    let Some(Set { value: path, site }) = &plan.release.owners else {
        return Ok((None, Trust::Trusted));
    };
    let (bytes, trust) = read_beside(path, site, folder, repository)?;
    Ok((Some(bytes), trust))
}

/// The configuration digest: the SHA-256 of one JSON document.
fn digest(
    pipeline: &Source,
    policy: Option<&Source>,
    (owners, approvers): (Option<&[u8]>, Option<&Approvers>),
    (stages, plugins): (&[Stage], &BTreeMap<String, Resolved>),
    (plan, authorities): (&Plan, &BTreeMap<ValueUser, Authority>),
    flags: &Flags,
) -> Digest {
    let plugins: Vec<_> = plugins
        .iter()
        .map(|(name, resolved)| {
            serde_json::json!({
                "name": name,
                "digest": resolved.plugin.digest,
                "settings": resolved.settings,
                "grants": resolved.grants,
                "signers": resolved.signers,
            })
        })
        .collect();
    let stages: Vec<_> = stages
        .iter()
        .map(|stage| {
            let uses = stage.uses.iter().map(|used| {
                serde_json::json!({
                    "plugin": used.plugin,
                    "kind": used.kind,
                    "mode": used.mode,
                    "on-fault": used.on_fault,
                    "limits": used.limits,
                })
            });
            serde_json::json!({
                "id": stage.id,
                "uses": uses.collect::<Vec<_>>(),
                "approve-at": stage.thresholds.approve_at,
                "block-at": stage.thresholds.block_at,
                "approvals": stage.approvals,
                "approvals-valid": stage.approvals_valid.to_string(),
                "commands": stage.commands.as_ref().map(CommandsPlan::decisive),
                "write-edits": stage.write_edits,
                "attempts": stage.verification.attempts,
                "interval-ms": stage.verification.interval.as_millis(),
                "inconclusive": stage.verification.inconclusive,
            })
        })
        .collect();
    let channels: Vec<_> = plan
        .channels
        .iter()
        .map(|(name, channel)| {
            serde_json::json!({
                "name": name,
                "plugin": channel.plugin,
                "events": channel.events,
                "media-type": channel.media_type,
                "body-max": channel.body_bytes_max,
                "limits": plan.channel_limits(channel),
                "destination": channel.destination.as_ref().map(DestinationPlan::document),
                "ca": authorities
                    .get(&ValueUser::Channel(name.clone()))
                    .map(|authority| authority.digest),
            })
        })
        .collect();
    Digest::of_json(&serde_json::json!({
        "pipeline": pipeline.digest,
        "policy": policy.map(|policy| policy.digest),
        "owners": owners.map(Digest::of),
        "signers": approvers.map(|approvers| approvers.digest),
        "plugins": plugins,
        "stages": stages,
        "channels": channels,
        "flags": flags,
    }))
}

impl Configuration {
    /// What makes a run of a release under this configuration the same run.
    #[must_use]
    pub fn run_key(&self, release: &Release) -> RunKey {
        RunKey {
            project: release.subject.project.clone(),
            target: release.subject.target.clone(),
            subject: release.digest,
            configuration: self.digest,
        }
    }

    /// What to read of the repository: what the files say, and over it what the flags say. What is
    /// recorded of the target is the store's to say.
    #[must_use]
    pub fn query(&self, repository: &Repository) -> Query {
        let release = &self.plan.release;
        let root = repository.work_tree();
        // A file that is not trusted cannot have files of the machine read into the subject.
        let within = match self.trust {
            Trust::Trusted => None,
            Trust::Untrusted => Some(root.unwrap_or(repository.git_folder()).to_path_buf()),
        };
        let named = |name: &str, path: &str, media_type: Option<&str>| NamedFile {
            name: name.to_owned(),
            path: root.map_or_else(|| path.into(), |root| root.join(path)),
            within: within.clone(),
            media_type: media_type.map(str::to_owned),
        };
        let value = |set: &Option<Set<String>>| set.as_ref().map(|set| set.value.clone());
        Query {
            project: value(&release.project),
            target: self.flags.target.clone(),
            from: self.flags.from.clone(),
            to: self.flags.to.clone(),
            path: self.flags.path.clone().or_else(|| value(&release.path)),
            version: self.flags.version.clone(),
            tag: release
                .tag
                .as_ref()
                .map_or_else(TagPattern::default, |tag| tag.value.clone()),
            versioning: release
                .versioning
                .as_ref()
                .map(|versioning| versioning.value)
                .unwrap_or_default(),
            initial: release
                .initial
                .as_ref()
                .map_or_else(|| Version::new(0, 1, 0), |initial| initial.value.clone()),
            artifacts: release
                .artifacts
                .iter()
                .map(|file| named(&file.value.name.value, &file.value.path.value, None))
                .collect(),
            evidence: release
                .evidence
                .iter()
                .map(|file| {
                    let path = &file.value.path.value;
                    let named = named(
                        &file.value.name.value,
                        path,
                        Some(&file.value.media_type.value),
                    );
                    // Its bytes go to plugins: the change under judgement must not choose with a link
                    // what else of the machine they are.
                    let own = root.filter(|root| stays_below(path.as_ref(), root));
                    NamedFile {
                        within: named.within.or(own.map(Path::to_path_buf)),
                        ..named
                    }
                })
                .collect(),
            trusted_owners: self.trusted_owners.clone(),
            recorded: Vec::new(),
        }
    }

    /// Whether what a run does has to be known to those who come after it: something is carried
    /// out, measured, leased, approved or sent.
    #[must_use]
    pub fn needs_record(&self) -> bool {
        let stages = self.stages.iter().any(|stage| {
            stage.commands.is_some()
                || stage.write_edits
                || !stage.approvals.is_empty()
                || stage
                    .uses
                    .iter()
                    .any(|used| matches!(used.kind, Kind::Resource | Kind::Action | Kind::Verify))
        });
        let mut channels = self.plan.channels.values();
        stages || channels.any(|channel| channel.destination.is_some())
    }

    /// Whether a plugin is granted to know the earlier releases, and asks to.
    #[must_use]
    pub fn tells_history(&self) -> bool {
        let mut in_force = self.grants_in_force();
        in_force.any(|grants| grants.history)
    }

    /// Whether a plugin is granted to read a piece of evidence, and asks to.
    #[must_use]
    pub fn gives_evidence(&self, name: &str) -> bool {
        let mut in_force = self.grants_in_force();
        in_force.any(|grants| grants.allow_evidence(name))
    }

    fn grants_in_force(&self) -> impl Iterator<Item = Grants> {
        let plugins = self.plugins.values();
        plugins.map(|resolved| resolved.grants.asked(&resolved.plugin.manifest))
    }

    /// The IANA name of the operator's time zone.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.plan
            .release
            .zone
            .as_ref()
            .map_or(super::DEFAULT_ZONE, |zone| zone.value.as_str())
    }

    /// Whether a range was narrowed by somebody else than the trusted configuration.
    #[must_use]
    pub fn is_narrowed_by_flag(&self, by: NarrowedBy) -> bool {
        match by {
            NarrowedBy::From => true,
            NarrowedBy::Path => self.flags.path.is_some() || self.trust == Trust::Untrusted,
        }
    }
}
