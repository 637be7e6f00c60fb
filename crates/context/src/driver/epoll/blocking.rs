//! The calls that a thread makes, because they may wait.

use std::ffi::CStr;
use std::io;

use uring_engine::io_uring::opcode;
use uring_engine::{Completion, Operation, RawEntry};

use super::calls::{AT_POSITION, Call, checked};
use super::entry::Meaning;
use super::move_bytes::{is_stream, no_vector, vectors, without_sigpipe};

/// Ends the wait of a thread that opens a named pipe: by opening its other end, for a moment. False if that is not what it does.
pub(super) fn release(entry: &RawEntry) -> bool {
    if entry.opcode != opcode::OpenAt::CODE {
        return false;
    }
    let path = entry.addr as *const libc::c_char;
    let other_end = match entry.op_flags as i32 & libc::O_ACCMODE {
        libc::O_RDONLY => libc::O_WRONLY,
        _ => libc::O_RDONLY,
    };
    // SAFETY: the path is the entry's, zero-terminated and valid until its completion; zeros are a valid answer, which lives across
    // the call; the descriptor is nobody else's.
    unsafe {
        let mut found: libc::stat = std::mem::zeroed();
        let known = libc::fstatat(entry.fd, path, &raw mut found, 0);
        let is_pipe = known == 0 && found.st_mode & libc::S_IFMT == libc::S_IFIFO;
        if is_pipe {
            let flags = other_end | libc::O_NONBLOCK | libc::O_CLOEXEC;
            let opened = libc::openat(entry.fd, path, flags);
            if opened >= 0 {
                libc::close(opened);
            }
        }
        is_pipe
    }
}

/// Whether both open the same name.
pub(super) fn open_the_same(one: &RawEntry, other: &RawEntry) -> bool {
    let open = opcode::OpenAt::CODE;
    if (one.opcode, other.opcode, one.fd) != (open, open, other.fd) {
        return false;
    }
    // SAFETY: the paths are the entries', zero-terminated and valid until their completions.
    let [one, other] = [one, other].map(|entry| unsafe { CStr::from_ptr(entry.addr as *const _) });
    one == other
}

/// `IOSQE_FIXED_FILE`.
const FIXED_FILE: u8 = 1 << 0;

/// Does what an operation on a name or on a file's extent is to do, by the system call that it stands for, on the thread that asks
/// for it: for rings that do not know the operation. Whoever must not wait has a thread of the
/// [blocking pool](crate::spawn_blocking) do it.
///
/// Other operations, and those on registered files, end with `EINVAL`.
///
/// ```
/// use uring_engine::op::MkDirAt;
///
/// let name = std::ffi::CString::new("/proc/nowhere").unwrap();
/// let made = context::block_on(async {
///     context::spawn_blocking(|| context::call_operation(MkDirAt::new(name, 0o777))).await
/// })
/// .unwrap();
/// assert!(made.expect("a thread").is_err());
/// ```
pub fn call_operation<O: Operation>(operation: O) -> O::Output {
    // At its final address, as the entry demands.
    let mut operation = Box::new(operation);
    let entry = RawEntry::of(&operation.entry());
    let result = if entry.blocks() && entry.flags & FIXED_FILE == 0 {
        block(&entry)
    } else {
        -libc::EINVAL
    };
    operation.complete(Completion { result, flags: 0 })
}

/// Makes an operation's call on a thread that may wait for it: the result, or a negated errno.
pub(super) fn block(entry: &RawEntry) -> i32 {
    loop {
        match checked(blocking_call(entry)) {
            Call::Done(result) => return result,
            Call::Again if io::Error::last_os_error().raw_os_error() == Some(libc::EINTR) => {}
            Call::Again => return -libc::EAGAIN,
            Call::Failed(errno) => return -errno,
        }
    }
}

fn blocking_call(entry: &RawEntry) -> isize {
    let fd = entry.fd;
    let (first, second) = (
        entry.addr as *const libc::c_char,
        entry.off as *const libc::c_char,
    );
    let flags = entry.op_flags as i32;
    // SAFETY: the pointers are those of the entry, which the operation has made for this call: zero-terminated names, and an
    // answer in its place. They are valid until the completion.
    unsafe {
        match entry.opcode {
            opcode::OpenAt::CODE => libc::openat(fd, first, flags, entry.len) as isize,
            opcode::Statx::CODE => {
                let answer = entry.off as *mut libc::statx;
                libc::statx(fd, first, flags, entry.len, answer) as isize
            }
            // `IORING_FSYNC_DATASYNC` is 1.
            opcode::Fsync::CODE if flags & 1 != 0 => libc::fdatasync(fd) as isize,
            opcode::Fsync::CODE => libc::fsync(fd) as isize,
            opcode::Fallocate::CODE => {
                let (mode, offset, len) = (entry.len as i32, entry.off as i64, entry.addr as i64);
                libc::fallocate(fd, mode, offset, len) as isize
            }
            opcode::Fadvise::CODE => {
                // This one returns its error.
                match libc::posix_fadvise(fd, entry.off as i64, i64::from(entry.len), flags) {
                    0 => 0,
                    errno => {
                        *libc::__errno_location() = errno;
                        -1
                    }
                }
            }
            opcode::Ftruncate::CODE => libc::ftruncate(fd, entry.off as i64) as isize,
            opcode::SyncFileRange::CODE => {
                let (offset, len) = (entry.off as i64, i64::from(entry.len));
                libc::sync_file_range(fd, offset, len, entry.op_flags) as isize
            }
            opcode::RenameAt::CODE => {
                libc::renameat2(fd, first, entry.len as i32, second, entry.op_flags) as isize
            }
            opcode::UnlinkAt::CODE => libc::unlinkat(fd, first, flags) as isize,
            opcode::MkDirAt::CODE => libc::mkdirat(fd, first, entry.len) as isize,
            opcode::SymlinkAt::CODE => libc::symlinkat(first, fd, second) as isize,
            opcode::LinkAt::CODE => {
                libc::linkat(fd, first, entry.len as i32, second, flags) as isize
            }
            _ => {
                let mut single = no_vector();
                let (reads, vectors, count) = vectors(entry, &mut single);
                let offset = entry.off as i64;
                match (reads, entry.off == AT_POSITION || is_stream(fd)) {
                    (true, false) => libc::preadv(fd, vectors, count, offset),
                    (true, true) => libc::readv(fd, vectors, count),
                    (false, false) => libc::pwritev(fd, vectors, count, offset),
                    (false, true) => without_sigpipe(|| libc::writev(fd, vectors, count)),
                }
            }
        }
    }
}
