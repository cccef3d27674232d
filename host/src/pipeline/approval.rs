//! Approvals, refusals, overrides: which signed statements count, what is missing, who is against it.
//!
//! All of it is pure: statements come in as they were stored, and are held against the trusted
//! signers anew each time. Nothing that is not understood ever counts as a yes.
//!
//! *People.* A principal is a name in the list of signers. Names that share a key, or an identity, are
//! one person; a signature is one of a person, whatever else that person is called. A certificate
//! that is for names of two people is one of neither.
//!
//! *Quorum.* Each approval that a stage needs is given by people of its own: nobody fills two places,
//! so that `{ at = 50 }` and `{ at = 75 }` together take two people.

mod approvers;
mod assign;
mod assume;
mod evaluate;
mod findings;
mod people;
mod plan;
mod reject;
mod rule;
mod stands;
mod words;

pub(super) use approvers::approvers;
pub use approvers::{Approvers, Who};
pub use assume::{AssumeQuestion, Assumption, assumption};
pub use evaluate::{
    ApprovalQuestion, Counted, OverrideQuestion, Overriding, Rejected, Standing, StandingRefusal,
    overriding, standing,
};
pub use findings::findings_digest;
pub use people::{Part, People};
pub use plan::{
    APPROVALS_VALID, ApprovalRule, ApproversPlan, OVERRIDE_COUNT_MIN, OVERRIDE_VALID,
    OVERRIDE_VALID_MAX, OverridePlan, PEOPLE_MAX,
};
pub(super) use plan::{approval_rule, approvers_plan, override_plan};
pub use reject::Rejection;
pub use rule::{Need, Risk, in_force};
