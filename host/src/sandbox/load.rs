use std::fmt;
use std::sync::Arc;

use holdpoint_build::{Capability, Import, Manifest, ReadError};
use tokio::sync::watch;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Engine, Store};

use super::answer::Unchecked;
use super::bindings::since_v0_1_0::{self as bindings, IntoModel, exports, interfaces};
use super::call::{Call, no_such_kind};
use super::compile::{CompileLimit, Compiler};
use super::evidence::GrantedEvidence;
use super::failure::Refusal;
use super::machine_code::{CodeOrigin, Workshop};
use super::meter::{MEMORIES_MAX, TABLES_MAX};
use super::network::{GrantedNetwork, Network};
use super::state::{Reach, State};
use super::tree::GrantedTree;
use super::wasi;
use crate::model::{Digest, Grants, Input, Kind, PastRelease, Text};
use crate::release::{EvidenceBytes, Tree};
use crate::store::Cache;

/// Modules and components in one component, however deep. What the JavaScript and Python
/// toolchains make has a few dozen.
const PARTS_MAX: usize = 256;

/// The engine and everything that plugins can be linked to. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    engine: Engine,
    linker: Arc<Linker<State>>,
    workshop: Workshop,
}

/// A component that was checked, compiled and linked; each call makes a fresh instance of it.
/// Cheap to clone.
#[derive(Clone)]
pub struct Loaded {
    manifest: Arc<Manifest>,
    exports: Arc<Exports>,
    grants: Arc<Grants>,
    tree: Option<Arc<Tree>>,
    evidence: Option<Arc<EvidenceBytes>>,
    history: Arc<[PastRelease]>,
    network: Option<Network>,
    origin: CodeOrigin,
    pub(super) identity: Identity,
}

/// What tells a component, and what runs it, from every other.
#[derive(Clone, Copy)]
pub(super) struct Identity {
    /// Digest of the component.
    pub(super) component: Digest,
    /// Digest of its manifest.
    pub(super) manifest: Digest,
    /// What its machine code depends on.
    pub(super) engine: Digest,
}

/// Why a component was refused before it ran.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// This machine cannot run the engine.
    #[error("the WebAssembly engine cannot be started on this machine")]
    Engine(#[source] wasmtime::Error),
    /// It is not WebAssembly.
    #[error("the component cannot be read")]
    Read(#[from] ReadError),
    /// The engine cannot compile it.
    #[error("the component cannot be compiled")]
    Compile(#[source] wasmtime::Error),
    /// Compiling it takes more than it may.
    #[error("compiling the component takes more than {limit}")]
    CompileLimit {
        /// What it reached.
        limit: CompileLimit,
    },
    /// The process that compiles cannot be started.
    #[error("the process that compiles components cannot be started")]
    CompilerStart(#[source] std::io::Error),
    /// The process that compiles came to an end of its own.
    #[error("the process that compiles components failed: {}", .said.terminal())]
    CompilerEnded {
        /// What it said at its end.
        said: Text,
    },
    /// It is made of more parts than a plugin may have.
    #[error("the component has {count} {what} or more, and a plugin may have {count_max}")]
    TooManyParts {
        /// `memories`, `tables`, or `modules and components`.
        what: &'static str,
        /// How many were counted.
        count: usize,
        /// How many it may have.
        count_max: usize,
    },
    /// It imports what no host gives.
    #[error("the component imports {}, which Holdpoint does not provide", .name.terminal())]
    UnknownImport {
        /// The import, as the component names it.
        name: Text,
    },
    /// It imports a capability that needs a grant.
    #[error("the component imports the capability `{capability}`, which is not granted")]
    NotGranted {
        /// The capability.
        capability: Capability,
    },
    /// It imports a capability that its manifest does not declare.
    #[error(
        "the component imports the capability `{capability}`, which its manifest does not declare"
    )]
    Undeclared {
        /// The capability.
        capability: Capability,
    },
    /// An import has the name of one of ours and another type.
    #[error("an import of the component does not fit what Holdpoint provides")]
    Link(#[source] wasmtime::Error),
    /// Its manifest names a kind that it does not export.
    #[error(
        "the manifest says that the component is of the kind {kind}, and it does not export that"
    )]
    MissingKind {
        /// The kind.
        kind: Kind,
    },
    /// It exports a kind that its manifest does not name.
    #[error("the component is of the kind {kind}, which its manifest does not name")]
    UndeclaredKind {
        /// The kind.
        kind: Kind,
    },
}

