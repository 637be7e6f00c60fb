//! A datagram socket moves to another context, and what had arrived goes with it, once and in order.

mod support;

use std::time::Duration;

use support::{bytes_at, open_descriptors, poll_at_most, run};
use uring_io::net::{DetachedDatagram, UdpSocket, Unix, UnixDatagram};

fn on_another_context<T: Send + 'static>(
    detached: DetachedDatagram<Unix>,
    then: impl AsyncFnOnce(UnixDatagram) -> T + Send + 'static,
) -> T {
    std::thread::spawn(|| run(async { then(detached.attach()).await }))
        .join()
        .unwrap()
}

#[test]
fn nothing_that_arrived_is_left_behind() {
    let before = open_descriptors();
    for arrived in [0, 1, 5, 100] {
        run(async move {
            let (sender, receiver) = UnixDatagram::pair().unwrap();
            // Armed, so that what follows is received here.
            assert!(poll_at_most(1, receiver.recv()).await.is_none());
            for number in 0..arrived {
                sender.send(bytes_at(1, number, 700)).await.0.unwrap();
            }
            context::sleep(Duration::from_millis(3)).await;
            if arrived > 1 {
                // One that is left where a peek leaves it.
                let peeked = receiver.peek_from(vec![0; 700]).await.1;
                assert_eq!(peeked, bytes_at(1, 0, 700));
            }
            let detached = receiver.into_detached().await.unwrap();
            if arrived < 10 {
                assert_eq!(detached.received(), arrived as usize);
            }
            sender.send("the last one").await.0.unwrap();
            on_another_context(detached, async move |receiver| {
                for number in 0..arrived {
                    let packet = receiver.recv().await.unwrap();
                    assert_eq!(*packet.bytes, bytes_at(1, number, 700));
                }
                let (info, bytes) = receiver.recv_from(vec![0; 40]).await;
                info.unwrap();
                assert_eq!(bytes, b"the last one");
                receiver.close().await.unwrap();
            });
        });
    }
    run(errors_move_too());
    assert_eq!(open_descriptors(), before);
}

async fn errors_move_too() {
    let gone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    gone.close().await.unwrap();
    let socket = UdpSocket::connected(address).await.unwrap();
    assert!(poll_at_most(1, socket.recv()).await.is_none());
    socket.send("anybody there?").await.0.unwrap();
    context::sleep(Duration::from_millis(3)).await;
    let detached = socket.into_detached().await.unwrap();
    assert_eq!(detached.received(), 0);
    let error = detached.attach().recv().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}
