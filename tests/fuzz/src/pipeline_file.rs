//! The pipeline file of a project, which the author of a change can write.

use holdpoint::model::Text;
use holdpoint::pipeline::{Layer, Origin, Plan, Trust, parse, source, tighten};

/// Reads the bytes as a pipeline file, and under themselves as a base policy.
///
/// # Panics
///
/// When what must hold does not.
pub fn look(bytes: &[u8]) {
    let named = |name: &str| {
        source(
            Origin::Embedded,
            Text::from(name),
            bytes.to_vec(),
            Trust::Untrusted,
        )
    };
    let plan = |name: &str, layer| {
        let source = named(name)?;
        Plan::new(parse(&source)?, &source, layer)
    };
    let project = match plan("holdpoint.toml", Layer::Pipeline) {
        Ok(project) => project,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    // Under itself as the policy of the organization it is no looser than that.
    if let Ok(policy) = plan("policy.toml", Layer::Policy) {
        let _ = tighten(policy, project);
    }
}
