//! An epoll instance, and a way to wake whoever waits on it.
//!
//! Everything is registered edge-triggered: [`epoll(7)`] reports an edge when something new has come. A descriptor is armed for
//! writing only while somebody waits for that, which spares an event for every acknowledgement of the peer.
//!
//! [`epoll(7)`]: https://man7.org/linux/man-pages/man7/epoll.7.html

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};

/// The key of the descriptor that wakes.
const WAKE: u64 = u64::MAX;

/// Events that one wait takes.
const BATCH: usize = 1024;

/// An epoll instance, for any number of threads.
///
/// # Examples
///
/// ```
/// use net_epoll_legacy::poller::{Events, Poller};
/// use std::io::{ErrorKind, Read, Write};
/// use std::os::fd::AsFd;
/// use std::os::unix::net::UnixStream;
///
/// let (mut here, mut there) = UnixStream::pair()?;
/// there.set_nonblocking(true)?;
/// let poller = Poller::new()?;
/// poller.add(there.as_fd(), 7, false)?;
/// here.write_all(b"news")?;
///
/// let mut events = Events::new();
/// poller.wait(&mut events, None)?;
/// let (key, readiness) = events.iter().next().expect("there is news");
/// assert!(key == 7 && readiness.readable);
/// // Read until it would block: the next edge comes with what comes after that.
/// let mut news = Vec::new();
/// let end = there.read_to_end(&mut news).expect_err("the other end is open");
/// assert_eq!((end.kind(), &news[..]), (ErrorKind::WouldBlock, &b"news"[..]));
/// poller.delete(there.as_fd());
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Poller {
    epoll: OwnedFd,
    wake: OwnedFd,
}

/// The room for the events of one waiting thread.
pub struct Events(Vec<epoll::Event>);

/// What has come to a descriptor.
#[derive(Clone, Copy, Debug)]
pub struct Readiness {
    /// There are bytes, the end, or an error to read.
    pub readable: bool,
    /// There is room, or an error for who writes.
    pub writable: bool,
    /// The peer sends no more, or all is over, or a byte is urgent, at which a read stops short: there may be no further edge for
    /// what is there, so reading has to find its end by itself.
    pub ended: bool,
}

impl Poller {
    /// An instance of its own.
    ///
    /// # Errors
    ///
    /// `EMFILE` and the like: it needs two descriptors.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(
            &epoll,
            &wake,
            EventData::new_u64(WAKE),
            EventFlags::IN | EventFlags::ET,
        )?;
        Ok(Self { epoll, wake })
    }

    /// Registers a descriptor for reading, and for writing if asked. The key, any number but the largest, comes with its events.
    ///
    /// # Errors
    ///
    /// `EPERM` if the descriptor is of a kind that is always ready, as those of files are; `EEXIST` if it is registered.
    pub fn add(&self, descriptor: BorrowedFd<'_>, key: u64, writing: bool) -> io::Result<()> {
        let data = EventData::new_u64(key);
        epoll::add(&self.epoll, descriptor, data, interest(writing))?;
        Ok(())
    }

    /// Registers a descriptor anew, under another key perhaps. What it is ready for by then the next wait tells.
    ///
    /// # Errors
    ///
    /// `ENOENT` if it is not registered.
    pub fn modify(&self, descriptor: BorrowedFd<'_>, key: u64, writing: bool) -> io::Result<()> {
        let data = EventData::new_u64(key);
        epoll::modify(&self.epoll, descriptor, data, interest(writing))?;
        Ok(())
    }

    /// Ends a registration. The descriptor may have copies, so closing it would not do.
    pub fn delete(&self, descriptor: BorrowedFd<'_>) {
        // An error says that it is registered no more.
        let _ = epoll::delete(&self.epoll, descriptor);
    }

    /// Waits for events, up to `timeout`; `None` is for ever. A signal ends it early.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        events.0.clear();
        let timeout = timeout.map(whole_milliseconds);
        match epoll::wait(&self.epoll, spare_capacity(&mut events.0), timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes one waiting thread return, or the next one that waits.
    pub fn wake(&self) {
        // Each write makes an edge, so nobody has to read: it takes centuries to fill the count.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }
}

fn interest(writing: bool) -> EventFlags {
    let reading = EventFlags::IN | EventFlags::PRI | EventFlags::RDHUP | EventFlags::ET;
    if writing {
        reading | EventFlags::OUT
    } else {
        reading
    }
}

/// As `epoll_wait` has it, rounded up: less would wake before the time is over, and then again and again.
fn whole_milliseconds(timeout: Duration) -> Timespec {
    let longest = Duration::from_millis(i32::MAX as u64);
    let millis = timeout.min(longest).as_nanos().div_ceil(1_000_000) as i64;
    Timespec {
        tv_sec: millis / 1000,
        tv_nsec: millis % 1000 * 1_000_000,
    }
}

impl Events {
    /// Room for as many events as one wait takes.
    pub fn new() -> Self {
        Self(Vec::with_capacity(BATCH))
    }

    /// What came to which key; wake-ups are left out.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Readiness)> + '_ {
        self.0.iter().filter_map(|event| {
            let (key, flags) = (event.data.u64(), event.flags);
            (key != WAKE).then(|| (key, readiness(flags)))
        })
    }
}

fn readiness(flags: EventFlags) -> Readiness {
    let over = EventFlags::HUP | EventFlags::ERR;
    let ended = over | EventFlags::RDHUP | EventFlags::PRI;
    Readiness {
        readable: flags.intersects(ended | EventFlags::IN),
        writable: flags.intersects(over | EventFlags::OUT),
        ended: flags.intersects(ended),
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::whole_milliseconds;
    use std::time::Duration;

    #[test]
    fn a_wait_is_never_shorter_than_asked_for() {
        let of = |nanos| {
            let time = whole_milliseconds(Duration::from_nanos(nanos));
            (time.tv_sec, time.tv_nsec)
        };
        assert_eq!(of(0), (0, 0));
        assert_eq!(of(1), (0, 1_000_000));
        assert_eq!(of(1_999_000_001), (2, 0));
        let longest = whole_milliseconds(Duration::MAX);
        assert_eq!(longest.tv_sec, i64::from(i32::MAX) / 1000);
    }
}
