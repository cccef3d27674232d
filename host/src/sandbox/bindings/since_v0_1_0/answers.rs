//! The guest's answers as the model has them. Nothing is checked here; see `answer.rs`.

use super::exports::{action, document, notify, policy, resource, risk, verify};
use super::interfaces::model;
use crate::model::{
    Answer, Approval, Body, Content, Demand, Edit, Element, Factor, FaultCode, GuestFault, Header,
    Health, Lease, Measurement, Message, NewContent, PlannedRequest, Probe, Reading, Requirement,
    Severity, Sharing, Step, Window,
};
use crate::sandbox::answer::{Unchecked, UncheckedFactor, UncheckedFinding, UncheckedLocation};

/// An answer on its way into the model.
pub(in crate::sandbox) trait IntoModel {
    fn into_model(self) -> Unchecked;
}

impl IntoModel for Vec<policy::Finding> {
    fn into_model(self) -> Unchecked {
        let finding = |finding: policy::Finding| UncheckedFinding {
            rule: finding.rule,
            severity: finding.severity.map(|severity| match severity {
                model::Severity::Info => Severity::Info,
                model::Severity::Warning => Severity::Warning,
                model::Severity::Error => Severity::Error,
            }),
            message: finding.message,
            location: location(finding.location),
            help: finding.help,
        };
        Unchecked::Findings(self.into_iter().map(finding).collect())
    }
}

impl IntoModel for risk::Assessment {
    fn into_model(self) -> Unchecked {
        let factor = |factor: risk::Factor| UncheckedFactor {
            factor: Factor {
                name: factor.name.into(),
                evidence: factor.evidence.into(),
                weight: factor.weight,
                heuristic: factor.heuristic,
                location: crate::model::Location::Release,
            },
            location: location(factor.location),
        };
        Unchecked::Assessment {
            magnitude: self.magnitude,
            factors: self.factors.into_iter().map(factor).collect(),
        }
    }
}

impl IntoModel for Vec<resource::Requirement> {
    fn into_model(self) -> Unchecked {
        let requirement = |requirement: resource::Requirement| Requirement {
            demand: match requirement.demand {
                resource::Demand::Lease(lease) => Demand::Lease(Lease {
                    key: lease.key.into(),
                    sharing: match lease.sharing {
                        resource::Sharing::Exclusive => Sharing::Exclusive,
                        resource::Sharing::Shared => Sharing::Shared,
                    },
                }),
                resource::Demand::Window(window) => Demand::Window(Window {
                    start: window.start,
                    end: window.end,
                }),
                resource::Demand::Approval(approval) => Demand::Approval(Approval {
                    principal: approval.principal.into(),
                    count: approval.count,
                }),
            },
            reason: requirement.reason.into(),
        };
        Unchecked::Other(Answer::Requirements(
            self.into_iter().map(requirement).collect(),
        ))
    }
}

impl IntoModel for Vec<document::Edit> {
    fn into_model(self) -> Unchecked {
        let edit = |edit: document::Edit| Edit {
            path: edit.path.into(),
            content: match edit.content {
                document::NewContent::Whole(content) => NewContent::Whole(content.into()),
                document::NewContent::Section(section) => NewContent::Section {
                    begin: section.begin.into(),
                    end: section.end.into(),
                    content: section.content.into(),
                },
                document::NewContent::Insertion(insertion) => NewContent::Insertion {
                    heading: insertion.heading.into(),
                    content: insertion.content.into(),
                },
            },
            title: edit.title.into(),
        };
        Unchecked::Other(Answer::Edits(self.into_iter().map(edit).collect()))
    }
}

impl IntoModel for Vec<notify::Message> {
    fn into_model(self) -> Unchecked {
        let message = |message: notify::Message| Message {
            media_type: message.media_type.into(),
            body: message.body.into(),
            summary: message.summary.into(),
        };
        Unchecked::Other(Answer::Messages(self.into_iter().map(message).collect()))
    }
}

impl IntoModel for Vec<action::Step> {
    fn into_model(self) -> Unchecked {
        let step = |step: action::Step| Step {
            name: step.name.into(),
            title: step.title.into(),
            request: planned_request(step.request),
            probe: step.probe.map(probe),
            undo: step.undo.map(planned_request),
        };
        Unchecked::Other(Answer::Steps(self.into_iter().map(step).collect()))
    }
}

impl IntoModel for verify::Reading {
    fn into_model(self) -> Unchecked {
        let measurement = |measurement: verify::Measurement| Measurement {
            name: measurement.name.into(),
            value: measurement.value,
            unit: measurement.unit.into(),
            bound: measurement.bound.into(),
        };
        Unchecked::Other(Answer::Reading(Reading {
            health: match self.health {
                verify::Health::Healthy => Health::Healthy,
                verify::Health::Degraded => Health::Degraded,
                verify::Health::Failing => Health::Failing,
                verify::Health::Inconclusive => Health::Inconclusive,
            },
            reason: self.reason.into(),
            measures: self.measures.into_iter().map(measurement).collect(),
        }))
    }
}

/// A fault that the guest returned.
pub(in crate::sandbox) fn fault(fault: model::Fault) -> GuestFault {
    GuestFault {
        message: fault.message.into(),
        code: fault.code.map(|code| match code {
            model::FaultCode::Settings => FaultCode::Settings,
            model::FaultCode::Missing => FaultCode::Missing,
            model::FaultCode::Malformed => FaultCode::Malformed,
            model::FaultCode::Unavailable => FaultCode::Unavailable,
            model::FaultCode::Internal => FaultCode::Internal,
        }),
        retry: fault.retry,
    }
}

fn location(location: model::Location) -> UncheckedLocation {
    match location {
        model::Location::Release => UncheckedLocation::Release,
        model::Location::Commit(id) => UncheckedLocation::Commit(id),
        model::Location::File(file) => UncheckedLocation::File {
            path: file.path,
            line: file.line,
        },
        model::Location::Artifact(name) => UncheckedLocation::Artifact(name),
    }
}

fn headers(headers: Vec<model::Header>) -> Vec<Header> {
    let header = |header: model::Header| Header {
        name: header.name.into(),
        value: header.value.into(),
    };
    headers.into_iter().map(header).collect()
}

fn planned_request(request: action::PlannedRequest) -> PlannedRequest {
    PlannedRequest {
        method: request.method.into(),
        url: request.url.into(),
        headers: headers(request.headers),
        content: match request.content {
            action::Content::Bytes(bytes) => Content::Bytes(Body(bytes)),
            action::Content::Artifact(name) => Content::Artifact(name.into()),
        },
        success: request.success,
        idempotency_key: request.idempotency_key.into(),
    }
}

fn probe(probe: action::Probe) -> Probe {
    Probe {
        url: probe.url.into(),
        headers: headers(probe.headers),
        success: probe.success,
        element: probe.element.map(|element| Element {
            list: element.list.into(),
            members: element
                .members
                .into_iter()
                .map(|member| (member.pointer.into(), member.value.into()))
                .collect(),
        }),
    }
}
