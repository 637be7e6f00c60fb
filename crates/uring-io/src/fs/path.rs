//! What is done to names: asking, making, linking, renaming, removing.
//!
//! What the ring can do goes through it (the kernel runs it on threads of its own); the rest, and what this ring cannot do, on the
//! blocking pool.

use std::ffi::CString;
use std::fs::Permissions;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use uring_engine::io_uring::opcode;
use uring_engine::{Operation, op};

use crate::fs::blocking::blocking;
use crate::fs::metadata::Metadata;
use crate::fs::stat::Stat;

/// What is known of the file that a path means, links followed.
///
/// Cancel-safe: dropping the future has no effect.
///
/// # Errors
///
/// What the kernel says; `InvalidInput` if the path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    run(opcode::Statx::CODE, Stat::of_path(text(path)?, 0)).await
}

/// What is known of the file that a path means; of a symbolic link, the link.
///
/// Cancel-safe: dropping the future has no effect.
///
/// # Errors
///
/// What the kernel says; `InvalidInput` if the path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn symlink_metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    run(
        opcode::Statx::CODE,
        Stat::of_path(text(path)?, libc::AT_SYMLINK_NOFOLLOW),
    )
    .await
}

/// Whether a path means something, links followed. False if that cannot be told; [`try_exists`] says why.
///
/// Cancel-safe: dropping the future has no effect.
///
/// # Panics
///
/// Outside a context.
pub async fn exists(path: impl AsRef<Path>) -> bool {
    metadata(path).await.is_ok()
}

/// Whether a path means something, links followed.
///
/// Cancel-safe: dropping the future has no effect.
///
/// # Errors
///
/// What the kernel says, but that there is nothing; `InvalidInput` if the path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn try_exists(path: impl AsRef<Path>) -> io::Result<bool> {
    match metadata(path).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes a directory, with permissions `0o777` less the umask.
///
/// When it is dropped, it may or may not happen.
///
/// # Errors
///
/// `AlreadyExists`, `NotFound` if the directory around it is missing, and whatever else the kernel says; `InvalidInput` if
/// the path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    run(opcode::MkDirAt::CODE, op::MkDirAt::new(text(path)?, 0o777)).await
}

/// Makes a directory and those around it that are missing. One that is there already is no error.
///
/// When it is dropped, some of them may have been made.
///
/// # Errors
///
/// `AlreadyExists` if something stands there that is not a directory, and whatever else the kernel says; `InvalidInput` if
/// the path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    // Outwards to what exists, then back in.
    let mut missing = Vec::new();
    for ancestor in path.ancestors() {
        // The working directory, of a path that is relative.
        if ancestor.as_os_str().is_empty() {
            break;
        }
        match create_dir(ancestor).await {
            Ok(()) => break,
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(ancestor),
            Err(error) => {
                is_dir_or(ancestor, error).await?;
                break;
            }
        }
    }
    for directory in missing.into_iter().rev() {
        if let Err(error) = create_dir(directory).await {
            // Somebody else may have been quicker.
            is_dir_or(directory, error).await?;
        }
    }
    Ok(())
}

/// The error, unless there is a directory.
async fn is_dir_or(path: &Path, error: io::Error) -> io::Result<()> {
    match metadata(path).await {
        Ok(known) if known.is_dir() => Ok(()),
        _ => Err(error),
    }
}

/// Removes an empty directory.
///
/// When it is dropped, it may or may not happen.
///
/// # Errors
///
/// `DirectoryNotEmpty`, `NotADirectory` and whatever else the kernel says; `InvalidInput` if the path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    run(opcode::UnlinkAt::CODE, op::UnlinkAt::directory(text(path)?)).await
}

/// Removes a directory and all that is in it, links not followed. On the blocking pool, as one job.
///
/// Once polled, it happens, dropped or not.
///
/// # Errors
///
/// What the kernel says; some of it may be gone then. `InvalidInput` if the path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    blocking(move || std::fs::remove_dir_all(path)).await
}

/// Removes a name of a file, and the file with its last name and its last descriptor.
///
/// When it is dropped, it may or may not happen.
///
/// # Errors
///
/// `NotFound`, `IsADirectory` and whatever else the kernel says; `InvalidInput` if the path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    run(opcode::UnlinkAt::CODE, op::UnlinkAt::file(text(path)?)).await
}

