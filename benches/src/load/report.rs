//! What the load generator reports, as JSON.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::load::observe::ServerUsage;

/// The measured window of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// Requests whose answer came back whole within the window; payloads sent or received; connections closed.
    pub requests: u64,
    /// Length of the window, in nanoseconds.
    pub elapsed_ns: u64,
    /// Connections that failed or returned wrong bytes, warm-up included.
    pub errors: u64,
    /// The first of those errors.
    pub first_error: Option<String>,
    /// From the first byte sent to the last byte received, in nanoseconds, where there are answers.
    pub latency_ns: Option<LatencyNs>,
    /// What the server used, when its process was named.
    pub server: Option<ServerUsage>,
    /// Memory that idle connections have made resident, all together, in bytes.
    pub resident_bytes: Option<u64>,
}

/// Percentiles of a latency distribution, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyNs {
    /// Half of all requests are at most this slow.
    pub p50: u64,
    /// 99% of all requests are at most this slow.
    pub p99: u64,
    /// 99.9% of all requests are at most this slow.
    pub p99_9: u64,
    /// The slowest request.
    pub max: u64,
}

impl LatencyNs {
    /// The percentiles of a histogram of nanoseconds.
    pub(crate) fn of(histogram: &Histogram<u64>) -> Self {
        Self {
            p50: histogram.value_at_quantile(0.5),
            p99: histogram.value_at_quantile(0.99),
            p99_9: histogram.value_at_quantile(0.999),
            max: histogram.max(),
        }
    }
}
