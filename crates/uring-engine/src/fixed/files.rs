//! The table of registered files.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};

use crate::engine::{Engine, WeakEngine};
use crate::feature::Feature;
use crate::inner::Inner;
use crate::target::Target;

/// Places in a table that was not asked for by [`Engine::reserve_files`].
const DEFAULT_PLACES: u32 = 1024;

/// Which places of an engine's table are free.
#[derive(Default)]
pub(crate) struct FileTable(RefCell<Places>);

#[derive(Default)]
struct Places {
    total: u32,
    unused: u32,
    free: Vec<u32>,
}

/// A file in an engine's table of registered files; it leaves the table when this is dropped.
///
/// Operations on [`target`](FixedFile::target) save the kernel a descriptor lookup. The table holds the file open by
/// itself: the descriptor it came from may be closed. As with a descriptor, keep this until the operations on it have
/// been submitted, or the place may mean another file by then.
pub struct FixedFile {
    engine: WeakEngine,
    index: u32,
}

impl Engine {
    /// Makes a table of registered files with this many places. [`register_file`](Engine::register_file) makes one of
    /// 1024 places when there is none.
    ///
    /// # Errors
    ///
    /// `EBUSY` when there is one, `EMFILE` for more places than the descriptor limit, `Unsupported` where a policy or
    /// the configuration refuses, `ECANCELED` after shutdown.
    pub fn reserve_files(&self, places: u32) -> io::Result<()> {
        self.inner().reserve_files(places)
    }

    /// Puts a file into the table.
    ///
    /// # Errors
    ///
    /// `ENFILE` when every place is taken, `ECANCELED` after shutdown, the kernel's error otherwise.
    pub fn register_file(&self, file: &impl AsFd) -> io::Result<FixedFile> {
        let inner = self.inner();
        if inner.files.0.borrow().total == 0 {
            inner.reserve_files(DEFAULT_PLACES)?;
        }
        let index = inner.files.take()?;
        if let Err(error) = inner.update_file(index, file.as_fd().as_raw_fd()) {
            inner.files.give_back(index);
            return Err(error);
        }
        Ok(FixedFile {
            engine: self.downgrade(),
            index,
        })
    }
}

impl FixedFile {
    /// The place in the table.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// What operations act on.
    pub fn target(&self) -> Target {
        Target::Fixed(self.index)
    }

    /// Puts another file into the same place. Operations that were submitted before keep acting on the old one.
    ///
    /// # Errors
    ///
    /// `ECANCELED` when the engine is gone, the kernel's error otherwise.
    pub fn replace(&self, file: &impl AsFd) -> io::Result<()> {
        let engine = self.engine.upgrade().ok_or_else(gone)?;
        engine
            .inner()
            .update_file(self.index, file.as_fd().as_raw_fd())
    }
}

impl Drop for FixedFile {
    fn drop(&mut self) {
        let Some(engine) = self.engine.upgrade() else {
            return;
        };
        if engine.inner().update_file(self.index, -1).is_ok() {
            engine.inner().files.give_back(self.index);
        }
    }
}

impl fmt::Debug for FixedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedFile")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

impl FileTable {
    fn take(&self) -> io::Result<u32> {
        let mut places = self.0.borrow_mut();
        if let Some(index) = places.free.pop() {
            return Ok(index);
        }
        if places.unused == places.total {
            return Err(io::Error::from_raw_os_error(libc::ENFILE));
        }
        places.unused += 1;
        Ok(places.unused - 1)
    }

    fn give_back(&self, index: u32) {
        self.0.borrow_mut().free.push(index);
    }
}

impl Inner {
    fn reserve_files(&self, places: u32) -> io::Result<()> {
        let ring = self.ring().ok_or_else(gone)?;
        let submitter = ring.submitter()?;
        let register = || match submitter.register_files_sparse(places) {
            // Before 5.19 the empty places are listed.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                submitter.register_files(&vec![-1; places as usize])
            }
            result => result,
        };
        let withheld = &self.report.withheld;
        withheld.registered(Feature::RegisteredFiles, register)?;
        self.files.0.borrow_mut().total = places;
        Ok(())
    }

    fn update_file(&self, index: u32, fd: RawFd) -> io::Result<()> {
        let ring = self.ring().ok_or_else(gone)?;
        ring.submitter()?
            .register_files_update(index, &[fd])
            .map(drop)
    }
}

fn gone() -> io::Error {
    io::Error::from_raw_os_error(libc::ECANCELED)
}
