use holdpoint_sdk::{Fault, Health};
use proptest::prelude::*;
use serde_json::json;

use super::{check, measure, of, vector};
use crate::Check;
use crate::judge::{Judged, fold, rank};

fn result() -> impl Strategy<Value = Result<Health, Fault>> {
    proptest::sample::select(vec![
        Ok(Health::Healthy),
        Ok(Health::Inconclusive),
        Ok(Health::Degraded),
        Ok(Health::Failing),
        Err(Fault::unavailable("away")),
        Err(Fault::settings("wrong")),
    ])
}

proptest! {
    /// Whatever checks come to: the worst counts, and nothing hides what is worse than it.
    #[test]
    fn the_worst_check_counts(results in proptest::collection::vec(result(), 1..8)) {
        let checks: Vec<Check> = (0..results.len())
            .map(|number| check(&of(&format!("check-{number}"), json!({"failing-above": 1}))))
            .collect();
        let judged = results.iter().map(|result| {
            result.clone().map(|health| Judged { health, value: None, words: "so".to_owned() })
        });
        let folded = fold(checks.iter().zip(judged).collect());
        let healths: Vec<Health> = results.iter().filter_map(|result| result.clone().ok()).collect();
        let worst = healths.iter().copied().max_by_key(|health| rank(*health));
        let is_bad = worst.is_some_and(|worst| rank(worst) > rank(Health::Inconclusive));
        let is_faulty = healths.len() < results.len();
        match folded {
            Ok(reading) => {
                prop_assert!(is_bad || !is_faulty);
                prop_assert_eq!(Some(reading.health), worst);
                prop_assert_eq!(reading.measures.len(), results.len());
                for (check, result) in checks.iter().zip(&results) {
                    let is_told = reading.reason.contains(&check.name);
                    prop_assert_eq!(is_told, *result != Ok(Health::Healthy));
                }
            }
            Err(fault) => {
                prop_assert!(is_faulty && !is_bad);
                let faults = results.iter().filter_map(|result| result.as_ref().err());
                prop_assert_eq!(fault.retry, faults.clone().all(|fault| fault.retry));
            }
        }
    }

    /// Whatever a server says, a plugin answers, and what it finds healthy has a value in bounds.
    #[test]
    fn no_answer_is_healthy_without_a_value(
        values in proptest::collection::vec("[0-9.+eIinfNaN-]{0,6}|-?[0-9]{1,3}(\\.[0-9])?", 0..4),
        cut in 0_usize..400,
        with_cut in any::<bool>(),
    ) {
        let texts: Vec<&str> = values.iter().map(String::as_str).collect();
        let (status, mut body) = vector(&texts);
        if with_cut {
            body.truncate(cut);
        }
        let checks = json!([of("q", json!({"failing-above": 50}))]);
        if let Ok(reading) = measure(&checks, &[(status, body)])
            && reading.health == Health::Healthy
        {
            prop_assert!(reading.measures[0].value.is_some_and(|value| value <= 50.0));
            let numbers = texts.iter().map(|text| text.parse::<f64>());
            for number in numbers {
                prop_assert!(number.is_ok_and(|number| number <= 50.0 && number.is_finite()));
            }
        }
    }
}
