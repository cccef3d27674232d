//! A run that waits for people, and the people: each has a key, and says what a test has them say.

use holdpoint::model::{
    Act, Approval, Binding, Commit, Digest, EffectId, Measures, ObjectName, Part, Person, RunId,
    Statement, StatementBody, Subject, Text, Totals, Trailer,
};
use holdpoint::pipeline::{
    ApprovalQuestion, ApprovalRule, Approvers, AssumeQuestion, Assumption, Layer, Origin,
    OverrideQuestion, Overriding, People, Plan, Rejected, Risk, Standing, Trust, assumption,
    overriding, parse, source, standing,
};
use holdpoint::plugin::ssh::AllowedSigners;
use jiff::{SignedDuration, Timestamp};

use super::keys::{Keys, NAMESPACE};

/// The time of a sitting.
pub const NOW: &str = "2027-01-31T10:00:00Z";

/// Four people, who are known by their addresses.
pub const PEOPLE: &str = r#"
[approvers]
signers = "allowed_signers"
roles = { managers = ["ada", "ben", "cleo"], security = ["cleo", "dan"] }

[approvers.identities]
ada = ["ada@example.com", "Ada@Users.example.com"]
ben = ["ben@example.com"]
cleo = ["cleo@example.com"]
dan = ["dan@example.com"]
wim = ["wim@example.com", "web-flow"]

[override]
role = "managers"

"#;

/// What a test is about.
pub struct World {
    pub keys: Keys,
    pub plan: Plan,
    pub approvers: Option<Approvers>,
    pub rules: Vec<ApprovalRule>,
    pub binding: Binding,
    pub subject: Subject,
    pub initiators: Vec<Text>,
    pub risk: Risk,
    pub demands: Vec<Approval>,
    pub trust: Trust,
    pub layer: Layer,
    pub time: Timestamp,
    pub statements: Vec<Statement>,
}

pub fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub fn plan(text: &str, layer: Layer) -> Plan {
    let name = Text::from("holdpoint.toml");
    let source = source(Origin::Embedded, name, text.into(), Trust::Trusted).expect("a source");
    Plan::new(parse(&source).expect("a file"), &source, layer).expect("a plan")
}

/// A commit of which only the people matter.
pub fn commit(author: &str, committer: &str, co_authors: &[&str]) -> Commit {
    let person = |email: &str| Person {
        name: Text::from("somebody"),
        email: Text::from(email),
    };
    Commit {
        id: ObjectName::new(&"1".repeat(40)).expect("a name"),
        parents: Vec::new(),
        author: person(author),
        authored: 0,
        committer: person(committer),
        committed: 0,
        summary: Text::from("feat: a"),
        body: Text::default(),
        trailers: co_authors
            .iter()
            .map(|value| Trailer {
                key: Text::from("Co-Authored-By"),
                value: Text::from(*value),
            })
            .collect(),
        signed: false,
        measures: Measures::default(),
    }
}

impl World {
    /// A stage with these keys, a release that wim wrote, and a list of signers with a key for each of
    /// `ada`, `ben`, `cleo`, `dan`.
    pub fn new(stage: &str) -> Self {
        Self::with(PEOPLE, stage, |keys| {
            let mut list = String::new();
            for name in ["ada", "ben", "cleo", "dan"] {
                keys.make(name, "-t ed25519");
                list += &format!("{name} {}\n", keys.public(name));
            }
            keys.make("eve", "-t ed25519");
            list
        })
    }

