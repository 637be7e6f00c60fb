//! What the load generator prints.

use serde::Deserialize;

use crate::Result;
use crate::bench::record::{Better, Metric};

/// The report of one run.
#[derive(Debug, Deserialize)]
pub(super) struct LoadReport {
    requests: u64,
    elapsed_ns: u64,
    errors: u64,
    first_error: Option<String>,
    latency_ns: Option<Latency>,
    server: Usage,
    resident_bytes: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Latency {
    p50: u64,
    p99: u64,
    p99_9: u64,
}

#[derive(Debug, Deserialize)]
struct Usage {
    cpu_ns: u64,
    context_switches: u64,
    peak_resident_bytes: u64,
}

/// The columns of a table: heading and metric.
pub(super) const METRICS: [(&str, Metric); 7] = [
    ("requests/s", THROUGHPUT),
    ("cpu us/req", PROCESSOR),
    ("p50 us", less("latency_p50", "us")),
    ("p99 us", less("latency_p99", "us")),
    ("p99.9 us", less("latency_p99_9", "us")),
    ("switches/req", less("context_switches", "1/request")),
    ("peak KiB", less("peak_resident", "KiB")),
];

/// Requests, or other operations, a second.
pub(super) const THROUGHPUT: Metric = Metric {
    name: "throughput",
    unit: "1/s",
    better: Better::More,
};

/// Processor time of the server: what decides.
pub(super) const PROCESSOR: Metric = less("server_cpu", "us/request");

/// Memory of the server that a connection has made resident.
pub(super) const RESIDENT: Metric = less("resident", "B/connection");

const fn less(name: &'static str, unit: &'static str) -> Metric {
    Metric {
        name,
        unit,
        better: Better::Less,
    }
}

impl LoadReport {
    /// The report itself, unless a connection failed or nothing was done.
    pub(super) fn sound(self) -> Result<LoadReport> {
        if self.errors > 0 {
            let first = self.first_error.unwrap_or_default();
            return Err(format!("{} errors; first: {first}", self.errors).into());
        }
        if self.requests == 0 || self.elapsed_ns == 0 {
            return Err("no request was answered".into());
        }
        Ok(self)
    }

    /// Operations a second.
    pub(super) fn throughput(&self) -> f64 {
        self.requests as f64 * 1e9 / self.elapsed_ns as f64
    }

    /// Microseconds of the server's processor time an operation.
    pub(super) fn processor(&self) -> f64 {
        self.server.cpu_ns as f64 / 1e3 / self.requests as f64
    }

    /// Bytes that a connection has made resident, if that was the question.
    pub(super) fn resident(&self) -> Option<f64> {
        Some(self.resident_bytes? as f64 / self.requests as f64)
    }

    /// The values of [`METRICS`], in their order; `None` if there are no answers.
    pub(super) fn values(&self) -> Option<[f64; 7]> {
        let requests = self.requests as f64;
        let latency_ns = self.latency_ns.as_ref()?;
        Some([
            self.throughput(),
            self.processor(),
            latency_ns.p50 as f64 / 1e3,
            latency_ns.p99 as f64 / 1e3,
            latency_ns.p99_9 as f64 / 1e3,
            self.server.context_switches as f64 / requests,
            self.server.peak_resident_bytes as f64 / 1024.0,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::LoadReport;

    fn report(requests: u64) -> LoadReport {
        let json = format!(
            r#"{{"requests":{requests},"elapsed_ns":500000000,"errors":0,"first_error":null,
            "latency_ns":{{"p50":1000,"p99":2000,"p99_9":3000,"max":4000}},
            "server":{{"cpu_ns":250000000,"context_switches":50,"peak_resident_bytes":4096}},
            "resident_bytes":5000}}"#
        );
        serde_json::from_str(&json).expect("the generator's format")
    }

    #[test]
    fn values_are_per_second_and_per_request() {
        assert_eq!(
            report(100).values(),
            Some([200.0, 2500.0, 1.0, 2.0, 3.0, 0.5, 4.0])
        );
        assert_eq!(report(100).resident(), Some(50.0));
        assert!(report(100).sound().is_ok());
        assert!(report(0).sound().is_err());
    }
}
