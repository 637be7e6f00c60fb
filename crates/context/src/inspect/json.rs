//! Snapshots as JSON. Durations are whole nanoseconds, under names that end with `_ns`.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use serde::ser::{SerializeStruct, Serializer};
use serde::{Serialize, ser};
use uring_engine::{Feature, Refusal, SetupReport};

use super::Snapshot;
use crate::task::TaskId;

impl Snapshot {
    /// The snapshot as JSON, indented.
    ///
    /// # Examples
    ///
    /// ```
    /// # context::block_on(async {
    /// let json = context::inspect::of(&[context::handle()]).to_json();
    /// let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    /// assert_eq!(value["contexts"][0]["tasks"][0]["name"], "main");
    /// # }).unwrap();
    /// ```
    pub fn to_json(&self) -> String {
        // What may fail are maps with keys that are no strings, and writers: there is neither.
        serde_json::to_string_pretty(self).expect("a snapshot has nothing that JSON has not")
    }
}

impl Serialize for TaskId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.as_u64())
    }
}

/// A duration in nanoseconds, as far as they go.
pub(crate) fn ns<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(crate::timer::duration_to_ns(*time))
}

/// As [`ns`], or null.
pub(crate) fn optional_ns<S: Serializer>(
    time: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.map(crate::timer::duration_to_ns).serialize(serializer)
}

/// A value as its text.
pub(crate) fn text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// A report of what setting up the driver has come to.
pub(super) fn setup<S: Serializer>(
    report: &Option<Arc<SetupReport>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    report.as_deref().map(Setup).serialize(serializer)
}

struct Setup<'a>(&'a SetupReport);

impl Serialize for Setup<'_> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let report = self.0;
        let granted: Vec<_> = report.granted.iter().map(Feature::name).collect();
        let refused: Vec<_> = report.refused.iter().map(Refused).collect();
        let mut fields = serializer.serialize_struct("SetupReport", 9)?;
        fields.serialize_field("driver", report.driver)?;
        fields.serialize_field("kernel", &report.kernel)?;
        fields.serialize_field("sq_entries", &report.sq_entries)?;
        fields.serialize_field("cq_entries", &report.cq_entries)?;
        fields.serialize_field("requested_entries", &report.requested_entries)?;
        fields.serialize_field("attempts", &report.attempts)?;
        fields.serialize_field("granted", &granted)?;
        fields.serialize_field("refused", &refused)?;
        let withheld: Vec<_> = report.withheld.names().collect();
        fields.serialize_field("withheld", &withheld)?;
        fields.end()
    }
}

struct Refused<'a>(&'a Refusal);

impl Serialize for Refused<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let refusal = self.0;
        let mut fields = serializer.serialize_struct("Refusal", 3)?;
        fields.serialize_field("what", &refusal.what.to_string())?;
        fields.serialize_field("errno", &refusal.errno)?;
        fields.serialize_field("hint", &refusal.hint)?;
        fields.end()
    }
}