    /// The same with other approvers and another list.
    pub fn with(approvers: &str, stage: &str, list: impl FnOnce(&Keys) -> String) -> Self {
        let keys = Keys::new();
        let list = list(&keys);
        let text = format!("{approvers}[[stages]]\nid = \"deploy\"\nuse = [\"p\"]\n{stage}\n");
        let plan = plan(&text, Layer::Pipeline);
        let signers = AllowedSigners::read(list.as_bytes()).expect("a list");
        let approvers = plan
            .approvers
            .as_ref()
            .map(|approvers| Approvers::new(approvers, signers, Digest::of(list.as_bytes())));
        Self {
            keys,
            rules: plan.stages[0].approvals(),
            plan,
            approvers,
            binding: Binding {
                run: RunId::from_bits(1),
                nonce: "0123456789abcdef0123456789abcdef".to_owned(),
                project: Text::from("payments"),
                target: Some(Text::from("production")),
                version: Some(semver::Version::new(1, 2, 0)),
                stage: "deploy".to_owned(),
                subject: Digest::of(b"subject"),
                configuration: Digest::of(b"configuration"),
                findings: Digest::of(b"findings"),
                commands: vec![vec![Text::from("./deploy.sh"), Text::from("1.2.0")]],
            },
            subject: Subject {
                project: Text::from("payments"),
                version: None,
                previous: None,
                head: ObjectName::new(&"1".repeat(40)).expect("a name"),
                base: None,
                target: None,
                path: None,
                versioning: holdpoint_conventional::Versioning::default(),
                tags: Vec::new(),
                totals: Totals::default(),
                artifacts: Vec::new(),
                evidence: Vec::new(),
                commits: vec![commit("wim@example.com", "wim@example.com", &[])],
                changes: Vec::new(),
            },
            initiators: Vec::new(),
            risk: Risk::Unrated,
            demands: Vec::new(),
            trust: Trust::Trusted,
            layer: Layer::Pipeline,
            time: time(NOW),
            statements: Vec::new(),
        }
    }

    /// What somebody would sign an hour before the sitting.
    pub fn body(&self, act: Act) -> StatementBody {
        let issued = self.time - SignedDuration::from_hours(1);
        StatementBody {
            binding: self.binding.clone(),
            issued,
            expires: act
                .expires()
                .then(|| issued + SignedDuration::from_hours(48)),
            reason: act.needs_reason().then(|| Text::from("because")),
            act,
        }
    }

    /// Signs a document, without handing it in.
    pub fn signed(&self, key: &str, body: &StatementBody) -> Statement {
        let document = body.write().expect("a statement");
        Statement {
            run: self.binding.run.clone(),
            time: body.issued,
            signature: self.keys.sign(key, NAMESPACE, &document),
            document,
        }
    }

    /// Somebody says something.
    pub fn says(&mut self, key: &str, act: Act) {
        self.says_otherwise(key, act, |_| {});
    }

    /// Somebody says something else than what the host would have written.
    pub fn says_otherwise(&mut self, key: &str, act: Act, change: impl FnOnce(&mut StatementBody)) {
        let mut body = self.body(act);
        change(&mut body);
        let statement = self.signed(key, &body);
        self.statements.push(statement);
    }

    pub fn approves(&mut self, keys: &[&str]) {
        for key in keys {
            self.says(key, Act::Approve);
        }
    }

    pub fn standing(&self) -> Standing {
        self.standing_of(&self.statements)
    }

    pub fn standing_of(&self, statements: &[Statement]) -> Standing {
        standing(&ApprovalQuestion {
            binding: &self.binding,
            trust: self.trust,
            layer: self.layer,
            approvers: self.approvers.as_ref(),
            rules: &self.rules,
            risk: self.risk,
            demands: &self.demands,
            valid: std::time::Duration::from_hours(72),
            people: &People::new(&self.subject, &self.initiators),
            time: self.time,
            statements,
        })
    }

    pub fn overriding(&self) -> Overriding {
        overriding(&OverrideQuestion {
            binding: &self.binding,
            trust: self.trust,
            layer: self.layer,
            approvers: self.approvers.as_ref(),
            plan: self.plan.overriding.as_ref(),
            time: self.time,
            statements: &self.statements,
        })
    }

    pub fn assumption(&self, used: &[&Statement]) -> Assumption {
        assumption(&AssumeQuestion {
            binding: &self.binding,
            trust: self.trust,
            layer: self.layer,
            approvers: self.approvers.as_ref(),
            plan: self.plan.overriding.as_ref(),
            effect: &effect(1),
            used: &used.iter().map(|statement| statement.digest()).collect(),
            time: self.time,
            statements: &self.statements,
        })
    }
}

/// A command of the stage.
pub fn effect(number: u32) -> EffectId {
    EffectId {
        stage: "deploy".to_owned(),
        part: Part::Run,
        number,
    }
}

/// Why statements do not count, in words.
pub fn words(rejected: &[Rejected]) -> Vec<String> {
    let words: std::collections::BTreeSet<_> = rejected
        .iter()
        .map(|rejected| {
            assert!(!rejected.why.help().is_empty());
            rejected.why.to_string()
        })
        .collect();
    words.into_iter().collect()
}

/// What is missing, in words.
pub fn missing(standing: &Standing) -> Vec<&str> {
    standing.missing.iter().map(Text::raw).collect()
}
