//! The cases, over any way to use files.

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use crate::file::case::{Case, Kind};
use crate::file::random::Offsets;
use crate::file::{Cost, Folder};
use crate::process::processor_time;
use crate::runtime::subject::Runtime;

/// A runtime's files.
pub(crate) trait FileSystem: Runtime + 'static {
    /// An open file, or a share of it.
    type File: Clone + 'static;

    /// What an operation works on; it goes in and comes back.
    type Buffer: 'static;

    /// Opens the file of a case.
    fn open(path: PathBuf, case: Case) -> impl Future<Output = io::Result<Self::File>>;

    /// A buffer for operations of a case.
    fn buffer(file: &Self::File, case: Case) -> Self::Buffer;

    /// Reads a block, whole, and checks it.
    fn read(
        file: &Self::File,
        buffer: Self::Buffer,
        offset: u64,
        size: usize,
    ) -> impl Future<Output = io::Result<Self::Buffer>>;

    /// Writes a block, whole.
    fn write(
        file: &Self::File,
        buffer: Self::Buffer,
        offset: u64,
    ) -> impl Future<Output = io::Result<Self::Buffer>>;
}

/// Costs of `iterations` of `case` on a runtime that is built for it.
///
/// # Panics
///
/// If an operation fails: the files were there a moment ago.
pub(crate) fn time<S: FileSystem>(folder: &Folder, case: Case, iterations: u64) -> Cost {
    let path = folder.path(case);
    let size = path.metadata().expect("the file is there").len();
    S::run(async move {
        let file = S::open(path, case).await.expect("the file can be opened");
        run::<S>(&file, case, size, iterations / 8 + 1).await;
        run::<S>(&file, case, size, iterations).await
    })
}

/// A task for each operation in flight does `iterations` of them.
async fn run<S: FileSystem>(file: &S::File, case: Case, size: u64, iterations: u64) -> Cost {
    let begin = (Instant::now(), processor_time());
    match case.depth() {
        1 => work::<S>(file.clone(), case, size, 0, iterations).await,
        depth => {
            let tasks: Vec<_> = (0..depth)
                .map(|task| S::spawn(work::<S>(file.clone(), case, size, task, iterations)))
                .collect();
            for task in tasks {
                task.await;
            }
        }
    }
    Cost {
        elapsed: begin.0.elapsed(),
        processor: processor_time() - begin.1,
    }
}

async fn work<S: FileSystem>(file: S::File, case: Case, size: u64, task: u64, count: u64) {
    let mut offsets = Offsets::new(case, size, task);
    let mut buffer = S::buffer(&file, case);
    for _ in 0..count {
        let offset = offsets.next();
        let outcome = match case.kind {
            Kind::Random { .. } | Kind::Read => S::read(&file, buffer, offset, case.block()).await,
            Kind::Write => S::write(&file, buffer, offset).await,
        };
        buffer = outcome.unwrap_or_else(|error| panic!("{case} at {offset}: {error}"));
    }
}
