//! What the load generator prints.

use serde::Deserialize;

use crate::bench::record::Metric;

/// The report of one run.
#[derive(Debug, Deserialize)]
pub(super) struct LoadReport {
    requests: u64,
    elapsed_ns: u64,
    pub(super) errors: u64,
    pub(super) first_error: Option<String>,
    latency_ns: Latency,
    server: Usage,
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
    ("requests/s", metric("throughput", "1/s")),
    ("cpu us/req", metric("server_cpu", "us/request")),
    ("p50 us", metric("latency_p50", "us")),
    ("p99 us", metric("latency_p99", "us")),
    ("p99.9 us", metric("latency_p99_9", "us")),
    ("switches/req", metric("context_switches", "1/request")),
    ("peak KiB", metric("peak_resident", "KiB")),
];

/// The metric that a race is decided by.
pub(super) const DECISIVE: &str = "server_cpu";

const fn metric(name: &'static str, unit: &'static str) -> Metric {
    Metric { name, unit }
}

impl LoadReport {
    /// The values of [`METRICS`], in their order; `None` if nothing was answered.
    pub(super) fn values(&self) -> Option<[f64; 7]> {
        if self.requests == 0 || self.elapsed_ns == 0 {
            return None;
        }
        let requests = self.requests as f64;
        Some([
            requests * 1e9 / self.elapsed_ns as f64,
            self.server.cpu_ns as f64 / 1e3 / requests,
            self.latency_ns.p50 as f64 / 1e3,
            self.latency_ns.p99 as f64 / 1e3,
            self.latency_ns.p99_9 as f64 / 1e3,
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
            "server":{{"cpu_ns":250000000,"context_switches":50,"peak_resident_bytes":4096}}}}"#
        );
        serde_json::from_str(&json).expect("the generator's format")
    }

    #[test]
    fn values_are_per_second_and_per_request() {
        assert_eq!(
            report(100).values(),
            Some([200.0, 2500.0, 1.0, 2.0, 3.0, 0.5, 4.0])
        );
        assert_eq!(report(0).values(), None);
    }
}
