//! Files: reads, writes and opens are dropped; what was written stands where it should.
//!
//! Of a write that is dropped, all, a part or nothing happens, and at any later time. So every place of a file is only
//! ever written with the same bytes, which differ from the zeros that are there at first: a byte is zero or right,
//! and right for good once a write of it has come to its end.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use uring_io::IoBuf;
use uring_io::fs::{self, File, OpenOptions};

use super::Storm;
use super::actor::{Actor, Limited};
use super::guarded::Guarded;
use crate::support::bytes_at;

const BLOCK: u64 = 4096;
const BLOCKS: u64 = 64;

pub(crate) async fn run(storm: Rc<Storm>) {
    let directory = tempfile::tempdir().unwrap();
    let mut actors = Vec::new();
    for number in 0..storm.settings.connections {
        let path = directory.path().join(number.to_string());
        let subject = Rc::new(Subject::new(&path, number).await);
        for role in 0..2 {
            let actor = Actor::new(&storm, number, role);
            actors.push(context::spawn(use_file(actor, subject.clone())));
        }
    }
    for actor in actors {
        actor.await.unwrap();
    }
}

/// A file and what is known of it.
struct Subject {
    path: PathBuf,
    stream: u64,
    file: File,
    is_direct: bool,
    /// Which blocks are written for certain.
    written: RefCell<Vec<bool>>,
}

impl Subject {
    async fn new(path: &Path, number: u64) -> Self {
        let open = |flags| {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .custom_flags(flags)
                .clone()
        };
        let file = open(0).open(path).await.unwrap();
        let zeros = Guarded::holding(&vec![0; (BLOCK * BLOCKS) as usize]);
        file.write_all_at(zeros, 0).await.0.unwrap();
        // Every other file past the page cache, if the file system can: then operations take their time. Not one file in
        // both ways: where they meet, the kernel may drop dirty pages and fail the next sync with `EIO`.
        file.sync_all().await.unwrap();
        let direct = match number % 2 {
            0 => open(libc::O_DIRECT).open(path).await.ok(),
            _ => None,
        };
        Self {
            path: path.to_owned(),
            stream: number,
            is_direct: direct.is_some(),
            file: direct.unwrap_or(file),
            written: RefCell::new(vec![false; BLOCKS as usize]),
        }
    }

    /// What block `block` holds once it is written: no zeros.
    fn bytes(&self, block: u64, length: usize) -> Vec<u8> {
        let mut bytes = bytes_at(self.stream, block * BLOCK, length);
        bytes.iter_mut().for_each(|byte| *byte |= 1);
        bytes
    }

    fn check(&self, actor: &mut Actor, known: &[bool], block: u64, bytes: &[u8]) {
        let right = self.bytes(block, bytes.len());
        for (at, (byte, right)) in bytes.iter().zip(&right).enumerate() {
            let is_known = known[block as usize + at / BLOCK as usize];
            if byte != right && (is_known || *byte != 0) {
                actor.set_position(block * BLOCK + at as u64);
                actor.fail(format!(
                    "byte {byte} should be {right}, written for certain: {is_known}"
                ));
            }
        }
        actor.storm().count_checked(bytes.len() as u64);
    }
}

/// Uses a file in all ways.
async fn use_file(mut actor: Actor, subject: Rc<Subject>) {
    let mut round = 0;
    while !actor.storm().is_over() {
        round += 1;
        actor.set_position(round);
        let first = actor.below(BLOCKS);
        let blocks = actor.below(BLOCKS - first).min(8) + 1;
        match actor.below(8) {
            0..3 => write(&mut actor, &subject, first, blocks).await,
            3..6 => read(&mut actor, &subject, first, blocks).await,
            6 => open(&mut actor, &subject).await,
            _ => ask(&mut actor, &subject).await,
        }
        actor.pause().await;
    }
    // Nothing is dropped any more: all of it is written, and read back.
    for block in 0..BLOCKS {
        let bytes = Guarded::holding(&subject.bytes(block, BLOCK as usize));
        let (result, _) = subject.file.write_all_at(bytes, block * BLOCK).await;
        actor.expect(result);
    }
    let room = Guarded::with_room((BLOCK * BLOCKS) as usize);
    let (result, bytes) = subject.file.read_exact_at(room, 0).await;
    actor.expect(result);
    subject.check(&mut actor, &[true; BLOCKS as usize], 0, &bytes);
}

