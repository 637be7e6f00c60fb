//! Which context a submission goes to.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::handle::Handle;

/// Chooses a context for a submission.
///
/// [`Scheduler`](crate::Scheduler) calls it on the submitting thread, from many threads at once.
///
/// A strategy of one's own, which gives everything to the first context:
///
/// ```
/// use context::{Handle, Scheduler};
///
/// let first = |_contexts: &[Handle]| 0;
/// let mut scheduler = Scheduler::builder().contexts(2).dispatch(first).build();
/// let name = scheduler.contexts()[0].name().to_owned();
/// let ran_on = scheduler.handle().submit(async { context::handle().name().to_owned() })?;
/// scheduler.run()?;
/// assert_eq!(ran_on.join_blocking()?, name);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Dispatch: Send + Sync {
    /// The index of the context to submit to. `contexts` is never empty; an index beyond it is taken modulo its length.
    fn choose(&self, contexts: &[Handle]) -> usize;
}

/// A function is a strategy.
impl<F> Dispatch for F
where
    F: Fn(&[Handle]) -> usize + Send + Sync,
{
    fn choose(&self, contexts: &[Handle]) -> usize {
        self(contexts)
    }
}

/// One context after the other. The default.
#[derive(Debug, Default)]
pub struct RoundRobin {
    next: AtomicUsize,
}

impl Dispatch for RoundRobin {
    fn choose(&self, contexts: &[Handle]) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed) % contexts.len()
    }
}

/// The context with the fewest live tasks, the first of them if there are several.
#[derive(Debug, Default)]
pub struct LeastLoaded;

impl Dispatch for LeastLoaded {
    fn choose(&self, contexts: &[Handle]) -> usize {
        (0..contexts.len())
            .min_by_key(|index| load(&contexts[*index]))
            .unwrap_or(0)
    }
}

/// The less loaded of two contexts drawn at random (Mitzenmacher, 2001): close to the least loaded, at the cost of two
/// looks however many contexts there are.
pub struct PowerOfTwoChoices {
    state: AtomicU64,
}

impl PowerOfTwoChoices {
    /// A strategy whose draws depend on `seed` and the order of submissions alone.
    pub fn with_seed(seed: u64) -> Self {
        Self {
            state: AtomicU64::new(seed),
        }
    }

    /// The next number of a SplitMix64 sequence (Steele, Lea, Flood, 2014).
    fn draw(&self) -> u64 {
        let mut z = self
            .state
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
            .wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Default for PowerOfTwoChoices {
    fn default() -> Self {
        Self::with_seed(0)
    }
}

impl fmt::Debug for PowerOfTwoChoices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PowerOfTwoChoices").finish_non_exhaustive()
    }
}

impl Dispatch for PowerOfTwoChoices {
    fn choose(&self, contexts: &[Handle]) -> usize {
        let count = contexts.len() as u64;
        if count < 2 {
            return 0;
        }
        let drawn = self.draw();
        let first = (drawn >> 32) % count;
        // One of the others.
        let second = (first + 1 + (drawn & 0xffff_ffff) % (count - 1)) % count;
        let (first, second) = (first as usize, second as usize);
        if load(&contexts[second]) < load(&contexts[first]) {
            second
        } else {
            first
        }
    }
}

/// A context's live tasks, and those submitted to it that it has not taken up.
fn load(context: &Handle) -> u64 {
    context.load()
}
