//! Which processors a thread may run on.

use std::io;

/// Bits of one word of a processor mask.
const WORD_BITS: usize = u64::BITS as usize;
/// The largest mask that is tried: 2^18 processors, far beyond what kernels are built for.
const MOST_WORDS: usize = 4096;

/// The processors that the current thread may run on, in ascending order: what `taskset`, the control group and
/// earlier calls of [`pin_current_thread`] left of the machine's.
///
/// # Errors
///
/// Those of `sched_getaffinity(2)`; none is expected.
pub fn available_cpus() -> io::Result<Vec<usize>> {
    let mut words = 16;
    loop {
        let mut mask = vec![0_u64; words];
        // SAFETY: `mask` is as long as the size that is passed, and any bytes are valid words.
        let result = unsafe {
            libc::sched_getaffinity(0, size_of_val(mask.as_slice()), mask.as_mut_ptr().cast())
        };
        if result == 0 {
            return Ok(cpus_of(&mask));
        }
        let error = io::Error::last_os_error();
        // EINVAL: the kernel's mask is longer.
        if error.raw_os_error() != Some(libc::EINVAL) || words >= MOST_WORDS {
            return Err(error);
        }
        words *= 2;
    }
}

/// Restricts the current thread to `cpus`. Threads that it starts later inherit this.
///
/// # Errors
///
/// [`AffinityError`]; the thread then runs where it did before.
pub fn pin_current_thread(cpus: &[usize]) -> Result<(), AffinityError> {
    let Some(&highest) = cpus.iter().max() else {
        return Err(AffinityError::Empty);
    };
    if highest >= MOST_WORDS * WORD_BITS {
        return Err(AffinityError::Unavailable { cpu: highest });
    }
    let before = available_cpus()?;
    set_affinity(cpus).map_err(|error| match error.raw_os_error() {
        // None of them is there.
        Some(libc::EINVAL) => AffinityError::Unavailable { cpu: highest },
        _ => AffinityError::Refused(error),
    })?;
    // Processors that are not there are ignored if they come along with others: nobody would notice.
    let granted = available_cpus()?;
    match cpus.iter().find(|cpu| !granted.contains(cpu)) {
        None => Ok(()),
        Some(&cpu) => {
            set_affinity(&before)?;
            Err(AffinityError::Unavailable { cpu })
        }
    }
}

/// Why a thread could not be pinned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AffinityError {
    /// No processor was named; a thread has to run somewhere.
    #[error("no processor was named")]
    Empty,
    /// The machine lacks this processor, or the control group (`cpuset.cpus`) does not grant it.
    #[error(
        "processor {cpu} is offline, absent or not granted by the control group: \
         `Cpus_allowed_list` in /proc/self/status shows those that can be named"
    )]
    Unavailable {
        /// The processor.
        cpu: usize,
    },
    /// The system call failed otherwise, as under a seccomp filter.
    #[error("the kernel refused to set or tell the affinity of the thread: {0}")]
    Refused(#[from] io::Error),
}

/// All of `cpus` must be below `MOST_WORDS * WORD_BITS`.
fn set_affinity(cpus: &[usize]) -> io::Result<()> {
    let words = cpus
        .iter()
        .max()
        .map_or(1, |highest| highest / WORD_BITS + 1);
    let mut mask = vec![0_u64; words];
    for &cpu in cpus {
        mask[cpu / WORD_BITS] |= 1 << (cpu % WORD_BITS);
    }
    // SAFETY: `mask` is as long as the size that is passed, and is only read.
    let result =
        unsafe { libc::sched_setaffinity(0, size_of_val(mask.as_slice()), mask.as_ptr().cast()) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The places of the bits of a mask.
fn cpus_of(mask: &[u64]) -> Vec<usize> {
    let is_set = |cpu: &usize| mask[cpu / WORD_BITS] >> (cpu % WORD_BITS) & 1 == 1;
    (0..mask.len() * WORD_BITS).filter(is_set).collect()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{AffinityError, available_cpus, cpus_of, pin_current_thread};
    use std::thread;

    /// Runs on a thread of its own, so that other tests keep their processors.
    fn apart<R: Send>(body: impl FnOnce() -> R + Send) -> R {
        thread::scope(|scope| scope.spawn(body).join().unwrap())
    }

    #[test]
    fn a_pinned_thread_runs_on_its_processor() {
        let cpus = available_cpus().unwrap();
        assert!(!cpus.is_empty());
        for &cpu in &cpus {
            let (current, left) = apart(|| {
                pin_current_thread(&[cpu]).unwrap();
                // SAFETY: the call takes nothing.
                (unsafe { libc::sched_getcpu() }, available_cpus().unwrap())
            });
            assert_eq!(usize::try_from(current), Ok(cpu));
            assert_eq!(left, [cpu]);
        }
        assert_eq!(available_cpus().unwrap(), cpus, "other threads keep theirs");
    }

    #[test]
    fn a_thread_can_be_let_loose_again() {
        let cpus = available_cpus().unwrap();
        let after = apart(|| {
            pin_current_thread(&cpus[..1]).unwrap();
            pin_current_thread(&cpus).unwrap();
            available_cpus().unwrap()
        });
        assert_eq!(after, cpus);
    }

    #[test]
    fn what_is_not_there_is_refused_and_changes_nothing() {
        let cpus = available_cpus().unwrap();
        for absent in [8_191, 300_000, usize::MAX] {
            for named in [vec![absent], vec![cpus[0], absent]] {
                let (error, after) = apart(|| {
                    (
                        pin_current_thread(&named).unwrap_err(),
                        available_cpus().unwrap(),
                    )
                });
                assert!(
                    matches!(error, AffinityError::Unavailable { cpu } if cpu == absent),
                    "{error}"
                );
                assert_eq!(after, cpus);
            }
        }
    }

    #[test]
    fn no_processor_is_refused() {
        assert!(matches!(pin_current_thread(&[]), Err(AffinityError::Empty)));
    }

    #[test]
    fn masks_are_read_word_by_word() {
        assert_eq!(cpus_of(&[0b101, 0, 1 << 63]), [0, 2, 191]);
    }
}
