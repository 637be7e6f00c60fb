//! What the kernel granted, what it refused and why: as data, and as text for people.

use std::fmt;

use crate::feature::{Feature, FeatureSet};

/// The outcome of setting up a ring.
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
    /// What is in use.
    pub granted: FeatureSet,
    /// What was wanted and is not in use, in the order in which it was given up.
    pub refused: Vec<Refusal>,
    /// `io_uring_setup` calls it took.
    pub attempts: u32,
    /// What runs the operations: `io_uring`, or the name of what stands in for it.
    pub driver: &'static str,
    pub(crate) supported: Opcodes,
}

/// A set of `IORING_OP_*` numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Opcodes([u64; 4]);

impl FromIterator<u8> for Opcodes {
    fn from_iter<I: IntoIterator<Item = u8>>(opcodes: I) -> Self {
        let mut set = Opcodes::default();
        for opcode in opcodes {
            set.0[usize::from(opcode / 64)] |= 1 << (opcode % 64);
        }
        set
    }
}

/// One thing that the engine wanted and did not get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was wanted.
    pub what: Wanted,
    /// The kernel's answer; `None` when the configuration left it out or the kernel does not announce it.
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
    /// without the probe (before 5.6) counts as knowing none.
    pub fn supports(&self, opcode: u8) -> bool {
        self.supported.0[usize::from(opcode / 64)] & (1 << (opcode % 64)) != 0
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
            None => write!(f, " (not asked for)")?,
        }
        write!(f, ": {}", self.hint)
    }
}
