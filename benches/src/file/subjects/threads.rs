//! No runtime: a thread for each operation in flight, and `pread` and `pwrite`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::file::block::Block;
use crate::file::case::{Case, Kind};
use crate::file::folder::check;
use crate::file::random::Offsets;
use crate::file::{Cost, Folder};
use crate::process::processor_time;

/// Costs of `iterations` of a case by each thread. Starting the threads does not count.
pub(super) fn time(folder: &Folder, case: Case, iterations: u64) -> Cost {
    let file = folder.open(case).expect("the file can be opened");
    let size = file.metadata().expect("it is open").len();
    work(&file, case, size, 0, iterations / 8 + 1);
    // Twice: when all are there, and when the clocks have been read. Else the others would be through with their work before
    // this thread had a turn to read them.
    let all_there = Barrier::new(case.depth() as usize);
    thread::scope(|scope| {
        let others: Vec<_> = (1..case.depth())
            .map(|task| {
                let (file, all_there) = (&file, &all_there);
                scope.spawn(move || {
                    all_there.wait();
                    all_there.wait();
                    work(file, case, size, task, iterations);
                })
            })
            .collect();
        all_there.wait();
        let begin = (Instant::now(), processor_time());
        all_there.wait();
        work(&file, case, size, 0, iterations);
        for other in others {
            other.join().expect("no operation fails");
        }
        Cost {
            elapsed: begin.0.elapsed(),
            processor: processor_time() - begin.1,
        }
    })
}

fn work(file: &File, case: Case, size: u64, task: u64, count: u64) {
    let mut offsets = Offsets::new(case, size, task);
    let mut block = Block::new(case.block());
    for _ in 0..count {
        let offset = offsets.next();
        match case.kind {
            Kind::Random { .. } | Kind::Read => {
                file.read_exact_at(block.space(), offset)
                    .unwrap_or_else(|error| panic!("{case} at {offset}: {error}"));
                check(block.bytes(), case.block(), offset);
            }
            Kind::Write => file
                .write_all_at(block.bytes(), offset)
                .unwrap_or_else(|error| panic!("{case} at {offset}: {error}")),
        }
    }
}
