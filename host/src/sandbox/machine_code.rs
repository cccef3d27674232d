#![expect(
    unsafe_code,
    reason = "machine code is taken from where it came from, not read through"
)]

use std::borrow::Cow;

use wasmtime::Engine;
use wasmtime::component::Component;

use super::LoadError;
use super::compile::Compiler;
use super::confine::Confinement;
use crate::model::Digest;
use crate::store::Cache;

/// What entries of the cache with machine code are called.
const KIND: &str = "compiled-component";

/// A component that was built with this program.
struct Built {
    /// Digest of the component.
    component: Digest,
    /// Its machine code, and what it can run on; none where the build could not compile for the
    /// target.
    code: Option<(Digest, &'static [u8])>,
}

/// Written by the build script.
static BUILT: &[Built] = include!(concat!(env!("OUT_DIR"), "/machine_code.rs"));

/// The machine code of a component, made by the compiler of this very program: when it was built, in
/// an earlier run, or just now. Only this file can make one.
struct MachineCode(Cow<'static, [u8]>);

/// Where the machine code of a component came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeOrigin {
    /// It was built with this program.
    Program,
    /// A process of its own compiled it, now or for an earlier run, from which this was taken.
    Process(Confinement),
    /// The host itself compiled it.
    Host,
}

/// What stands after machine code that is kept, where a process of its own made it: the two bits of
/// its confinement are added.
const PROCESS_MARK: u8 = b'0';

/// The same where the host itself made it.
const HOST_MARK: u8 = b'h';

impl CodeOrigin {
    /// The stable name of the origin.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Process(_) => "process",
            Self::Host => "host",
        }
    }

    /// As it is kept with the code; what was built with the program is not.
    fn mark(self) -> u8 {
        match self {
            Self::Process(confinement) => {
                let bits = u8::from(confinement.landlock) + 2 * u8::from(confinement.seccomp);
                PROCESS_MARK + bits
            }
            Self::Program | Self::Host => HOST_MARK,
        }
    }

    fn of_mark(mark: u8) -> Option<Self> {
        match mark {
            HOST_MARK => Some(Self::Host),
            PROCESS_MARK..=b'3' => {
                let bits = mark - PROCESS_MARK;
                Some(Self::Process(Confinement {
                    landlock: bits & 1 != 0,
                    seccomp: bits & 2 != 0,
                }))
            }
            _ => None,
        }
    }
}

/// Where machine code is looked for and kept, and who makes it.
#[derive(Clone)]
pub(super) struct Workshop {
    /// What the engine's machine code depends on.
    pub(super) compatibility: Digest,
    /// Where machine code is kept.
    pub(super) cache: Cache,
    /// Who compiles what was not built with this program; without one, this process does.
    pub(super) compiler: Option<Compiler>,
}

impl Workshop {
    /// Gives a component ready to be run, given its digest: from the machine code in this program,
    /// else from the cache, else compiled and kept.
    pub(super) fn component(
        &self,
        engine: &Engine,
        component: &[u8],
        digest: &Digest,
    ) -> Result<(Component, CodeOrigin), LoadError> {
        let built = BUILT.iter().find(|built| built.component == *digest);
        let key = self.key(digest);
        let sources: [&dyn Fn() -> Option<(MachineCode, CodeOrigin)>; 2] = [
            &|| Some((self.built(built?)?, CodeOrigin::Program)),
            &|| self.kept(&key),
        ];
        for source in sources {
            match source().map(|(code, origin)| (code.component(engine), origin)) {
                Some((Ok(component), origin)) => return Ok((component, origin)),
                Some((Err(error), _)) => {
                    tracing::warn!(%digest, "the engine refuses kept machine code: {error}");
                }
                None => {}
            }
        }
        tracing::debug!(%digest, "compiling");
        let (code, origin) = match &self.compiler {
            Some(compiler) if built.is_none() => {
                let (code, confinement) = compiler.compile(component, &self.compatibility)?;
                tracing::info!(%digest, "compiled in a process of its own, confined by {confinement}");
                (code, CodeOrigin::Process(confinement))
            }
            _ => {
                let code = engine.precompile_component(component);
                (code.map_err(LoadError::Compile)?, CodeOrigin::Host)
            }
        };
        let kept = [code.as_slice(), &[origin.mark()]].concat();
        self.cache.write(KIND, &key, &kept);
        let component = MachineCode(Cow::Owned(code)).component(engine);
        Ok((component.map_err(LoadError::Compile)?, origin))
    }

    fn built(&self, built: &Built) -> Option<MachineCode> {
        let (compatibility, code) = built.code?;
        (compatibility == self.compatibility).then_some(MachineCode(Cow::Borrowed(code)))
    }

    fn kept(&self, key: &Digest) -> Option<(MachineCode, CodeOrigin)> {
        let mut code = self.cache.read(KIND, key)?;
        let origin = CodeOrigin::of_mark(code.pop()?)?;
        Some((MachineCode(Cow::Owned(code)), origin))
    }

    /// Machine code is one component's for one engine.
    fn key(&self, component: &Digest) -> Digest {
        Digest::of(&[*component.bytes(), *self.compatibility.bytes()].concat())
    }
}

impl MachineCode {
    fn component(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: the engine runs these bytes as they are, so they must be what its compiler wrote.
        // They are: a `MachineCode` is made in this file only, from three sources. What the build
        // script compiled is part of this program, and was made with the compatibility digest of
        // this engine. What the cache gives carries a keyed hash over these bytes and over a key
        // that includes the same digest, which only this user's processes could have made, and which
        // was checked after the bytes were read. What was just compiled comes from this process, or
        // through a pipe from this program as a child process that has compared the digest.
        unsafe { Component::deserialize(engine, &self.0) }
    }
}
