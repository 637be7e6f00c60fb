//! How the programs of this package live: on which core, and for how long.

use std::io;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_setaffinity};

/// Binds this process, and the threads it starts later, to one core.
///
/// # Errors
///
/// There is no such core, or it is not allowed to this process.
pub fn pin_to_core(core: usize) -> io::Result<()> {
    if core >= CpuSet::MAX_CPU {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set)?;
    Ok(())
}

/// Ends this process with a signal once its standard input, a pipe, is written to or closed: when
/// the parent is done with it, or is gone.
///
/// A thread that waits for this would do as well, but would make every server two-threaded, and
/// the kernel's descriptor look-ups dearer.
///
/// # Errors
///
/// `fcntl` fails, or the pipe is closed already.
pub fn end_with_stdin() -> io::Result<()> {
    const STDIN: libc::c_int = libc::STDIN_FILENO;
    // SAFETY: these `fcntl` commands take no pointer.
    unsafe {
        check(libc::fcntl(STDIN, libc::F_SETOWN, libc::getpid()))?;
        let flags = check(libc::fcntl(STDIN, libc::F_GETFL))?;
        // The default action of SIGIO ends the process.
        check(libc::fcntl(STDIN, libc::F_SETFL, flags | libc::O_ASYNC))?;
    }
    let mut entry = libc::pollfd {
        fd: STDIN,
        events: 0,
        revents: 0,
    };
    // SAFETY: one live entry is passed.
    check(unsafe { libc::poll(&mut entry, 1, 0) })?;
    if entry.revents & libc::POLLHUP != 0 {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    Ok(())
}

/// Processor time of this process so far, over all of its threads.
pub(crate) fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}