impl LoadError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Engine(_) => "Holdpoint needs a 64-bit machine that allows executable memory",
            Self::Read(_) | Self::Compile(_) => {
                "build it again with `holdpoint plugin build`; if it comes from somebody else, ask for a new file"
            }
            Self::CompileLimit { .. } => {
                "a component of its size should need a fraction of that: split its largest functions, or ask whoever made it what it is doing"
            }
            Self::CompilerStart(_) => {
                "check that the program file of Holdpoint is still there and how many processes this user may have"
            }
            Self::CompilerEnded { .. } => {
                "try again with more memory; if it ends the same way, report it with the component"
            }
            Self::TooManyParts { .. } => "put fewer modules into one component",
            Self::UnknownImport { .. } => {
                "plugins may import the interfaces of holdpoint:plugin and virtual WASI 0.2; build it without what needs the import"
            }
            Self::NotGranted { .. } => {
                "grant it in the pipeline file, under `grants` of the plugin's table"
            }
            Self::Undeclared { .. } => {
                "declare it with its reason under [capabilities] in plugin.toml and build again"
            }
            Self::Link(_) => "build it again against the WIT package of this version",
            Self::MissingKind { .. } | Self::UndeclaredKind { .. } => {
                "let `kinds` in plugin.toml name what the component exports, and build again"
            }
        }
    }
}

impl Sandbox {
    /// Starts the engine.
    ///
    /// # Errors
    ///
    /// When this machine cannot run it.
    pub fn new() -> Result<Self, LoadError> {
        let engine = holdpoint_build::engine().map_err(LoadError::Engine)?;
        let mut linker = Linker::new(&engine);
        bindings::add_to_linker(&mut linker).map_err(LoadError::Engine)?;
        wasi::add_to_linker(&mut linker).map_err(LoadError::Engine)?;
        let compatibility = Digest::from_bytes(holdpoint_build::compatibility(&engine));
        Ok(Self {
            engine,
            linker: Arc::new(linker),
            workshop: Workshop {
                compatibility,
                cache: Cache::none(),
                compiler: None,
            },
        })
    }

    /// Keeps machine code in this cache.
    #[must_use]
    pub fn with_cache(mut self, cache: Cache) -> Self {
        self.workshop.cache = cache;
        self
    }

    /// Has what was not built with this program compiled in a process of its own, within limits.
    /// Without this it is compiled in this process, without any.
    #[must_use]
    pub fn with_compiler(mut self, compiler: Compiler) -> Self {
        self.workshop.compiler = Some(compiler);
        self
    }

