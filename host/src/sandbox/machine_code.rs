#![expect(
    unsafe_code,
    reason = "machine code is taken from where it came from, not read through"
)]

use std::borrow::Cow;

use wasmtime::Engine;
use wasmtime::component::Component;

use super::LoadError;
use super::compile::Compiler;
use crate::model::Digest;
use crate::store::Cache;

/// What entries of the cache with machine code are called.
const KIND: &str = "machine-code";

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
    ) -> Result<Component, LoadError> {
        let built = BUILT.iter().find(|built| built.component == *digest);
        let key = self.key(digest);
        let sources: [&dyn Fn() -> Option<MachineCode>; 2] =
            [&|| built.and_then(|built| self.built(built)), &|| {
                self.kept(&key)
            }];
        for source in sources {
            match source().map(|code| code.component(engine)) {
                Some(Ok(component)) => return Ok(component),
                Some(Err(error)) => {
                    tracing::warn!(%digest, "the engine refuses kept machine code: {error}");
                }
                None => {}
            }
        }
        tracing::debug!(%digest, "compiling");
        let code = match &self.compiler {
            Some(compiler) if built.is_none() => compiler.compile(component, &self.compatibility),
            _ => engine
                .precompile_component(component)
                .map_err(LoadError::Compile),
        }?;
        self.cache.write(KIND, &key, &code);
        MachineCode(Cow::Owned(code))
            .component(engine)
            .map_err(LoadError::Compile)
    }

    fn built(&self, built: &Built) -> Option<MachineCode> {
        let (compatibility, code) = built.code?;
        (compatibility == self.compatibility).then_some(MachineCode(Cow::Borrowed(code)))
    }

    fn kept(&self, key: &Digest) -> Option<MachineCode> {
        self.cache
            .read(KIND, key)
            .map(|code| MachineCode(Cow::Owned(code)))
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
