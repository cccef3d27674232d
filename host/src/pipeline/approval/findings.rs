use super::super::JudgedFinding;
use crate::model::Digest;

/// The findings digest of a stage: rule, severity and place of its findings that no waiver releases,
/// in one order. What a finding says is left out, so that a number in its words that changes from
/// sitting to sitting does not make an approval void.
#[must_use]
pub fn findings_digest<'a>(findings: impl IntoIterator<Item = &'a JudgedFinding>) -> Digest {
    let mut lines: Vec<String> = findings
        .into_iter()
        .filter(|judged| judged.waiver.is_none())
        .map(|judged| {
            let finding = &judged.finding;
            serde_json::json!([finding.rule, finding.severity, finding.location]).to_string()
        })
        .collect();
    lines.sort_unstable();
    Digest::of_json(&lines)
}
