//! A real ring, set up the way corio does by default, and the modes that are off by default.

use serde::Serialize;
use uring_engine::{Engine, EngineConfig, Feature, Refusal, SetupReport, SqPoll};

/// What came of setting up a ring.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RingOutcome {
    Granted(Granted),
    Refused { error: String, errno: Option<i32> },
}

#[derive(Debug, Serialize)]
pub(super) struct Granted {
    pub(super) sq_entries: u32,
    pub(super) cq_entries: u32,
    pub(super) requested_entries: u32,
    /// Setup calls it took to come down the ladder.
    pub(super) attempts: u32,
    pub(super) granted: Vec<String>,
    pub(super) refused: Vec<Refused>,
}

#[derive(Debug, Serialize)]
pub(super) struct Refused {
    pub(super) errno: Option<i32>,
    /// What, why, and what to do about it, in one line.
    pub(super) text: String,
}

/// A mode that an application has to ask for.
#[derive(Debug, Serialize)]
pub(super) struct Extra {
    pub(super) name: &'static str,
    pub(super) outcome: String,
}

/// Sets up a ring with the default configuration.
pub(super) fn set_up() -> RingOutcome {
    match Engine::new(&EngineConfig::default()) {
        Ok(engine) => RingOutcome::Granted(Granted::from(engine.report())),
        Err(error) => RingOutcome::Refused {
            error: error.to_string(),
            errno: error.errno(),
        },
    }
}

/// Asks for SQPOLL and IOPOLL, one ring each; without a default ring there is nothing to ask.
pub(super) fn try_extras(ring: &RingOutcome) -> Vec<Extra> {
    if matches!(ring, RingOutcome::Refused { .. }) {
        return Vec::new();
    }
    let sqpoll = EngineConfig {
        sqpoll: Some(SqPoll {
            idle_ms: 1,
            cpu: None,
        }),
        ..EngineConfig::default()
    };
    let iopoll = EngineConfig {
        iopoll: true,
        ..EngineConfig::default()
    };
    vec![
        Extra {
            name: "SQPOLL, if asked for",
            outcome: ask_for(Feature::SqPoll, &sqpoll),
        },
        Extra {
            name: "IOPOLL, if asked for",
            outcome: ask_for(Feature::IoPoll, &iopoll),
        },
    ]
}

fn ask_for(feature: Feature, config: &EngineConfig) -> String {
    match Engine::new(config) {
        Ok(engine) if engine.report().has(feature) => "granted".to_owned(),
        Ok(engine) => match engine.report().refusal(feature) {
            Some(refusal) => format!("refused: {refusal}"),
            None => "not in use".to_owned(),
        },
        Err(error) => format!("refused: {error}"),
    }
}

impl From<&SetupReport> for Granted {
    fn from(report: &SetupReport) -> Granted {
        Granted {
            sq_entries: report.sq_entries,
            cq_entries: report.cq_entries,
            requested_entries: report.requested_entries,
            attempts: report.attempts,
            granted: report
                .granted
                .iter()
                .map(|feature| feature.to_string())
                .collect(),
            refused: report.refused.iter().map(Refused::from).collect(),
        }
    }
}

impl From<&Refusal> for Refused {
    fn from(refusal: &Refusal) -> Refused {
        Refused {
            errno: refusal.errno,
            text: refusal.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_described_or_its_refusal_is() {
        // Either is right, depending on the machine; a description without content is not.
        match set_up() {
            RingOutcome::Granted(granted) => {
                assert!(
                    granted.sq_entries.is_power_of_two() && granted.attempts >= 1,
                    "{granted:?}"
                );
            }
            RingOutcome::Refused { error, .. } => assert!(!error.is_empty()),
        }
    }

    #[test]
    fn without_a_ring_there_are_no_extras() {
        let refused = RingOutcome::Refused {
            error: "forbidden".to_owned(),
            errno: Some(1),
        };
        assert!(try_extras(&refused).is_empty());
    }
}