    /// Loads a component that is granted nothing; see [`load_granted`](Self::load_granted).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn load(&self, component: &[u8], manifest: Arc<Manifest>) -> Result<Loaded, LoadError> {
        self.load_granted(component, manifest, Grants::default())
    }

    /// Holds the component's imports and exports against its manifest, the grants and the contract,
    /// compiles and links it. Nothing of it runs.
    ///
    /// # Errors
    ///
    /// When it asks for what no host gives or nobody granted, does not export what its manifest
    /// says, or does not compile.
    pub fn load_granted(
        &self,
        component: &[u8],
        manifest: Arc<Manifest>,
        grants: Grants,
    ) -> Result<Loaded, LoadError> {
        let allowed = grants.clone();
        self.load_if(component, manifest, grants, &|capability| {
            allowed.allow(capability)
        })
    }

    /// The same for tests, where each case says what it grants.
    ///
    /// # Errors
    ///
    /// As there, and nothing for want of a grant.
    pub fn load_for_cases(
        &self,
        component: &[u8],
        manifest: Arc<Manifest>,
    ) -> Result<Loaded, LoadError> {
        self.load_if(component, manifest, Grants::default(), &|_| true)
    }

    fn load_if(
        &self,
        component: &[u8],
        manifest: Arc<Manifest>,
        grants: Grants,
        allow: &dyn Fn(Capability) -> bool,
    ) -> Result<Loaded, LoadError> {
        let count = holdpoint_build::count_parts(component, PARTS_MAX)?;
        if count > PARTS_MAX {
            return Err(LoadError::TooManyParts {
                what: "modules and components",
                count,
                count_max: PARTS_MAX,
            });
        }
        let identity = Identity {
            component: Digest::of(component),
            manifest: Digest::of_json(&*manifest),
            engine: self.workshop.compatibility,
        };
        let (component, origin) =
            self.workshop
                .component(&self.engine, component, &identity.component)?;
        for (name, _) in component.component_type().imports(&self.engine) {
            check_import(name, &manifest, allow)?;
        }
        check_parts(&component)?;
        let instance = self
            .linker
            .instantiate_pre(&component)
            .map_err(LoadError::Link)?;
        let exports = Exports::new(instance);
        for kind in Kind::ALL {
            match (manifest.kinds.contains(&kind), exports.has(kind)) {
                (true, false) => return Err(LoadError::MissingKind { kind }),
                (false, true) => return Err(LoadError::UndeclaredKind { kind }),
                _ => {}
            }
        }
        Ok(Loaded {
            manifest,
            exports: Arc::new(exports),
            grants: Arc::new(grants),
            tree: None,
            evidence: None,
            history: Arc::default(),
            network: None,
            origin,
            identity,
        })
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

impl Loaded {
    /// What the component says about itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The same component, with the files of the judged commit in reach of what it is granted.
    #[must_use]
    pub fn with_tree(&self, tree: Arc<Tree>) -> Self {
        Self {
            tree: Some(tree),
            ..self.clone()
        }
    }

    /// The same component, with the bytes of evidence in reach of what it is granted.
    #[must_use]
    pub fn with_evidence(&self, evidence: Arc<EvidenceBytes>) -> Self {
        Self {
            evidence: Some(evidence),
            ..self.clone()
        }
    }

    /// The same component, that may know these earlier releases, newest first, where that is granted.
    #[must_use]
    pub fn with_history(&self, history: Arc<[PastRelease]>) -> Self {
        Self {
            history,
            ..self.clone()
        }
    }

    /// The same component, with other systems in reach of what it is granted; with none it is in reach
    /// of nothing, whatever it is granted.
    #[must_use]
    pub fn with_network(&self, network: Option<Network>) -> Self {
        Self {
            network,
            ..self.clone()
        }
    }

    /// The same component, granted this.
    pub(super) fn with_grants(&self, grants: Arc<Grants>) -> Self {
        Self {
            grants,
            ..self.clone()
        }
    }

    /// Where its machine code came from.
    #[must_use]
    pub fn origin(&self) -> CodeOrigin {
        self.origin
    }

    /// What requests of its plans are made with; none where nothing of it leaves the machine.
    #[must_use]
    pub fn reach(&self) -> Option<&Network> {
        self.network.as_ref()
    }

    /// What it may use beyond the release itself: granted, and asked for in its manifest.
    #[must_use]
    pub fn grants(&self) -> Grants {
        self.grants.asked(&self.manifest)
    }

    /// What a call of it reaches.
    pub(super) fn granted(&self, stopped: watch::Receiver<bool>) -> Reach {
        let grants = || Arc::clone(&self.grants);
        Reach {
            tree: GrantedTree::new(grants(), self.tree.clone()),
            evidence: GrantedEvidence::new(grants(), self.evidence.clone()),
            history: Arc::clone(&self.history),
            network: GrantedNetwork::new(grants(), self.network.clone(), stopped),
        }
    }

    pub(super) fn engine(&self) -> &Engine {
        self.exports.instance.engine()
    }

    pub(super) fn exports(&self) -> &Exports {
        &self.exports
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Loaded")
            .field("manifest", &self.manifest)
            .finish_non_exhaustive()
    }
}

/// Refuses what could never be instantiated. Each memory and table reserves address space, however
/// small it is.
fn check_parts(component: &Component) -> Result<(), LoadError> {
    // Plugins that import core modules have no such numbers; `check_import` refuses those.
    let Some(required) = component.resources_required() else {
        return Ok(());
    };
    for (what, count, count_max) in [
        ("memories", required.num_memories, MEMORIES_MAX),
        ("tables", required.num_tables, TABLES_MAX),
    ] {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > count_max {
            return Err(LoadError::TooManyParts {
                what,
                count,
                count_max,
            });
        }
    }
    Ok(())
}

/// Refuses an import by name, before the linker would with a message of its own.
fn check_import(
    name: &str,
    manifest: &Manifest,
    allow: &dyn Fn(Capability) -> bool,
) -> Result<(), LoadError> {
    match Import::of(name) {
        Import::Model | Import::VirtualWasi(_) => Ok(()),
        Import::Unknown(name) => Err(LoadError::UnknownImport { name: name.into() }),
        Import::Capability(capability) if !allow(capability) => {
            Err(LoadError::NotGranted { capability })
        }
        Import::Capability(capability) => {
            let mut declared = manifest.capabilities.iter();
            if capability == Capability::Log
                || declared.any(|request| request.capability == capability)
            {
                Ok(())
            } else {
                Err(LoadError::Undeclared { capability })
            }
        }
    }
}

/// The kinds that a component is of, ready to be called.
pub(super) struct Exports {
    instance: InstancePre<State>,
    policy: Option<exports::policy::GuestIndices>,
    risk: Option<exports::risk::GuestIndices>,
    resource: Option<exports::resource::GuestIndices>,
    document: Option<exports::document::GuestIndices>,
    notify: Option<exports::notify::GuestIndices>,
    action: Option<exports::action::GuestIndices>,
    verify: Option<exports::verify::GuestIndices>,
}

type Asked = Result<Unchecked, interfaces::model::Fault>;

impl Exports {
    fn new(instance: InstancePre<State>) -> Self {
        Self {
            policy: exports::policy::GuestIndices::new(&instance).ok(),
            risk: exports::risk::GuestIndices::new(&instance).ok(),
            resource: exports::resource::GuestIndices::new(&instance).ok(),
            document: exports::document::GuestIndices::new(&instance).ok(),
            notify: exports::notify::GuestIndices::new(&instance).ok(),
            action: exports::action::GuestIndices::new(&instance).ok(),
            verify: exports::verify::GuestIndices::new(&instance).ok(),
            instance,
        }
    }

    fn has(&self, kind: Kind) -> bool {
        match kind {
            Kind::Policy => self.policy.is_some(),
            Kind::Risk => self.risk.is_some(),
            Kind::Resource => self.resource.is_some(),
            Kind::Document => self.document.is_some(),
            Kind::Notify => self.notify.is_some(),
            Kind::Action => self.action.is_some(),
            Kind::Verify => self.verify.is_some(),
        }
    }

    /// Makes an instance and calls the export that answers `call.input`.
    pub(super) async fn ask(
        &self,
        store: &mut Store<State>,
        call: &Call,
    ) -> wasmtime::Result<Asked> {
        let instance = self.instance.instantiate_async(&mut *store).await?;
        let release = bindings::release(&call.release);
        let settings = call.settings.as_str();
        // Types of exports are only compared here, after the instance has started.
        macro_rules! guest {
            ($indices:expr) => {{
                let kind = call.input.kind();
                let indices = $indices
                    .as_ref()
                    .ok_or_else(|| Refusal(no_such_kind(kind)))?;
                indices.load(&mut *store, &instance).map_err(|error| {
                    Refusal(Text::from(format!(
                        "the export `{kind}` has another type than the contract: {error}"
                    )))
                })?
            }};
        }
        Ok(match &call.input {
            Input::Policy => {
                let guest = guest!(self.policy);
                guest
                    .call_check(store, &release, settings)
                    .await?
                    .map(IntoModel::into_model)
            }
            Input::Risk => {
                let guest = guest!(self.risk);
                guest
                    .call_assess(store, &release, settings)
                    .await?
                    .map(IntoModel::into_model)
            }
            Input::Resource => {
                let guest = guest!(self.resource);
                guest
                    .call_claim(store, &release, settings)
                    .await?
                    .map(IntoModel::into_model)
            }
            Input::Document => {
                let guest = guest!(self.document);
                guest
                    .call_render(store, &release, settings)
                    .await?
                    .map(IntoModel::into_model)
            }
            Input::Notify { event, channel } => {
                let guest = guest!(self.notify);
                let event = bindings::event(event);
                let channel = bindings::channel(channel);
                let answer = guest
                    .call_compose(store, &release, settings, &event, &channel)
                    .await?;
                answer.map(IntoModel::into_model)
            }
            Input::Action => {
                let guest = guest!(self.action);
                guest
                    .call_plan(store, &release, settings)
                    .await?
                    .map(IntoModel::into_model)
            }
            Input::Verify { attempt } => {
                let guest = guest!(self.verify);
                guest
                    .call_measure(store, &release, settings, *attempt)
                    .await?
                    .map(IntoModel::into_model)
            }
        })
    }
}