async fn write(actor: &mut Actor, subject: &Subject, first: u64, blocks: u64) {
    // In one piece, though the blocks' bytes are those of a stream with no gap.
    let bytes = Guarded::holding(&subject.bytes(first, (blocks * BLOCK) as usize));
    let at = first * BLOCK;
    let count = match actor.below(4) {
        0 | 1 => {
            let writing = actor.limited(subject.file.write_all_at(bytes, at)).await;
            let ended = writing.ended();
            ended.map(|(result, _)| result.map(|()| blocks * BLOCK))
        }
        2 => {
            let writing = actor.limited(subject.file.write_at(bytes, at)).await;
            let ended = writing.ended();
            ended.map(|(result, _)| result.map(|count| count as u64))
        }
        _ => {
            let mut writing = subject.file.write_at(bytes, at);
            let (result, _) = match actor.limited(&mut writing).await {
                Limited::Ended(written) => written,
                Limited::Cancelled | Limited::NeverPolled => writing.cancel().await,
            };
            let is_cancelled = matches!(&result, Err(error) if is_cancellation(error));
            (!is_cancelled).then_some(result.map(|count| count as u64))
        }
    };
    let Some(count) = count else { return };
    let count = actor.expect(count) / BLOCK;
    subject.written.borrow_mut()[first as usize..(first + count) as usize].fill(true);
}

fn is_cancellation(error: &std::io::Error) -> bool {
    // Interrupted: a thread of the kernel had begun it.
    error.raw_os_error() == Some(libc::ECANCELED) || error.kind() == std::io::ErrorKind::Interrupted
}

async fn read(actor: &mut Actor, subject: &Subject, first: u64, blocks: u64) {
    // What is written from now on may or may not be seen.
    let known = subject.written.borrow().clone();
    let room = Guarded::with_room((blocks * BLOCK) as usize);
    let bytes = if actor.below(2) == 0 {
        let reading = subject.file.read_exact_at(room, first * BLOCK);
        let Limited::Ended((result, bytes)) = actor.limited(reading).await else {
            return;
        };
        actor.expect(result);
        bytes
    } else {
        let reading = subject.file.read_at(room, first * BLOCK);
        let Limited::Ended((result, bytes)) = actor.limited(reading).await else {
            return;
        };
        let count = actor.expect(result);
        if count != bytes.len() || count == 0 {
            actor.fail(format!(
                "{count} bytes were read, the buffer holds {}",
                IoBuf::len(&bytes)
            ));
        }
        bytes
    };
    subject.check(actor, &known, first, &bytes);
}

/// Opens it once more, and closes it.
async fn open(actor: &mut Actor, subject: &Subject) {
    if subject.is_direct {
        let opened = actor.limited(File::open(&subject.path)).await;
        return drop(opened.ended().map(|opened| actor.expect(opened)));
    }
    let Limited::Ended(opened) = actor.limited(File::open(&subject.path)).await else {
        return;
    };
    let opened = actor.expect(opened);
    let known = subject.written.borrow().clone();
    let room = Guarded::with_room(BLOCK as usize);
    if let Limited::Ended((result, bytes)) = actor.limited(opened.read_exact_at(room, 0)).await {
        actor.expect(result);
        subject.check(actor, &known, 0, &bytes);
    }
    if let Limited::Ended(closed) = actor.limited(opened.close()).await {
        actor.expect(closed);
    }
}

/// Operations without data.
async fn ask(actor: &mut Actor, subject: &Subject) {
    match actor.below(4) {
        0 => {
            if let Limited::Ended(synced) = actor.limited(subject.file.sync_data()).await {
                actor.expect(synced);
            }
        }
        1 if !subject.is_direct => {
            if let Limited::Ended(read) = actor.limited(fs::read(&subject.path)).await {
                let bytes = actor.expect(read);
                subject.check(actor, &[false; BLOCKS as usize], 0, &bytes);
            }
        }
        2 => {
            if let Limited::Ended(metadata) = actor.limited(fs::metadata(&subject.path)).await {
                let length = actor.expect(metadata).len();
                if length != BLOCK * BLOCKS {
                    actor.fail(format!("the file is {length} bytes long"));
                }
            }
        }
        _ => {
            if let Limited::Ended(length) = actor.limited(subject.file.len()).await {
                let length = actor.expect(length);
                if length != BLOCK * BLOCKS {
                    actor.fail(format!("the file is {length} bytes long"));
                }
            }
        }
    }
}
