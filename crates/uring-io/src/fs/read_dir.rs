//! The entries of a directory.
//!
//! The ring has no operation for this (`getdents`), so the blocking pool reads them, many at a time: one job for each
//! batch.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use context::BlockingTask;

use crate::fs::blocking::{blocking, output};
use crate::fs::metadata::{FileType, Metadata};
use crate::fs::path::{metadata, symlink_metadata};

/// Entries that a job reads.
const BATCH: usize = 512;

/// Opens a directory to read its entries.
///
/// Cancel-safe: dropping the future closes what was opened.
///
/// # Errors
///
/// `NotFound`, `NotADirectory` and whatever else the kernel says; `InvalidInput` if the path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
///
/// # Examples
///
/// ```
/// # context::block_on(async {
/// let mut entries = uring_io::fs::read_dir("/proc/self").await?;
/// let mut directories = Vec::new();
/// while let Some(entry) = entries.next_entry().await? {
///     if entry.file_type().await?.is_dir() {
///         directories.push(entry.file_name().to_owned());
///     }
/// }
/// assert!(directories.contains(&"task".into()));
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let path = path.as_ref().to_owned();
    let batch = blocking(move || std::fs::read_dir(path).map(read_batch)).await?;
    Ok(ReadDir {
        entries: batch.entries,
        source: Source::of(batch.rest),
    })
}

/// The entries of a directory, without `.` and `..`, in the order that the file system has them. Those that are made or
/// removed meanwhile may or may not be among them.
pub struct ReadDir {
    /// Those that were read and nobody has taken.
    entries: VecDeque<io::Result<DirEntry>>,
    source: Source,
}

enum Source {
    Idle(std::fs::ReadDir),
    Reading(BlockingTask<io::Result<Batch>>),
    Ended,
}

impl Source {
    fn of(rest: Option<std::fs::ReadDir>) -> Self {
        rest.map_or(Self::Ended, Self::Idle)
    }
}

struct Batch {
    entries: VecDeque<io::Result<DirEntry>>,
    /// `None` after the last entry.
    rest: Option<std::fs::ReadDir>,
}

impl ReadDir {
    /// The next entry; `None` after the last.
    ///
    /// Cancel-safe: dropping the future loses no entry.
    ///
    /// # Errors
    ///
    /// What the kernel says; further entries may follow.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        poll_fn(|cx| self.poll_entry(cx)).await
    }

    fn poll_entry(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<DirEntry>>> {
        loop {
            if let Some(entry) = self.entries.pop_front() {
                return Poll::Ready(entry.map(Some));
            }
            match &mut self.source {
                Source::Ended => return Poll::Ready(Ok(None)),
                Source::Reading(task) => {
                    let batch = output(ready!(Pin::new(task).poll(cx)));
                    // Without a batch the directory is lost: that was the last job.
                    self.source = Source::Ended;
                    let batch = batch?;
                    self.entries = batch.entries;
                    self.source = Source::of(batch.rest);
                }
                Source::Idle(_) => {
                    let Source::Idle(directory) =
                        std::mem::replace(&mut self.source, Source::Ended)
                    else {
                        continue;
                    };
                    let task = context::spawn_blocking(move || Ok(read_batch(directory)));
                    self.source = Source::Reading(task);
                }
            }
        }
    }
}

/// The entries, each or why it could not be read. After the last it says `None` as often as it is asked. A `next()` that is dropped
/// loses no entry.
///
/// # Panics
///
/// `poll_next` panics outside of a context.
///
/// # Examples
///
/// ```
/// use futures_util::TryStreamExt;
///
/// # context::block_on(async {
/// let entries = uring_io::fs::read_dir("/proc/self").await?;
/// let names: Vec<_> = entries.map_ok(|entry| entry.file_name().to_owned()).try_collect().await?;
/// assert!(names.contains(&"task".into()));
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[cfg(feature = "futures")]
impl futures_core::Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_entry(cx).map(Result::transpose)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let known = self.entries.len();
        let most = matches!(self.source, Source::Ended).then_some(known);
        (known, most)
    }
}

fn read_batch(mut directory: std::fs::ReadDir) -> Batch {
    let entries: VecDeque<_> = directory
        .by_ref()
        .take(BATCH)
        .map(|entry| {
            entry.map(|entry| DirEntry {
                path: entry.path(),
                name: entry.file_name(),
                // Known from the entry, or else not asked for here.
                kind: entry.file_type().ok().map(FileType::from),
            })
        })
        .collect();
    let rest = (entries.len() == BATCH).then_some(directory);
    Batch { entries, rest }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir")
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// An entry of a directory.
#[derive(Clone, Debug)]
pub struct DirEntry {
    path: PathBuf,
    name: OsString,
    kind: Option<FileType>,
}

impl DirEntry {
    /// The path: that of the directory, as it was given, and the name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name within the directory. Any bytes but 0 and `/`.
    pub fn file_name(&self) -> &std::ffi::OsStr {
        &self.name
    }

    /// What kind of thing it is, links not followed. Most file systems tell with the entry; others are asked.
    ///
    /// Cancel-safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// What the kernel says, if it has to be asked.
    ///
    /// # Panics
    ///
    /// Outside a context, if it has to be asked.
    pub async fn file_type(&self) -> io::Result<FileType> {
        match self.kind {
            Some(kind) => Ok(kind),
            None => Ok(self.symlink_metadata().await?.file_type()),
        }
    }

    /// What is known of it, links followed.
    ///
    /// Cancel-safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        metadata(&self.path).await
    }

    /// What is known of it; of a symbolic link, the link.
    ///
    /// Cancel-safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn symlink_metadata(&self) -> io::Result<Metadata> {
        symlink_metadata(&self.path).await
    }
}
