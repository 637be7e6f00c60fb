//! The directory that is served, and how a request's path becomes a file in it.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use corio::fs::{File, OpenOptions};

use crate::http::Status;
use crate::media_type;

/// The directory that is served.
pub(crate) struct Root(PathBuf);

/// What a path stands for.
pub(crate) enum Found {
    File(FoundFile),
    /// A directory whose path does not end with a slash, without which links in its index would not lead into it.
    Directory {
        location: String,
    },
}

pub(crate) struct FoundFile {
    pub(crate) file: File,
    pub(crate) length: u64,
    pub(crate) media_type: &'static str,
}

impl Root {
    pub(crate) fn new(directory: &str) -> io::Result<Self> {
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("cannot serve {directory}: {error}"))
        };
        let path = std::fs::canonicalize(directory).map_err(named)?;
        std::fs::read_dir(&path).map_err(named)?;
        Ok(Self(path))
    }

    /// Opens what a request asks for.
    pub(crate) async fn find(&self, target: &str) -> Result<Found, Status> {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let mut below = normalised(path).ok_or(Status::NOT_FOUND)?;
        let (mut file, mut metadata) = self.open(&below).await?;
        if metadata.is_dir() {
            if !path.ends_with('/') {
                let location = format!("/{}/", path.trim_start_matches('/'));
                return Ok(Found::Directory { location });
            }
            below.push("index.html");
            (file, metadata) = self.open(&below).await?;
        } else if path.ends_with('/') {
            return Err(Status::NOT_FOUND);
        }
        if !metadata.is_file() {
            return Err(Status::NOT_FOUND);
        }
        Ok(Found::File(FoundFile {
            file,
            length: metadata.len(),
            media_type: media_type::of(&below),
        }))
    }

    async fn open(&self, below: &Path) -> Result<(File, corio::fs::Metadata), Status> {
        let opened = async {
            // A named pipe would otherwise wait for somebody who writes to it.
            let file = OpenOptions::new()
                .read(true)
                .custom_flags(libc::O_NONBLOCK)
                .open(self.0.join(below))
                .await?;
            // Where it is in truth, whatever links led to it: looked up after it was opened, so nothing can change between.
            let place = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
            if !place.starts_with(&self.0) {
                return Err(io::ErrorKind::NotFound.into());
            }
            let metadata = file.metadata().await?;
            Ok((file, metadata))
        };
        opened.await.map_err(|error: io::Error| match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::InvalidFilename => Status::NOT_FOUND,
            _ if error.raw_os_error() == Some(libc::ELOOP) => Status::NOT_FOUND,
            _ => Status::INTERNAL_ERROR,
        })
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

/// The path below the root; `None` if it is none, or leads out of it.
fn normalised(path: &str) -> Option<PathBuf> {
    let mut below = PathBuf::new();
    for part in path.strip_prefix('/')?.split('/') {
        let name = decoded(part)?;
        match name.as_slice() {
            b"" | b"." => {}
            b".." if below.pop() => {}
            b".." => return None,
            // A slash that was written as `%2F` separates nothing.
            name if name.contains(&b'/') || name.contains(&0) => return None,
            _ => below.push(OsString::from_vec(name)),
        }
    }
    Some(below)
}

/// Replaces each `%41` by its byte; `None` if there is another `%`.
fn decoded(part: &str) -> Option<Vec<u8>> {
    let mut bytes = part.bytes();
    let mut name = Vec::with_capacity(part.len());
    while let Some(byte) = bytes.next() {
        name.push(match byte {
            b'%' => {
                let digits =
                    [bytes.next()?, bytes.next()?].map(|digit| (digit as char).to_digit(16));
                let [Some(high), Some(low)] = digits else {
                    return None;
                };
                (high * 16 + low) as u8
            }
            byte => byte,
        });
    }
    Some(name)
}
