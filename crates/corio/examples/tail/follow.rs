//! A file that grows, becomes shorter, or gives its name to another one.

use std::io;
use std::path::Path;
use std::time::Duration;

use corio::fs::{self, File};
use corio::io::StandardOutput;

/// How often it is looked at.
const PERIOD: Duration = Duration::from_millis(200);

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// A file, and how far it was shown.
pub(crate) struct Followed<'a> {
    path: &'a Path,
    file: File,
    shown: u64,
}

impl<'a> Followed<'a> {
    pub(crate) fn new(path: &'a Path, file: File, shown: u64) -> Self {
        Self { path, file, shown }
    }

    /// Shows the rest of the file.
    pub(crate) async fn show(&mut self, output: &StandardOutput) -> io::Result<()> {
        let mut buffer = Vec::with_capacity(PIECE);
        loop {
            let (result, bytes) = self.file.read_at(buffer, self.shown).await;
            let count = result?;
            if count == 0 {
                return Ok(());
            }
            self.shown += count as u64;
            let (written, bytes) = output.write_all(bytes).await;
            written?;
            buffer = bytes;
            buffer.clear();
        }
    }

    /// Shows what is added, until there is an error.
    pub(crate) async fn follow(&mut self, output: &StandardOutput) -> io::Result<()> {
        let mut ticks = corio::time::interval(PERIOD);
        loop {
            ticks.tick().await;
            if self.file.len().await? < self.shown {
                eprintln!("tail: {} has become shorter", self.path.display());
                self.shown = 0;
            }
            self.show(output).await?;
            if let Some(file) = self.successor().await? {
                // What was written to the old one before it lost its name.
                self.show(output).await?;
                eprintln!("tail: {} is another file now", self.path.display());
                (self.file, self.shown) = (file, 0);
                self.show(output).await?;
            }
        }
    }

    /// The file that has taken the name since.
    async fn successor(&self) -> io::Result<Option<File>> {
        let named = match fs::metadata(self.path).await {
            // Between two names: the next one will come.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            named => named?,
        };
        let open = self.file.metadata().await?;
        if (named.dev(), named.ino()) == (open.dev(), open.ino()) {
            return Ok(None);
        }
        match File::open(self.path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            file => file.map(Some),
        }
    }
}
