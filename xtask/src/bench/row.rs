//! One line of a result file.

use serde::Serialize;

/// What one subject measured in one case, over all rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) bench: &'static str,
    pub(super) case: String,
    pub(super) subject: String,
    pub(super) metric: &'static str,
    pub(super) unit: &'static str,
    /// `None` when the subject could not run the case: then there is a `reason`.
    pub(super) median: Option<f64>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    /// Rounds that gave a sample.
    pub(super) rounds: usize,
    /// Median of the rounds' ratios to the reference of the race.
    pub(super) ratio_to_reference: Option<f64>,
    /// Why a round, or all of them, failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::Row;

    #[test]
    fn a_row_has_the_documented_keys() {
        let mut row = Row {
            bench: "echo",
            case: "size=128,conns=1".to_owned(),
            subject: "tokio".to_owned(),
            metric: "latency_p50",
            unit: "us",
            median: Some(1.5),
            min: Some(1.0),
            max: Some(2.0),
            rounds: 5,
            ratio_to_reference: None,
            reason: None,
        };
        let json = |row: &Row| serde_json::to_string(row).expect("a row is plain data");
        assert_eq!(
            json(&row),
            r#"{"bench":"echo","case":"size=128,conns=1","subject":"tokio","metric":"latency_p50","unit":"us","median":1.5,"min":1.0,"max":2.0,"rounds":5,"ratio_to_reference":null}"#
        );
        row.reason = Some("memlock".to_owned());
        assert!(json(&row).ends_with(r#""reason":"memlock"}"#));
    }
}
