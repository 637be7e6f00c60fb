//! Entries mean on epoll what they mean to the kernel's ring: each case runs on both, where a ring can be had.

use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use context::DriverChoice;
use uring_engine::{BufferRing, BufferRingConfig, Target, op};

use crate::short_reads::terminal;
use crate::support::poll_once;
use crate::{ends, engine, on, on_epoll};

const BOTH: [DriverChoice; 2] = [DriverChoice::Automatic, DriverChoice::Epoll];

#[test]
fn a_registered_file_is_not_a_descriptor() {
    for driver in BOTH {
        on(driver, async {
            let (mut one, other) = UnixStream::pair().unwrap();
            one.write_all(b"secret").unwrap();
            let Target::Fd(fd) = Target::of(&other) else {
                panic!("a descriptor")
            };
            let receive = op::Recv::new(Target::Fixed(fd as u32), Vec::with_capacity(8));
            let (result, _) = ends("a receive", engine().op(receive)).await;
            assert_eq!(
                result.unwrap_err().raw_os_error(),
                Some(libc::EBADF),
                "{driver:?}"
            );
        });
    }
}

#[test]
fn a_receive_of_less_than_its_room_breaks_no_chain_unless_it_asked_for_all() {
    for driver in BOTH {
        on(driver, async {
            for (flags, goes_on) in [(0, true), (libc::MSG_WAITALL, false)] {
                let (mut one, other) = UnixStream::pair().unwrap();
                one.write_all(b"few").unwrap();
                drop(one);
                let target = Target::of(&other);
                let receive = op::Recv::new(target, Vec::with_capacity(8)).flags(flags);
                let chain = engine().chain((receive, op::Nop::new())).unwrap();
                let ((received, _), next) = ends("a chain", chain).await;
                assert_eq!(received.unwrap(), 3);
                assert_eq!(next.is_ok(), goes_on, "{driver:?}, {flags}");
            }
        });
    }
}

#[test]
fn a_message_that_asks_for_all_gets_all() {
    for driver in BOTH {
        on(driver, async {
            let (mut one, other) = UnixStream::pair().unwrap();
            let buffers = vec![Vec::with_capacity(3), Vec::with_capacity(5)];
            let receive = op::RecvV::new(Target::of(&other), buffers).flags(libc::MSG_WAITALL);
            let mut receive = engine().op(receive);
            one.write_all(b"ab").unwrap();
            assert!(poll_once(&mut receive).is_pending());
            context::sleep(Duration::from_millis(2)).await;
            one.write_all(b"cdefgh").unwrap();
            let (result, buffers) = ends("a receive", receive).await;
            assert_eq!(result.unwrap(), 8, "{driver:?}");
            assert_eq!(
                (&buffers[0][..], &buffers[1][..]),
                (&b"abc"[..], &b"defgh"[..])
            );
        });
    }
}

#[test]
fn what_is_not_to_wait_does_not() {
    for driver in BOTH {
        on(driver, async {
            let (_one, other) = UnixStream::pair().unwrap();
            let engine = engine();
            let ring = BufferRing::new(&engine, BufferRingConfig::default()).unwrap();
            // SAFETY: the ring is the engine's.
            let receive = unsafe { op::RecvPooled::new(Target::of(&other), ring) };
            let receive = engine.op(receive.flags(libc::MSG_DONTWAIT));
            let error = ends("a receive", receive).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "{driver:?}");
        });
    }
}

#[test]
fn a_poll_of_no_descriptor_fails() {
    for driver in BOTH {
        on(driver, async {
            let none = Target::Fd(1_000_000);
            let poll = engine().op(op::PollAdd::new(none, libc::POLLIN as u32));
            let error = ends("a poll", poll).await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EBADF), "{driver:?}");
        });
    }
}

#[test]
fn what_is_written_to_the_master_of_a_terminal_is_typed_there() {
    for driver in BOTH {
        on(driver, async {
            let (master, mut slave) = terminal();
            let write = op::Write::new(Target::of(&master), *b"typed\n");
            let (result, _) = ends("a write", engine().op(write)).await;
            assert_eq!(result.unwrap(), 6, "{driver:?}");
            let mut asked = libc::pollfd {
                fd: slave.as_raw_fd(),
                events: libc::POLLIN,
                revents: 0,
            };
            // SAFETY: one descriptor, whose structure lives across the call.
            let ready = unsafe { libc::poll(&raw mut asked, 1, 10_000) };
            assert_eq!(ready, 1, "{driver:?}: nothing was typed");
            let mut line = [0; 6];
            slave.read_exact(&mut line).unwrap();
            assert_eq!(&line, b"typed\n");
        });
    }
}

/// A duplicate whose number is high, and so the same each time while the other tests open and close low ones.
fn numbered_high(stream: &UnixStream) -> UnixStream {
    // SAFETY: takes two numbers.
    let number = unsafe { libc::fcntl(stream.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 700) };
    assert!(number >= 700, "{}", std::io::Error::last_os_error());
    // SAFETY: it was just made for this.
    unsafe { UnixStream::from_raw_fd(number) }
}

/// A closed descriptor's number may be another's at once: those who waited must not reach it.
#[test]
fn those_who_wait_for_a_descriptor_that_is_closed_do_not_get_at_its_successor() {
    on_epoll(async {
        let (_one, other) = UnixStream::pair().unwrap();
        let closed = numbered_high(&other);
        drop(other);
        let target = Target::of(&closed);
        let mut stale = engine().op(op::Recv::new(target, Vec::with_capacity(8)));
        assert!(poll_once(&mut stale).is_pending());
        context::sleep(Duration::from_millis(1)).await;
        ends("the close", engine().op(op::Close::new(closed)))
            .await
            .unwrap();

        let (mut writer, reader) = UnixStream::pair().unwrap();
        let reader = numbered_high(&reader);
        assert!(Target::of(&reader) == target, "the number was not reused");
        let receive = op::Recv::new(target, Vec::with_capacity(8));
        let mut receive = engine().op(receive);
        assert!(poll_once(&mut receive).is_pending());
        context::sleep(Duration::from_millis(1)).await;
        writer.write_all(b"new").unwrap();
        assert_eq!(ends("the receive", receive).await.0.unwrap(), 3);
        drop((stale, reader));
    });
}
