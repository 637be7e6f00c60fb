//! Moving bytes between pipes and sockets never blocks the context, nor kills the process.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use uring_engine::{Target, op};

use crate::support::{Watchdog, poll_once};
use crate::{ends, engine, nothing_in_flight, on_epoll};

fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (one, listener.accept().unwrap().0)
}

#[test]
fn from_an_empty_socket() {
    let _watchdog = Watchdog::new("a splice from an empty socket");
    on_epoll(async {
        let (mut one, other) = connected();
        let (mut from, to) = std::io::pipe().unwrap();
        let splice = op::Splice::new(Target::of(&other), Target::of(&to), 100);

        let mut given_up = engine().op(splice.clone());
        assert!(poll_once(&mut given_up).is_pending());
        context::sleep(Duration::from_millis(1)).await;
        drop(given_up);
        nothing_in_flight("a splice that was given up").await;

        let mut splice = engine().op(splice);
        assert!(poll_once(&mut splice).is_pending());
        context::sleep(Duration::from_millis(1)).await;
        one.write_all(b"late").unwrap();
        assert_eq!(ends("the splice", splice).await.unwrap(), 4);
        let mut bytes = [0; 4];
        from.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"late");
    });
}

#[test]
fn into_a_full_socket() {
    let _watchdog = Watchdog::new("a splice into a full socket");
    on_epoll(async {
        let (one, mut other) = connected();
        let (from, to) = std::io::pipe().unwrap();
        let piece = vec![7; 64 * 1024];
        let mut moved = 0;
        // Until it waits, which it has to do here and not in a system call: nobody reads so far.
        let splice = loop {
            (&to).write_all(&piece).unwrap();
            let mut left = piece.len();
            let waiting = loop {
                let splice = op::Splice::new(Target::of(&from), Target::of(&one), left);
                let mut splice = engine().op(splice);
                let soon = context::timeout(Duration::from_millis(50), &mut splice).await;
                let Ok(count) = soon else {
                    break Some((splice, left));
                };
                let count = count.unwrap();
                moved += count;
                left -= count;
                if left == 0 {
                    break None;
                }
            };
            if let Some(waiting) = waiting {
                break waiting;
            }
        };
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            other.read_to_end(&mut bytes).unwrap();
            bytes.len()
        });
        let (splice, left) = splice;
        let count = ends("the splice", splice).await.unwrap();
        assert!(count > 0 && count <= left);
        drop(one);
        assert_eq!(reader.join().unwrap(), moved + count);
    });
}

/// In a child, as signals are the process's.
#[test]
fn into_what_has_no_reader() {
    const CHILD: &str = "CORIO_EPOLL_SPLICES";
    if std::env::var_os(CHILD).is_none() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["splices::into_what_has_no_reader", "--exact", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{}: {text}",
            output.status
        );
        return;
    }
    // SAFETY: the default, which ends the process, is what programs have that are not Rust's.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    on_epoll(async {
        let (from, to) = std::io::pipe().unwrap();
        (&to).write_all(b"bytes").unwrap();
        let (reader, full) = std::io::pipe().unwrap();
        drop(reader);
        let (pipe, into) = (Target::of(&from), Target::of(&full));
        let splice = ends("a splice", engine().op(op::Splice::new(pipe, into, 5))).await;
        assert_eq!(splice.unwrap_err().raw_os_error(), Some(libc::EPIPE));
        let tee = ends("a tee", engine().op(op::Tee::new(pipe, into, 5))).await;
        assert_eq!(tee.unwrap_err().raw_os_error(), Some(libc::EPIPE));
        let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
        drop(other);
        let splice = op::Splice::new(pipe, Target::of(&one), 5);
        let splice = ends("a splice", engine().op(splice)).await;
        assert_eq!(splice.unwrap_err().raw_os_error(), Some(libc::EPIPE));
    });
}
