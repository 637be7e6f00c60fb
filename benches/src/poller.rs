//! A bare `epoll` instance.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// What a source is ready for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    /// The token of its registration.
    pub(crate) token: usize,
    /// There are bytes, the end, or an error to read.
    pub(crate) readable: bool,
    /// There is room to write.
    pub(crate) writable: bool,
}

/// An edge-triggered `epoll` instance and the events of its last wait.
pub(crate) struct Poller {
    epoll: OwnedFd,
    events: Vec<libc::epoll_event>,
}

impl Poller {
    /// A poller that takes up to `batch` events at once.
    pub(crate) fn new(batch: usize) -> io::Result<Self> {
        // SAFETY: no pointer is passed.
        let raw = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if raw < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            // SAFETY: `raw` was opened above and nothing else owns it.
            epoll: unsafe { OwnedFd::from_raw_fd(raw) },
            events: vec![libc::epoll_event { events: 0, u64: 0 }; batch.clamp(1, 1024)],
        })
    }

    /// Registers `source` for the events of `interest`, edge-triggered, under `token`.
    pub(crate) fn add(
        &self,
        source: &impl AsRawFd,
        interest: libc::c_int,
        token: usize,
    ) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: (interest | libc::EPOLLET) as u32,
            u64: token as u64,
        };
        // SAFETY: both descriptors are open and `event` outlives the call.
        let result = unsafe {
            libc::epoll_ctl(
                self.epoll.as_raw_fd(),
                libc::EPOLL_CTL_ADD,
                source.as_raw_fd(),
                &mut event,
            )
        };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    /// Waits up to `timeout` (`None`: for ever) and returns how many events there are; none after
    /// a signal.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        // Rounded up: a wait of zero would spin through the last millisecond.
        let millis = timeout.map_or(-1, |timeout| timeout.as_millis() as i32 + 1);
        // SAFETY: the pointer and the length are those of a live vector.
        let count = unsafe {
            libc::epoll_wait(
                self.epoll.as_raw_fd(),
                self.events.as_mut_ptr(),
                self.events.len() as i32,
                millis,
            )
        };
        if count >= 0 {
            return Ok(count as usize);
        }
        let error = io::Error::last_os_error();
        match error.kind() {
            io::ErrorKind::Interrupted => Ok(0),
            _ => Err(error),
        }
    }

    /// Event number `position` of the last wait.
    pub(crate) fn event(&self, position: usize) -> Event {
        let event = self.events[position];
        let readable = libc::EPOLLIN | libc::EPOLLHUP | libc::EPOLLERR | libc::EPOLLRDHUP;
        Event {
            token: event.u64 as usize,
            readable: event.events & readable as u32 != 0,
            writable: event.events & libc::EPOLLOUT as u32 != 0,
        }
    }
}
