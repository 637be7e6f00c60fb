//! Listeners that leave their context lose no connection.

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream as StdStream;
use std::os::fd::OwnedFd;
use std::time::Duration;

use support::{open_descriptors, poll_at_most, run};
use uring_io::net::{TcpListener, TcpStream};

const CLIENTS: usize = 20;

#[test]
fn what_was_accepted_and_not_asked_for_comes_along() {
    let before = open_descriptors();
    // Never asked, so that all wait in the kernel; asked by somebody who left; asked for one.
    for asked in 0..3 {
        let (listener, left, clients) = run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut clients = Vec::new();
            match asked {
                0 => {}
                1 => assert!(poll_at_most(1, listener.accept()).await.is_none()),
                _ => {
                    let client = TcpStream::connect(address).await.unwrap();
                    let (served, _) = listener.accept().await.unwrap();
                    served.write_all("x").await.0.unwrap();
                    clients.push(StdStream::from(OwnedFd::from(
                        client.into_detached().await.unwrap().into_std().unwrap().0,
                    )));
                }
            }
            while clients.len() < CLIENTS {
                clients.push(StdStream::connect(address).unwrap());
            }
            // The standing accept takes them when the context next waits for the kernel.
            context::sleep(Duration::from_millis(1)).await;
            let (listener, left) = listener.into_std().await.unwrap();
            (listener, left, clients)
        });
        assert_eq!(asked > 0, !left.is_empty(), "{asked}");
        let mut served = usize::from(asked == 2);
        for connection in left {
            run(async { connection.attach().write_all("x").await.0.unwrap() });
            served += 1;
        }
        // In blocking mode, and without anybody in between: those that are left wait there.
        while served < CLIENTS {
            listener.accept().unwrap().0.write_all(b"x").unwrap();
            served += 1;
        }
        drop(listener);
        for mut client in clients {
            client
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            assert_eq!(answer, "x");
        }
    }
    assert_eq!(open_descriptors(), before);
}
