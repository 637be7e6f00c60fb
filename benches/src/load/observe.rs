//! What another process has used so far, read from `/proc`.

use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

/// Counters of a process, summed over its threads (ring workers included).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    cpu_ns: u64,
    context_switches: u64,
}

/// What a process used within the measured window, and its peak memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerUsage {
    /// Processor time in the window, in nanoseconds.
    pub cpu_ns: u64,
    /// Context switches in the window, voluntary or not.
    pub context_switches: u64,
    /// The largest resident size of the process's life, in bytes.
    pub peak_resident_bytes: u64,
}

impl Usage {
    /// Reads the counters of process `pid`.
    ///
    /// # Errors
    ///
    /// The process is gone, or `/proc` is not mounted.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        let mut usage = Self::default();
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            let task = task?.path();
            // A thread may end between the listing and the reading.
            if let Ok(schedstat) = fs::read_to_string(task.join("schedstat")) {
                usage.cpu_ns += first_number(&schedstat);
            }
            if let Ok(status) = fs::read_to_string(task.join("status")) {
                usage.context_switches += field(&status, "voluntary_ctxt_switches:")
                    + field(&status, "nonvoluntary_ctxt_switches:");
            }
        }
        Ok(usage)
    }

    /// The difference from `earlier` to this, and the peak memory of process `pid`.
    pub(crate) fn since(&self, earlier: &Self, pid: u32) -> io::Result<ServerUsage> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        Ok(ServerUsage {
            cpu_ns: self.cpu_ns.saturating_sub(earlier.cpu_ns),
            context_switches: self
                .context_switches
                .saturating_sub(earlier.context_switches),
            peak_resident_bytes: field(&status, "VmHWM:") * 1024,
        })
    }
}

/// What process `pid` has resident at this moment, in bytes.
///
/// # Errors
///
/// As [`Usage::of`].
pub(crate) fn resident(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(field(&status, "VmRSS:") * 1024)
}

fn first_number(text: &str) -> u64 {
    text.split_whitespace()
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(0)
}

/// The number after `name` at the start of a line of a `status` file.
fn field(status: &str, name: &str) -> u64 {
    status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .map_or(0, first_number)
}

#[cfg(test)]
mod tests {
    use super::{Usage, field};

    #[test]
    fn fields_are_found_at_the_start_of_a_line_only() {
        let status =
            "VmHWM:\t    1234 kB\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t5\n";
        assert_eq!(field(status, "VmHWM:"), 1234);
        assert_eq!(field(status, "voluntary_ctxt_switches:"), 7);
        assert_eq!(field(status, "nonvoluntary_ctxt_switches:"), 5);
        assert_eq!(field(status, "absent:"), 0);
    }

    #[test]
    fn this_process_has_used_some_time() {
        let pid = std::process::id();
        let usage = Usage::of(pid).expect("/proc is mounted");
        assert!(usage.cpu_ns > 0);
        let window = usage.since(&Usage::default(), pid).expect("still here");
        assert!(window.peak_resident_bytes > 0);
    }
}
