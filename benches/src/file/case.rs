//! The cases.

use std::fmt;

/// What is done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    pub(crate) kind: Kind,
    /// Past the page cache.
    pub(crate) direct: bool,
}

/// What is done, whichever way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Blocks of 4 KiB from anywhere, so many at a time, each by a task of its own.
    Random { depth: u64 },
    /// Blocks of 1 MiB one after the other.
    Read,
    /// Blocks of 1 MiB one after the other, over what is there.
    Write,
}

impl Case {
    /// Every case.
    pub fn all() -> Vec<Self> {
        let kinds = [
            Kind::Random { depth: 1 },
            Kind::Random { depth: 32 },
            Kind::Random { depth: 128 },
            Kind::Read,
            Kind::Write,
        ];
        [false, true]
            .into_iter()
            .flat_map(|direct| kinds.map(|kind| Self { kind, direct }))
            .collect()
    }

    /// Whether it goes past the page cache.
    pub fn is_direct(self) -> bool {
        self.direct
    }

    /// Operations in one iteration: a time is divided by them.
    pub fn operations(self) -> u64 {
        self.depth()
    }

    /// Operations in flight.
    pub(crate) fn depth(self) -> u64 {
        match self.kind {
            Kind::Random { depth } => depth,
            Kind::Read | Kind::Write => 1,
        }
    }

    /// Bytes of an operation.
    pub(crate) fn block(self) -> usize {
        match self.kind {
            Kind::Random { .. } => 4096,
            Kind::Read | Kind::Write => 1 << 20,
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.direct { "direct" } else { "buffered" };
        match self.kind {
            Kind::Random { depth } => write!(f, "read 4 KiB {way} x {depth}"),
            Kind::Read => write!(f, "read 1 MiB {way}"),
            Kind::Write => write!(f, "write 1 MiB {way}"),
        }
    }
}
