//! 10,000 idle datagram sockets hold no buffers.

mod support;

use std::rc::Rc;

use support::{memory_limit, poll_at_most, raise_descriptor_limit, run};
use uring_io::net::UdpSocket;

/// Bytes that this process has in memory.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
fn idle_sockets_cost_little_memory() {
    let limit = raise_descriptor_limit();
    let sockets = usize::min(10_000, limit - 100);
    run(async move {
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let sender = Rc::new(sender);
        let mut idle = Vec::with_capacity(sockets);
        // Some first, so that what the first ones set up for all is not counted.
        for _ in 0..100 {
            idle.push(waiting_for_more(&sender).await);
        }
        let before = resident();
        while idle.len() < sockets {
            idle.push(waiting_for_more(&sender).await);
        }
        let each = (resident() - before) / (sockets - 100);
        println!("{sockets} idle sockets: {each} B resident each");
        let most = memory_limit(400, sockets - 100);
        assert!(each < most, "{each} B for each socket");
        for socket in &idle {
            let address = socket.local_addr().unwrap();
            sender.send_to("again", address).await.0.unwrap();
            assert_eq!(*socket.recv().await.unwrap().bytes, *b"again");
        }
    });
}

/// A socket that has received, and waits.
async fn waiting_for_more(sender: &UdpSocket) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    sender.send_to([1; 1400], address).await.0.unwrap();
    assert_eq!(socket.recv().await.unwrap().length, 1400);
    assert!(poll_at_most(1, socket.recv()).await.is_none());
    socket
}
