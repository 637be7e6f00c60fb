//! The report of one case of one subject.

use serde::Serialize;

use crate::runtime::{Case, RuntimeSubject};
use crate::samples::{Plan, sample};

/// One case of one subject.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseReport {
    /// The case's name.
    pub case: &'static str,
    /// Nanoseconds an operation.
    pub samples: Vec<f64>,
    /// Why there are no samples.
    pub reason: Option<&'static str>,
}

/// Takes samples of a case.
pub fn report(subject: &RuntimeSubject, case: Case, plan: Plan) -> CaseReport {
    let time = |iterations| (subject.time)(case, iterations);
    let (samples, reason) = match sample(plan, case.operations(), time) {
        Some(samples) => (samples, None),
        None => (Vec::new(), Some("not offered")),
    };
    CaseReport {
        case: case.name(),
        samples,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::report;
    use crate::runtime::{Case, RuntimeSubject};
    use crate::samples::Plan;

    #[test]
    fn samples_are_per_operation_and_their_lack_has_a_reason() {
        let plan = Plan {
            sample: Duration::from_micros(10),
        };
        let bursts = RuntimeSubject {
            name: "fake",
            time: |_, iterations| Some(Duration::from_micros(5 * iterations)),
        };
        let got = report(&bursts, Case::SpawnBurst, plan);
        assert!(got.samples.iter().all(|sample| *sample == 5.0), "{got:?}");

        let nothing = RuntimeSubject {
            name: "fake",
            time: |_, _| None,
        };
        let got = report(&nothing, Case::RingNop, plan);
        assert_eq!((got.samples.len(), got.reason), (0, Some("not offered")));
    }
}
