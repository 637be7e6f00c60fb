//! What the kernel granted, what it refused and why: as data, and as text for people.

use std::fmt;
use std::io;

use crate::feature::{Feature, FeatureSet};
use crate::opcodes::Opcodes;
use crate::withheld::Withheld;

/// The outcome of setting up a ring.
///
/// ```
/// use uring_engine::{Engine, EngineConfig};
///
/// let engine = Engine::new(&EngineConfig::default())?;
/// let report = engine.report();
/// println!("{} entries on Linux {}", report.sq_entries, report.kernel);
/// for refusal in &report.refused {
///     println!("without {:?}: {}", refusal.what, refusal.hint);
/// }
/// # Ok::<(), uring_engine::SetupError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SetupReport {
    /// The kernel release, as `uname -r` prints it.
    pub kernel: String,
    /// Submission queue entries granted.
    pub sq_entries: u32,
    /// Completion queue entries granted.
    pub cq_entries: u32,
    /// Submission queue entries that were asked for.
    pub requested_entries: u32,
    /// What is in use, or there to be used.
    pub granted: FeatureSet,
    /// What was wanted and is not in use, in the order in which it was given up.
    pub refused: Vec<Refusal>,
    /// `io_uring_setup` calls it took.
    pub attempts: u32,
    /// What runs the operations: `io_uring`, or the name of what stands in for it.
    pub driver: &'static str,
    /// What the configuration withheld ([`EngineConfig::without`](crate::EngineConfig::without)), of which nothing is in use:
    /// the kernel was not asked for it.
    pub withheld: Withheld,
    pub(crate) supported: Opcodes,
}

/// One thing that the engine wanted and did not get.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// What was wanted.
    pub what: Wanted,
    /// The kernel's answer; `None` when it does not announce it, or there was no need to ask.
    pub errno: Option<i32>,
    /// What it means and what to do about it.
    pub hint: String,
}

/// What a [`Refusal`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wanted {
    /// An optional feature.
    Feature(Feature),
    /// A submission queue of this many entries.
    Entries(u32),
    /// A ring of the kernel at all.
    Ring,
}

impl SetupReport {
    /// Whether a feature is in use.
    pub fn has(&self, feature: Feature) -> bool {
        self.granted.contains(feature)
    }

    /// Whether an operation can be run, by its `IORING_OP_*` number (`io_uring::opcode::Read::CODE`). A kernel
    /// that does not tell counts as one of 5.11.
    pub fn supports(&self, opcode: u8) -> bool {
        self.supported.contains(opcode)
    }

    /// Says of an operation's `EINVAL`, if that is none which the ring knows, that this is what was wrong, which operation it
    /// is and which kernel has it. Any other error stays as it is.
    pub fn explain(&self, opcode: u8, error: io::Error) -> io::Error {
        Withheld::explained(self.supported, opcode, error)
    }

    /// The refusal of a feature, when it was refused.
    pub fn refusal(&self, feature: Feature) -> Option<&Refusal> {
        self.refused
            .iter()
            .find(|refusal| refusal.what == Wanted::Feature(feature))
    }
}

impl fmt::Display for SetupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} on Linux {}: {} submission and {} completion entries ({} setup attempt{})",
            self.driver,
            self.kernel,
            self.sq_entries,
            self.cq_entries,
            self.attempts,
            if self.attempts == 1 { "" } else { "s" },
        )?;
        write!(f, "  granted:")?;
        for (at, feature) in self.granted.iter().enumerate() {
            write!(f, "{} {feature}", if at == 0 { "" } else { "," })?;
        }
        writeln!(f)?;
        if !self.withheld.is_nothing() {
            writeln!(f, "  withheld by the configuration: {}", self.withheld)?;
        }
        for refusal in &self.refused {
            writeln!(f, "  refused: {refusal}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Feature(feature) => write!(f, "{feature}"),
            Wanted::Entries(entries) => write!(f, "{entries} entries"),
            Wanted::Ring => f.write_str("io_uring"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        match self.errno {
            Some(errno) => write!(f, " ({})", std::io::Error::from_raw_os_error(errno))?,
            None => write!(f, " (not announced)")?,
        }
        write!(f, ": {}", self.hint)
    }
}
