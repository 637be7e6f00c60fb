//! A bare ring, for the no-op: what no runtime can be faster than.

use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

use io_uring::opcode;

use crate::raw_ring::{self, Queues};
use crate::runtime::Case;

/// Times no-ops; a bare ring offers nothing else.
pub(super) fn time(case: Case, iterations: u64) -> Option<Duration> {
    match case {
        Case::RingNop => Some(nops(iterations).expect("a ring can be set up")),
        _ => None,
    }
}

fn nops(iterations: u64) -> io::Result<Duration> {
    let mut ring = raw_ring::build()?;
    let mut queues = Queues::new(&mut ring)?;
    let entry = opcode::Nop::new().build();
    let begin = Instant::now();
    for _ in 0..iterations {
        // SAFETY: the entry points at no memory.
        unsafe { queues.push(&entry)? };
        queues.turn()?;
        while let Some(completion) = queues.next() {
            black_box(completion.result());
        }
    }
    Ok(begin.elapsed())
}
