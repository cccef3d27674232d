//! Holds the plan of an action to the contract, and to what the operator grants: what could not be
//! carried out is known before anything is.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{Contract, Refused, malformed};
use crate::model::{
    Content, Element, Header, HttpMethod as _, HttpUrl, PlannedMethod, PlannedRequest, Probe, Step,
    Text, UrlTemplate,
};
use crate::sandbox::http::HttpRequest;
use crate::sandbox::network::{IDEMPOTENCY_KEY, SENT_BYTES_MAX, not_planned};

/// Steps of one plan, at most: each one is a request that waits for an answer.
const STEPS_MAX: usize = 100;

/// Bytes of one body in a plan, at most: what the client sends that is no artifact.
const BODY_BYTES_MAX: usize = 1 << 20;

/// A request as far as it is known before there is an answer.
struct Asking<'a> {
    method: PlannedMethod,
    headers: &'a [Header],
    body: Bytes,
    has_key: bool,
}

impl Contract<'_> {
    pub(super) fn steps(&self, steps: &[Step]) -> Result<(), Refused> {
        if steps.len() > STEPS_MAX {
            return Err(malformed(format!(
                "a plan of {} steps, and {STEPS_MAX} are the most",
                steps.len()
            )));
        }
        let mut names = BTreeSet::new();
        for step in steps {
            self.text(step.title.raw())?;
            self.text(step.name.raw())?;
            let name = step.name.raw();
            let is_plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if name.is_empty() || !name.bytes().all(is_plain) {
                return Err(of_step(
                    step,
                    "has another name than lower-case letters, digits and hyphens",
                ));
            }
            self.request(step, &step.request, &names)?;
            if let Some(probe) = &step.probe {
                self.probe(step, probe, &names)?;
            }
            if !names.insert(name) {
                return Err(malformed(format!("two steps have the name `{name}`")));
            }
            if let Some(undo) = &step.undo {
                self.request(step, undo, &names)?;
            }
        }
        Ok(())
    }

    fn request(
        &self,
        step: &Step,
        request: &PlannedRequest,
        answered: &BTreeSet<&str>,
    ) -> Result<(), Refused> {
        let method = match PlannedMethod::named(request.method.raw()) {
            Some(method) if method != PlannedMethod::Get => method,
            _ => {
                return Err(of_step(
                    step,
                    &format!(
                        "has the method `{}`; POST, PUT, PATCH and DELETE change something",
                        request.method.raw()
                    ),
                ));
            }
        };
        self.text(request.idempotency_key.raw())?;
        if let Content::Bytes(body) = &request.content
            && body.0.len() > BODY_BYTES_MAX
        {
            return Err(of_step(
                step,
                &format!("sends more than {BODY_BYTES_MAX} bytes"),
            ));
        }
        if let Content::Artifact(name) = &request.content {
            let mut artifacts = self.release.subject.artifacts.iter();
            let why = match artifacts.find(|artifact| artifact.name == *name) {
                None => "which there is not".to_owned(),
                Some(artifact) if artifact.size > SENT_BYTES_MAX => {
                    format!("which is larger than {SENT_BYTES_MAX} bytes")
                }
                Some(_) => String::new(),
            };
            if !why.is_empty() {
                let words = format!("sends the artifact `{}`, {why}", name.raw());
                return Err(of_step(step, &words));
            }
        }
        self.success(step, &request.success)?;
        let body = match &request.content {
            Content::Bytes(body) => Bytes::copy_from_slice(&body.0),
            Content::Artifact(_) => Bytes::new(),
        };
        let asked = Asking {
            method,
            headers: &request.headers,
            body,
            has_key: !request.idempotency_key.is_empty(),
        };
        self.url(step, &asked, &request.url, answered)
    }

    fn probe(&self, step: &Step, probe: &Probe, answered: &BTreeSet<&str>) -> Result<(), Refused> {
        if let Some(Element { list, members }) = &probe.element {
            self.text(list.raw())?;
            self.count(members.len())?;
            if members.is_empty() {
                return Err(of_step(step, "looks for an element without saying which"));
            }
            for (pointer, value) in members {
                self.text(pointer.raw())?;
                self.text(value.raw())?;
            }
        }
        self.success(step, &probe.success)?;
        let asked = Asking {
            method: PlannedMethod::Get,
            headers: &probe.headers,
            body: Bytes::new(),
            has_key: false,
        };
        self.url(step, &asked, &probe.url, answered)
    }

    /// A status that means success is one of an answer that was taken, and is not what says that there
    /// is nothing.
    fn success(&self, step: &Step, success: &[u16]) -> Result<(), Refused> {
        self.count(success.len())?;
        let is_status = |status: &u16| (200..=599).contains(status);
        if success.is_empty() || !success.iter().all(is_status) {
            return Err(of_step(
                step,
                "has a request without a status code, from 200 to 599, that means success",
            ));
        }
        Ok(())
    }

    fn url(
        &self,
        step: &Step,
        asked: &Asking<'_>,
        url: &Text,
        answered: &BTreeSet<&str>,
    ) -> Result<(), Refused> {
        let template = UrlTemplate::new(url.raw())
            .map_err(|error| of_step(step, &format!("has a URL with {error}")))?;
        for reference in template.references() {
            if !answered.contains(reference.step.as_str()) {
                let words = format!("refers to `{}`, which is no earlier step", reference.step);
                return Err(of_step(step, &words));
            }
        }
        let example = HttpUrl::new(&template.example()).map_err(|error| {
            of_step(
                step,
                &format!("has a URL of which {error}: {}", error.help()),
            )
        })?;
        let method = asked.method;
        let pairs = asked.headers.iter();
        let pairs = pairs.map(|header| (header.name.raw(), header.value.raw()));
        let mut headers: Vec<(&str, &str)> = pairs.collect();
        if headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(IDEMPOTENCY_KEY))
        {
            let words =
                format!("has the header `{IDEMPOTENCY_KEY}`, which is the host's own to set");
            return Err(of_step(step, &words));
        }
        if asked.has_key {
            headers.push((IDEMPOTENCY_KEY, "0"));
        }
        if let Err(error) = HttpRequest::new(method.name(), &example, &headers, Bytes::new()) {
            let words = format!("has a request of which {error}: {}", error.help());
            return Err(of_step(step, &words));
        }
        let owned = asked.headers.iter();
        let owned =
            owned.map(|header| (header.name.raw().to_owned(), header.value.raw().to_owned()));
        let owned: Vec<(String, String)> = owned.collect();
        if let Some(network) = self.network
            && let Err(why) = network.place(&example, url.raw(), &owned, &asked.body)
        {
            return Err(of_step(step, &format!("cannot be made: {why}")));
        }
        if self.grants.planned(method, &example).is_none() {
            let words = format!("cannot be made: {}", not_planned(method, &example));
            return Err(of_step(step, &words));
        }
        Ok(())
    }
}

fn of_step(step: &Step, words: &str) -> Refused {
    malformed(format!("the step `{}` {words}", step.name.raw()))
}
