use super::carry::Carried;
use super::{End, Seat, SittingError};
use crate::model::{Health, Part};
use crate::pipeline::load::Stage;

impl Seat<'_> {
    /// Whether an earlier sitting was cut when something was to be undone.
    pub(super) fn is_to_be_undone(&self) -> bool {
        let stages = &self.session.configuration.stages;
        self.progress.failed().is_some()
            || self.progress.is_undoing()
            || stages.iter().any(|stage| self.has_failed_for_good(stage))
    }

    /// Whether the last measurement of a stage was its last attempt, and found it failing.
    fn has_failed_for_good(&self, stage: &Stage) -> bool {
        matches!(
            self.progress.measured(&stage.id),
            Some((_, Health::Failing))
        )
    }

    /// Takes back what the stages carried out, the last one first. What cannot be taken back keeps
    /// nothing else from being taken back.
    pub(super) async fn undo(&mut self) -> Result<End, SittingError> {
        let configuration = self.session.configuration;
        let begun: Vec<String> = self.progress.begun().iter().rev().cloned().collect();
        let mut end = End::Undone;
        let mut is_anything = false;
        for id in begun {
            if !self.progress.is_touched(&id) {
                continue;
            }
            is_anything = true;
            match self.revert_requests(&id).await? {
                Carried::Done => {}
                Carried::Failed | Carried::Later => end = worse(end, End::Incomplete),
                Carried::Unknown => end = worse(end, End::Unknown),
                Carried::Cancelled => return Ok(End::Cancelled),
            }
            if !self.progress.has_begun(&id, Part::Run) {
                continue;
            }
            let undo = self
                .commands
                .get(&id)
                .map(|ready| ready.rendered.undo.clone());
            let stage = configuration.stages.iter().find(|stage| stage.id == id);
            let (Some(stage), Some(undo)) = (stage, undo.filter(|undo| !undo.is_empty())) else {
                end = worse(end, End::Incomplete);
                continue;
            };
            match self.commands_of(stage, Part::Undo, &undo).await? {
                Carried::Done => {}
                Carried::Failed | Carried::Later => end = worse(end, End::Incomplete),
                Carried::Unknown => end = worse(end, End::Unknown),
                Carried::Cancelled => return Ok(End::Cancelled),
            }
        }
        if is_anything && end == End::Undone {
            self.announce_undone().await?;
        }
        Ok(end)
    }
}

/// Of two ends of an undoing the one that needs a person more.
fn worse(one: End, other: End) -> End {
    let rank = |end| match end {
        End::Undone => 0,
        End::Incomplete => 1,
        _ => 2,
    };
    if rank(other) > rank(one) { other } else { one }
}
