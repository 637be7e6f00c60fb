//! Where the next operation goes.

use crate::file::case::{Case, Kind};

/// The offsets of one task, in bytes.
pub(crate) struct Offsets {
    case: Case,
    blocks: u64,
    state: u64,
}

impl Offsets {
    /// Those of task number `task` in a file of `size` bytes.
    pub(crate) fn new(case: Case, size: u64, task: u64) -> Self {
        Self {
            case,
            blocks: (size / case.block() as u64).max(1),
            state: match case.kind {
                Kind::Random { .. } => {
                    0x9e37_79b9_7f4a_7c15 ^ (task + 1).wrapping_mul(0xff51_afd7_ed55_8ccd)
                }
                Kind::Read | Kind::Write => 0,
            },
        }
    }

    pub(crate) fn next(&mut self) -> u64 {
        let block = match self.case.kind {
            Kind::Random { .. } => {
                // Marsaglia's xorshift64.
                self.state ^= self.state << 13;
                self.state ^= self.state >> 7;
                self.state ^= self.state << 17;
                self.state % self.blocks
            }
            Kind::Read | Kind::Write => {
                let block = self.state;
                self.state = (block + 1) % self.blocks;
                block
            }
        };
        block * self.case.block() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::Offsets;
    use crate::file::Case;

    #[test]
    fn offsets_are_blocks_of_the_file() {
        for case in Case::all() {
            let size = 8 << 20;
            let mut offsets = Offsets::new(case, size, 3);
            for _ in 0..100 {
                let offset = offsets.next();
                assert!(offset + case.block() as u64 <= size, "{case}: {offset}");
                assert_eq!(offset % case.block() as u64, 0, "{case}: {offset}");
            }
        }
    }
}
