//! The kernel's settings and this process's limits, as `/proc` tells them.

use std::fs::read_to_string;

use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Machine {
    /// As `uname -r` prints it.
    pub(super) kernel: String,
    /// The processors that this process may run on, as a list like "0-3,8".
    pub(super) processors: String,
    pub(super) io_uring_disabled: IoUringSwitch,
    pub(super) seccomp: Seccomp,
    /// `RLIMIT_MEMLOCK`, in bytes.
    pub(super) memlock: Limit,
    /// `RLIMIT_NOFILE`.
    pub(super) open_files: Limit,
}

/// The sysctl `kernel.io_uring_disabled` (Linux 6.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IoUringSwitch {
    /// 0.
    Everyone,
    /// 1: processes with `CAP_SYS_ADMIN` and the group of `kernel.io_uring_group`.
    Privileged,
    /// 2.
    Nobody,
    /// The kernel is older than the switch, or `/proc` does not show it.
    Absent,
}

/// The seccomp mode of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Seccomp {
    Off,
    Strict,
    /// A filter decides on every system call; container runtimes install one.
    Filter,
    Unknown,
}

/// A resource limit; `None` is unlimited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Limit {
    pub(super) soft: Option<u64>,
    pub(super) hard: Option<u64>,
}

impl Machine {
    /// Reads what can be read; what cannot is reported as unknown.
    pub(super) fn read() -> Machine {
        let status = read_to_string("/proc/self/status").unwrap_or_default();
        let limits = read_to_string("/proc/self/limits").unwrap_or_default();
        let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Machine {
            kernel: known(kernel.trim()),
            processors: known(field(&status, "Cpus_allowed_list").unwrap_or_default()),
            io_uring_disabled: IoUringSwitch::parse(
                read_to_string("/proc/sys/kernel/io_uring_disabled")
                    .ok()
                    .as_deref(),
            ),
            seccomp: Seccomp::parse(field(&status, "Seccomp")),
            memlock: limit(&limits, "Max locked memory"),
            open_files: limit(&limits, "Max open files"),
        }
    }
}

impl IoUringSwitch {
    fn parse(setting: Option<&str>) -> IoUringSwitch {
        match setting.map(str::trim) {
            Some("0") => IoUringSwitch::Everyone,
            Some("1") => IoUringSwitch::Privileged,
            Some("2") => IoUringSwitch::Nobody,
            _ => IoUringSwitch::Absent,
        }
    }

    pub(super) fn describe(self) -> &'static str {
        match self {
            IoUringSwitch::Everyone => "0: everyone may use io_uring",
            IoUringSwitch::Privileged => {
                "1: only CAP_SYS_ADMIN and the group of kernel.io_uring_group"
            }
            IoUringSwitch::Nobody => "2: nobody may use io_uring",
            IoUringSwitch::Absent => "no such setting (kernels before 6.6 have none)",
        }
    }
}

impl Seccomp {
    fn parse(mode: Option<&str>) -> Seccomp {
        match mode {
            Some("0") => Seccomp::Off,
            Some("1") => Seccomp::Strict,
            Some("2") => Seccomp::Filter,
            _ => Seccomp::Unknown,
        }
    }

    pub(super) fn describe(self) -> &'static str {
        match self {
            Seccomp::Off => "off",
            Seccomp::Strict => "strict",
            Seccomp::Filter => "a filter decides on system calls",
            Seccomp::Unknown => "unknown",
        }
    }
}

fn known(value: &str) -> String {
    if value.is_empty() {
        "unknown".to_owned()
    } else {
        value.to_owned()
    }
}

/// The value of a `Name:\tvalue` line.
fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .map(str::trim)
}

/// A line of `/proc/self/limits`: the name, the soft and the hard limit, the unit.
fn limit(limits: &str, name: &str) -> Limit {
    let values = limits
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap_or_default();
    let mut values = values.split_whitespace().map(|value| value.parse().ok());
    Limit {
        soft: values.next().flatten(),
        hard: values.next().flatten(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_has_three_settings_or_is_absent() {
        assert_eq!(IoUringSwitch::parse(Some("0\n")), IoUringSwitch::Everyone);
        assert_eq!(IoUringSwitch::parse(Some("1\n")), IoUringSwitch::Privileged);
        assert_eq!(IoUringSwitch::parse(Some("2\n")), IoUringSwitch::Nobody);
        assert_eq!(IoUringSwitch::parse(None), IoUringSwitch::Absent);
    }

    #[test]
    fn seccomp_is_its_own_field() {
        let status = "NoNewPrivs:\t0\nSeccomp:\t2\nSeccomp_filters:\t1\n";
        assert_eq!(Seccomp::parse(field(status, "Seccomp")), Seccomp::Filter);
        assert_eq!(field(status, "Seccomp_filters"), Some("1"));
        assert_eq!(Seccomp::parse(field("", "Seccomp")), Seccomp::Unknown);
    }

    #[test]
    fn limits_are_read_with_unlimited_as_none() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max open files            1024                 524288               files     \n\
                      Max locked memory         unlimited            unlimited            bytes     \n";
        assert_eq!(
            limit(limits, "Max open files"),
            Limit {
                soft: Some(1024),
                hard: Some(524_288)
            }
        );
        assert_eq!(
            limit(limits, "Max locked memory"),
            Limit {
                soft: None,
                hard: None
            }
        );
    }

    #[test]
    fn this_machine_can_be_read() {
        let machine = Machine::read();
        assert!(
            machine
                .kernel
                .starts_with(|first: char| first.is_ascii_digit()),
            "{machine:?}"
        );
        assert_ne!(machine.seccomp, Seccomp::Unknown);
    }
}
