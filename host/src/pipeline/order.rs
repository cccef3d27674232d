use holdpoint_build::nearest;

use super::plan::StagePlan;
use super::problem::{ConfigurationError, Problem};
use crate::model::Text;

/// The order in which stages run: that of the file, but a stage comes after those that it needs.
/// Gives their numbers in the file.
///
/// # Errors
///
/// When a stage needs one that is not there, or stages need each other.
pub fn order(stages: &[StagePlan]) -> Result<Vec<usize>, ConfigurationError> {
    for (stage, needs) in stages.iter().flat_map(|stage| {
        let needs = stage.needs.iter();
        needs.map(move |needs| (stage, needs))
    }) {
        if stages.iter().all(|other| other.id != needs.value) {
            let ids = stages.iter().map(|stage| stage.id.as_str());
            return Err(needs.site.error(Problem::UnknownNeeds {
                stage: stage.id.clone(),
                needs: Text::from(needs.value.as_str()),
                nearest: nearest(&needs.value, ids).map(str::to_owned),
            }));
        }
    }
    let mut waiting: Vec<usize> = (0..stages.len()).collect();
    let mut order = Vec::with_capacity(stages.len());
    while !waiting.is_empty() {
        let next = waiting.iter().position(|&number| {
            stages
                .get(number)
                .is_some_and(|stage| first_waiting(stages, &waiting, stage).is_none())
        });
        match next {
            Some(position) => order.push(waiting.remove(position)),
            None => return Err(cycle(stages, &waiting)),
        }
    }
    Ok(order)
}

/// The first stage that this one needs and that has no place yet.
fn first_waiting<'a>(
    stages: &'a [StagePlan],
    waiting: &[usize],
    stage: &StagePlan,
) -> Option<&'a StagePlan> {
    stage.needs.iter().find_map(|needs| {
        let needed = |number: &usize| stages.get(*number).filter(|other| other.id == needs.value);
        waiting.iter().find_map(needed)
    })
}

/// Every stage that is left waits for another one that is left, so following them comes back.
fn cycle(stages: &[StagePlan], waiting: &[usize]) -> ConfigurationError {
    let mut way: Vec<&StagePlan> = Vec::new();
    let mut stage = waiting.first().and_then(|number| stages.get(*number));
    while let Some(next) = stage {
        if let Some(start) = way.iter().position(|other| other.id == next.id) {
            way.drain(..start);
            way.push(next);
            break;
        }
        way.push(next);
        stage = first_waiting(stages, waiting, next);
    }
    let names = way.iter().map(|stage| stage.id.clone()).collect();
    let problem = Problem::Cycle(names);
    match way.first() {
        Some(stage) => {
            let needs = stage.needs.first().map_or(&stage.site, |needs| &needs.site);
            needs.error(problem)
        }
        None => ConfigurationError::new(problem),
    }
}
