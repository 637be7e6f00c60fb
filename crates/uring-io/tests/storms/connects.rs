//! Connecting: a connect that is dropped leaves nothing open, and one that is not reaches whom it should.
//!
//! Three kinds of peers: one that answers, one whose queue is full and stays so, which keeps connects pending, and none.

use std::cell::Cell;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use context::{OneOf2, when_any};
use socket2::{Domain, Socket, Type};
use uring_io::net::{ListenOptions, TcpListener, TcpStream};

use super::Storm;
use super::actor::{Actor, Limited};

/// Tasks that accept.
const ACCEPTORS: usize = 4;

/// Connections that the server may have before no more are made.
const MOST_OPEN: usize = 500;

pub(crate) async fn run(storm: Rc<Storm>) {
    let listener = TcpListener::bind_with(
        "0.0.0.0:0",
        &ListenOptions {
            backlog: 4096,
            ..ListenOptions::default()
        },
    )
    .await
    .unwrap();
    let busy = Busy::new();
    let nobody = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    nobody
        .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .unwrap();
    let peers = Peers {
        answering: listener.local_addr().unwrap().port(),
        busy: busy.address(),
        nobody: nobody.local_addr().unwrap().as_socket().unwrap(),
    };
    let listener = Rc::new(listener);
    let open = Rc::new(Cell::new(0));
    let servers: Vec<_> = (0..ACCEPTORS)
        .map(|_| context::spawn(answer(listener.clone(), open.clone())))
        .collect();
    let clients: Vec<_> = (0..storm.settings.connections)
        .map(|number| context::spawn(connect(Actor::new(&storm, number, 0), peers, open.clone())))
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    for server in servers {
        server.abort();
        let _ = server.await;
    }
}

#[derive(Clone, Copy)]
struct Peers {
    answering: u16,
    busy: SocketAddr,
    nobody: SocketAddr,
}

/// A listener whose queue is full.
struct Busy {
    listener: std::net::TcpListener,
    _queued: Vec<Socket>,
}

impl Busy {
    fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket
            .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
            .unwrap();
        socket.listen(0).unwrap();
        let address = socket.local_addr().unwrap();
        let queued = (0..4)
            .map(|_| {
                let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
                client.set_nonblocking(true).unwrap();
                let _ = client.connect(&address);
                client
            })
            .collect();
        Self {
            listener: socket.into(),
            _queued: queued,
        }
    }

    fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }
}

/// Sends back what clients send, and counts those that it has.
async fn answer(listener: Rc<TcpListener>, open: Rc<Cell<usize>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        open.set(open.get() + 1);
        let open = open.clone();
        let echo = async move {
            while let Ok(Some(bytes)) = stream.recv().await
                && stream.write_all(bytes).await.0.is_ok()
            {}
            drop(stream);
            open.set(open.get() - 1);
        };
        context::spawn(echo).detach();
    }
}

/// Connects again and again.
async fn connect(mut actor: Actor, peers: Peers, open: Rc<Cell<usize>>) {
    while !actor.storm().is_over() {
        // Connects are dropped faster than they can be accepted, and each may take a descriptor.
        while open.get() > MOST_OPEN {
            context::yield_now().await;
        }
        // Many addresses of the same peer, or the ports of this one would run out.
        let last = actor.below(250) as u8 + 1;
        let answering = SocketAddr::from((Ipv4Addr::new(127, 0, 1, last), peers.answering));
        match actor.below(8) {
            0 => {
                let connected = TcpStream::connect(answering).await;
                check(&mut actor, connected, answering).await;
            }
            1..4 => {
                if let Limited::Ended(connected) =
                    actor.limited(TcpStream::connect(answering)).await
                {
                    check(&mut actor, connected, answering).await;
                }
            }
            4 => {
                let race = when_any((
                    TcpStream::connect(answering),
                    TcpStream::connect(peers.busy),
                ));
                match actor.limited(race).await {
                    Limited::Ended(OneOf2::First(connected)) => {
                        check(&mut actor, connected, answering).await;
                    }
                    Limited::Ended(OneOf2::Second(_)) => actor.fail("a full queue took one more"),
                    Limited::Cancelled | Limited::NeverPolled => {}
                }
            }
            5 | 6 => {
                if let Limited::Ended(_) = actor.limited(TcpStream::connect(peers.busy)).await {
                    actor.fail("a full queue took one more");
                }
            }
            _ => {
                let Limited::Ended(refused) = actor.limited(TcpStream::connect(peers.nobody)).await
                else {
                    continue;
                };
                match refused {
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                    other => actor.fail(format!("nobody listens there, but: {other:?}")),
                }
            }
        }
        actor.pause().await;
    }
}

/// Checks that a connection is the one that was asked for, and ends it.
async fn check(actor: &mut Actor, connected: std::io::Result<TcpStream>, address: SocketAddr) {
    let stream = actor.expect(connected);
    assert_eq!(actor.expect(stream.peer_addr()), address);
    let sent = actor.random.next().to_le_bytes();
    actor.expect(stream.write_all(sent).await.0);
    let (count, echoed) = stream.read([0; 8]).await;
    if actor.expect(count) != 8 || echoed != sent {
        actor.fail(format!("{sent:?} came back as {echoed:?}"));
    }
    actor.storm().count_checked(1);
    actor.set_position(actor.position() + 1);
    actor.expect(stream.set_linger(Some(Duration::ZERO)));
}