/// Gives a file another name within its file system; a file that has it is replaced, in one step.
///
/// When it is dropped, it may or may not happen.
///
/// # Errors
///
/// `CrossesDevices` if the names are of different file systems, and whatever else the kernel says; `InvalidInput` if a path
/// holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    run(
        opcode::RenameAt::CODE,
        op::RenameAt::new(text(from)?, text(to)?, 0),
    )
    .await
}

/// As [`rename`], but replaces nothing.
///
/// When it is dropped, it may or may not happen.
///
/// # Errors
///
/// `AlreadyExists`; those of [`rename`]; `EINVAL` where the file system has no such thing.
///
/// # Panics
///
/// Outside a context.
pub async fn rename_new(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let (from, to) = (text(from)?, text(to)?);
    run(
        opcode::RenameAt::CODE,
        op::RenameAt::new(from, to, libc::RENAME_NOREPLACE),
    )
    .await
}

/// Has two files change names, in one step.
///
/// When it is dropped, it may or may not happen.
///
/// # Errors
///
/// `NotFound` if either is missing; those of [`rename`]; `EINVAL` where the file system has no such thing.
///
/// # Panics
///
/// Outside a context.
pub async fn exchange(one: impl AsRef<Path>, other: impl AsRef<Path>) -> io::Result<()> {
    let (one, other) = (text(one)?, text(other)?);
    run(
        opcode::RenameAt::CODE,
        op::RenameAt::new(one, other, libc::RENAME_EXCHANGE),
    )
    .await
}

/// Makes `link` a further name of the file `original`, links not followed.
///
/// When it is dropped, it may or may not happen.
///
/// # Errors
///
/// `AlreadyExists`, `CrossesDevices` and whatever else the kernel says; `InvalidInput` if a path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    run(
        opcode::LinkAt::CODE,
        op::LinkAt::new(text(original)?, text(link)?),
    )
    .await
}

/// Makes the symbolic link `link` to `target`, which need not exist; if it is relative, then to the directory of the link.
///
/// When it is dropped, it may or may not happen.
///
/// # Errors
///
/// `AlreadyExists` and whatever else the kernel says; `InvalidInput` if a path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn symlink(target: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    run(
        opcode::SymlinkAt::CODE,
        op::SymlinkAt::new(text(target)?, text(link)?),
    )
    .await
}

/// What a symbolic link says. On the blocking pool.
///
/// Cancel-safe: dropping the future has no effect.
///
/// # Errors
///
/// `InvalidInput` if it is not a symbolic link or the path holds a zero byte; what else the kernel says.
///
/// # Panics
///
/// Outside a context.
pub async fn read_link(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    blocking(move || std::fs::read_link(path)).await
}

/// The path from the root to what a path means, without links and dots. On the blocking pool.
///
/// Cancel-safe: dropping the future has no effect.
///
/// # Errors
///
/// What the kernel says; `InvalidInput` if the path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    blocking(move || std::fs::canonicalize(path)).await
}

/// Sets the permissions of a file, links followed. On the blocking pool.
///
/// Once polled, it happens, dropped or not.
///
/// # Errors
///
/// What the kernel says; `InvalidInput` if the path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    blocking(move || std::fs::set_permissions(path, permissions)).await
}

/// A path as the kernel wants it.
///
/// # Errors
///
/// `InvalidInput` if it holds a zero byte.
pub(crate) fn text(path: impl AsRef<Path>) -> io::Result<CString> {
    let path = path.as_ref();
    CString::new(path.as_os_str().as_bytes()).map_err(|_| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the path {path:?} holds a zero byte, which no name can"),
        )
    })
}

async fn run<O, T>(opcode: u8, operation: O) -> io::Result<T>
where
    O: Operation<Output = io::Result<T>> + Send,
    T: Send + 'static,
{
    let engine = context::driver().engine().clone();
    if engine.report().supports(opcode) {
        engine.op(operation).await
    } else {
        blocking(move || context::call_operation(operation)).await
    }
}
