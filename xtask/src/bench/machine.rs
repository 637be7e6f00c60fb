//! The cores and limits that the races run under.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity};

/// Locked memory that a ring of any subject fits in, in bytes.
const MEMLOCK: u64 = 512 << 20;

/// Descriptors of a program besides its connections, in plenty.
const OTHER_DESCRIPTORS: u64 = 256;

/// The core of the server and the core of the load generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cores {
    pub(super) server: usize,
    pub(super) generator: usize,
}

impl Cores {
    /// The first two cores that this process may use; the same one twice if there is only one.
    pub(super) fn choose() -> Cores {
        let allowed = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
        Cores::among((0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)))
    }

    fn among(mut allowed: impl Iterator<Item = usize>) -> Cores {
        let server = allowed.next().unwrap_or(0);
        Cores {
            server,
            generator: allowed.next().unwrap_or(server),
        }
    }

    /// Whether server and generator take turns on one core.
    pub(super) fn shared(self) -> bool {
        self.server == self.generator
    }
}

/// Raises the limits that the programs inherit, to what `connections` and the rings need, and says what came of it.
pub(super) fn raise_limits(connections: u32) {
    let descriptors = u64::from(connections) + OTHER_DESCRIPTORS;
    for (resource, name, wanted) in [
        (Resource::Nofile, "open files", descriptors),
        (Resource::Memlock, "locked memory (bytes)", MEMLOCK),
    ] {
        let limit = getrlimit(resource);
        let Some(before) = limit.current.filter(|current| *current < wanted) else {
            continue;
        };
        match raise(resource, &limit, wanted) {
            Some(now) if now > before => eprintln!("limit on {name} raised from {before} to {now}"),
            _ => eprintln!(
                "limit on {name} is {before} and cannot be raised to {wanted}: a subject that needs more will fail"
            ),
        }
    }
}

/// Raises a limit to `wanted`, which takes a privilege beyond the hard limit, or else to the hard limit.
fn raise(resource: Resource, limit: &Rlimit, wanted: u64) -> Option<u64> {
    let hard = limit.maximum.unwrap_or(u64::MAX);
    [(wanted, hard.max(wanted)), (hard.min(wanted), hard)]
        .into_iter()
        .find(|(current, maximum)| {
            let maximum = (*maximum != u64::MAX).then_some(*maximum);
            let new = Rlimit {
                current: Some(*current),
                maximum,
            };
            setrlimit(resource, new).is_ok()
        })
        .map(|(current, _)| current)
}

#[cfg(test)]
mod tests {
    use super::Cores;

    #[test]
    fn one_core_is_shared_and_two_are_not() {
        let one = Cores::among([4].into_iter());
        assert!(one.shared());
        let two = Cores::among([2, 5, 6].into_iter());
        assert_eq!((two.server, two.generator), (2, 5));
        assert!(!two.shared());
        assert_eq!(Cores::among(std::iter::empty()).server, 0);
    }
}
