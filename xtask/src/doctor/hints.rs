//! What follows from the facts: which driver a context would take, and what to change on the machine.

use crate::doctor::machine::{IoUringSwitch, Machine, Seccomp};
use crate::doctor::ring::{Granted, RingOutcome};

/// Below this, a server of some size runs out of descriptors.
const FEW_DESCRIPTORS: u64 = 4096;

/// Before 5.12, the memory of every ring counts against the memlock limit.
const MEMLOCK_COUNTS_BEFORE: (u32, u32) = (5, 12);

/// The driver that a context would take here, and how far down the ladder it is.
pub(super) fn driver(ring: &RingOutcome) -> String {
    match ring {
        RingOutcome::Granted(granted) if is_smaller(granted) => {
            format!(
                "io_uring, with a ring of {} entries instead of {}",
                granted.sq_entries, granted.requested_entries
            )
        }
        RingOutcome::Granted(granted) if !granted.refused.is_empty() => {
            format!(
                "io_uring, without {} of the features it asks for",
                granted.refused.len()
            )
        }
        RingOutcome::Granted(_) => "io_uring, with everything it asks for".to_owned(),
        RingOutcome::Refused { .. } => "epoll, for the ring is refused".to_owned(),
    }
}

/// What to change, most important first.
pub(super) fn hints(machine: &Machine, ring: &RingOutcome) -> Vec<String> {
    let mut hints = Vec::new();
    match ring {
        RingOutcome::Refused { .. } => hints.extend(why_no_ring(machine)),
        RingOutcome::Granted(granted) => {
            if is_smaller(granted) {
                hints.push(memlock_hint(machine));
            }
            if granted
                .refused
                .iter()
                .any(|refusal| refusal.errno.is_some())
            {
                hints.push(format!(
                    "a newer kernel than {} has the refused features; see above for since when",
                    machine.kernel
                ));
            }
        }
    }
    let memlock_counts =
        version(&machine.kernel).is_some_and(|version| version < MEMLOCK_COUNTS_BEFORE);
    if machine.memlock.soft == Some(0) {
        hints.push("the memlock limit is 0: registered buffers need some; raise it (`ulimit -l`, `LimitMEMLOCK=`)".to_owned());
    } else if memlock_counts && machine.memlock.soft.is_some() {
        hints.push("before Linux 5.12 every ring counts against the memlock limit: with many contexts, raise it (`ulimit -l`)".to_owned());
    }
    if machine
        .open_files
        .soft
        .is_some_and(|soft| soft < FEW_DESCRIPTORS)
    {
        hints.push(format!("a connection is a descriptor: for more than about {} of them raise the limit (`ulimit -n`)", machine.open_files.soft.unwrap_or_default()));
    }
    hints
}

fn why_no_ring(machine: &Machine) -> Vec<String> {
    let mut hints = Vec::new();
    match machine.io_uring_disabled {
        IoUringSwitch::Nobody => hints.push("allow io_uring: `sysctl -w kernel.io_uring_disabled=0`".to_owned()),
        IoUringSwitch::Privileged => hints.push(
            "io_uring is for privileged processes here: join the group of `kernel.io_uring_group`, or `sysctl -w kernel.io_uring_disabled=0`".to_owned(),
        ),
        IoUringSwitch::Everyone | IoUringSwitch::Absent => {}
    }
    if machine.seccomp == Seccomp::Filter {
        hints.push(
            "a seccomp filter is active: let it allow io_uring_setup, io_uring_enter and io_uring_register (containers: a profile of one's own, for example `--security-opt seccomp=<profile>.json`)".to_owned(),
        );
    }
    if hints.is_empty() {
        hints.push(
            "the error above says why; neither the sysctl nor a seccomp filter explains it"
                .to_owned(),
        );
    }
    hints
}

fn memlock_hint(machine: &Machine) -> String {
    match machine.memlock.soft {
        Some(soft) => format!("the ring had to shrink: raise the memlock limit, now {soft} bytes (`ulimit -l`, `LimitMEMLOCK=`)"),
        None => "the ring had to shrink although memlock is unlimited: raise the memory limit of the control group".to_owned(),
    }
}

fn is_smaller(granted: &Granted) -> bool {
    granted.sq_entries < granted.requested_entries
}

/// The first two numbers of a kernel release.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::machine::Limit;
    use crate::doctor::ring::Refused;

    fn machine() -> Machine {
        Machine {
            kernel: "6.18.44-generic".to_owned(),
            processors: "0-1".to_owned(),
            io_uring_disabled: IoUringSwitch::Everyone,
            seccomp: Seccomp::Off,
            memlock: Limit {
                soft: Some(8 << 20),
                hard: None,
            },
            open_files: Limit {
                soft: Some(20_000),
                hard: None,
            },
        }
    }

    fn granted(sq_entries: u32, refused: Vec<Refused>) -> RingOutcome {
        let cq_entries = sq_entries * 16;
        RingOutcome::Granted(Granted {
            sq_entries,
            cq_entries,
            requested_entries: 256,
            attempts: 1,
            granted: Vec::new(),
            refused,
        })
    }

    fn refused() -> RingOutcome {
        RingOutcome::Refused {
            error: "forbidden".to_owned(),
            errno: Some(1),
        }
    }

    #[test]
    fn a_full_ring_on_a_roomy_machine_needs_no_hint() {
        assert_eq!(
            hints(&machine(), &granted(256, Vec::new())),
            Vec::<String>::new()
        );
        assert_eq!(
            driver(&granted(256, Vec::new())),
            "io_uring, with everything it asks for"
        );
    }

    #[test]
    fn each_rung_of_the_ladder_is_named() {
        let old = Refused {
            errno: Some(22),
            text: "NO_SQARRAY".to_owned(),
        };
        assert!(driver(&granted(256, vec![old])).contains("without 1 of"));
        assert!(driver(&granted(64, Vec::new())).contains("64 entries instead of 256"));
        assert!(driver(&refused()).starts_with("epoll"));
    }

    #[test]
    fn a_refused_ring_points_at_the_sysctl_then_at_seccomp() {
        let closed = Machine {
            io_uring_disabled: IoUringSwitch::Nobody,
            seccomp: Seccomp::Filter,
            ..machine()
        };
        let found = hints(&closed, &refused());
        assert!(
            found[0].contains("io_uring_disabled=0") && found[1].contains("seccomp filter"),
            "{found:?}"
        );
        assert!(hints(&machine(), &refused())[0].contains("the error above says why"));
    }

    #[test]
    fn tight_limits_are_mentioned() {
        let tight = Limit {
            soft: Some(0),
            hard: Some(0),
        };
        let poor = Machine {
            memlock: tight,
            open_files: Limit {
                soft: Some(1024),
                hard: None,
            },
            ..machine()
        };
        let found = hints(&poor, &granted(256, Vec::new()));
        assert!(
            found[0].contains("memlock limit is 0") && found[1].contains("about 1024"),
            "{found:?}"
        );
    }

    #[test]
    fn memlock_counts_on_old_kernels_only() {
        let old = Machine {
            kernel: "5.10.0-30-amd64".to_owned(),
            ..machine()
        };
        assert!(hints(&old, &granted(256, Vec::new()))[0].contains("before Linux 5.12"));
        assert_eq!(version("5.10.0-30-amd64"), Some((5, 10)));
        assert_eq!(version("unknown"), None);
    }
}
