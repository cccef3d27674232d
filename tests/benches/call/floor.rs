//! The least that a call can cost: wasmtime alone with the engine of the host and nothing of its
//! sandbox. No thread, no deadline, no bound, no look at the answer.

use holdpoint::model::Release;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{Result, Store};

use bindings::exports::holdpoint::plugin::policy::GuestIndices;
use bindings::holdpoint::plugin::{commits, log, model};

mod bindings {
    wasmtime::component::bindgen!({
        inline: "
            package bench:floor;
            world floor {
                import holdpoint:plugin/commits@0.1.0;
                import holdpoint:plugin/log@0.1.0;
                export holdpoint:plugin/policy@0.1.0;
            }",
        path: "../wit/since-v0.1.0",
        imports: { default: trappable },
    });
}

/// A component that is ready to be called, and what it is told, already in its own form.
pub(crate) struct Floor {
    instance: InstancePre<State>,
    policy: GuestIndices,
    release: model::Release,
    state: State,
}

#[derive(Clone)]
struct State {
    commits: std::sync::Arc<Vec<model::Commit>>,
    texts: std::sync::Arc<Vec<model::CommitText>>,
}

impl Floor {
    pub(crate) fn new(component: &[u8], release: &Release) -> Self {
        let engine = holdpoint_build::engine().expect("an engine");
        let mut linker = Linker::new(&engine);
        commits::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).expect("commits");
        log::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).expect("log");
        let component = Component::new(&engine, component).expect("a component");
        let instance = linker.instantiate_pre(&component).expect("its imports");
        Self {
            policy: GuestIndices::new(&instance).expect("a policy"),
            instance,
            release: self::release(release),
            state: State {
                commits: release
                    .subject
                    .commits
                    .iter()
                    .map(commit)
                    .collect::<Vec<_>>()
                    .into(),
                texts: release
                    .subject
                    .commits
                    .iter()
                    .map(text)
                    .collect::<Vec<_>>()
                    .into(),
            },
        }
    }

    /// One call in a fresh instance; gives the number of findings.
    pub(crate) fn call(&self) -> usize {
        let mut store = Store::new(self.instance.engine(), self.state.clone());
        // The engine counts fuel and looks at epochs: a store without either stops at once.
        store.set_fuel(u64::MAX).expect("the engine counts fuel");
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = self.instance.instantiate(&mut store).expect("an instance");
        let guest = self.policy.load(&mut store, &instance).expect("a policy");
        guest
            .call_check(&mut store, &self.release, "{}")
            .expect("no trap")
            .expect("no fault")
            .len()
    }
}

impl commits::Host for State {
    fn page(&mut self, start: u32, count: u32) -> Result<Vec<model::Commit>> {
        Ok(page(&self.commits, start, count))
    }

    fn texts(&mut self, start: u32, count: u32) -> Result<Vec<model::CommitText>> {
        Ok(page(&self.texts, start, count))
    }
}

impl log::Host for State {
    fn write(&mut self, _: log::Level, _: String) -> Result<()> {
        Ok(())
    }
}

impl model::Host for State {}

fn page<T: Clone>(items: &[T], start: u32, count: u32) -> Vec<T> {
    let items = items.iter().skip(start as usize);
    items.take(count.min(500) as usize).cloned().collect()
}

fn release(release: &Release) -> model::Release {
    let subject = &release.subject;
    model::Release {
        subject: model::Subject {
            project: subject.project.raw().to_owned(),
            version: None,
            previous: None,
            head: subject.head.to_string(),
            base: subject.base.as_ref().map(ToString::to_string),
            target: None,
            path: None,
            versioning: model::Versioning {
                zero_breaking: model::Bump::Minor,
                zero_feature: model::Bump::Patch,
            },
            digest: release.digest.to_string(),
        },
        circumstances: model::Circumstances {
            time: release.circumstances.time.as_second(),
            zone: release.circumstances.zone.clone(),
            utc_offset: 0,
            initiator: None,
            ci: None,
            job_url: None,
            dirty: None,
            dry_run: true,
        },
        totals: model::Totals {
            commits: subject.totals.commits,
            merges: 0,
            files: 0,
            insertions: 0,
            deletions: 0,
            artifacts: 0,
        },
    }
}

fn commit(commit: &holdpoint::model::Commit) -> model::Commit {
    model::Commit {
        id: commit.id.to_string(),
        author: commit.author.name.raw().to_owned(),
        time: commit.authored,
        summary: commit.summary.raw().to_owned(),
        parents: 1,
        signed: false,
        measures: model::Measures {
            files: 0,
            directories: 0,
            subsystems: 0,
            insertions: 0,
            deletions: 0,
            entropy: 0.0,
            fix: false,
        },
    }
}

fn text(commit: &holdpoint::model::Commit) -> model::CommitText {
    let person = |person: &holdpoint::model::Person| model::Person {
        name: person.name.raw().to_owned(),
        email: person.email.raw().to_owned(),
    };
    model::CommitText {
        id: commit.id.to_string(),
        body: commit.body.raw().to_owned(),
        trailers: Vec::new(),
        author: person(&commit.author),
        committer: person(&commit.committer),
        committed: commit.committed,
    }
}
