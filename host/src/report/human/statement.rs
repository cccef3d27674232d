use anstyle::Style;

use super::{Page, page};
use crate::model::{Act, Digest, StatementBody, Text};

/// Puts on a page what a person is about to sign: everything that the signature is bound to, so that
/// nobody signs what was not shown.
pub fn human_statement(page: &mut Page, body: &StatementBody) {
    let binding = &body.binding;
    let says = match &body.act {
        Act::Approve => "You approve",
        Act::Refuse => "You refuse",
        Act::Withdraw => "You take back what you said of",
        Act::Override => "You OVERRIDE the verdict of",
        Act::Assume { .. } => "You say what became of an effect of",
    };
    page.led(
        0,
        page::heading(),
        &format!("{says} stage {} of", binding.stage),
        &format!(" {}", binding.project.terminal()),
    );
    if let Act::Assume { effect, outcome } = &body.act {
        page.field("Effect", &effect.to_string());
        page.field("Outcome", outcome.name());
    }
    let version = binding.version.as_ref().map(ToString::to_string);
    page.field("Version", version.as_deref().unwrap_or("none"));
    let target = binding.target.as_ref();
    let target = target.map(|target| target.terminal().to_string());
    page.field("Target", target.as_deref().unwrap_or("none"));
    if let Some(reason) = &body.reason {
        page.field("Reason", "");
        page.block(4, reason);
    }
    if binding.commands.is_empty() {
        page.field("Commands", "none");
    } else {
        page.field("Commands", "");
        for command in &binding.commands {
            // As a list, so that it is seen where each argument ends.
            let words = serde_json::to_string(command).unwrap_or_default();
            page.line(4, Style::new(), &Text::from(words));
        }
    }
    page.field("Issued", &body.issued.to_string());
    let expires = body.expires.map(|expires| expires.to_string());
    let expires = expires
        .as_deref()
        .unwrap_or("never: it holds until it is withdrawn");
    page.field("Expires", expires);
    page.field("Run", binding.run.as_str());
    page.field("Nonce", &binding.nonce);
    let mut digest = |name: &str, digest: &Digest| page.field(name, &digest.to_string());
    digest("Subject", &binding.subject);
    digest("Decides", &binding.configuration);
    digest("Findings", &binding.findings);
}
