//! Accepting: every client that connects is served once, whatever becomes of the accepts.
//!
//! The clients are threads of the standard library, so that nothing of theirs is dropped or shared with the acceptors. Each
//! sends a number that nobody else has, and waits for it to come back.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use context::{OneOf2, when_any};
use socket2::SockRef;
use uring_io::net::{TcpListener, TcpStream};

use super::Storm;
use super::actor::Actor;

/// Listeners; the acceptors share them.
const LISTENERS: u64 = 4;

/// Clients that connect at the same time.
const CLIENTS: u64 = 4;

pub(crate) async fn run(storm: Rc<Storm>) {
    let served = Rc::new(Served::default());
    let crowd = Arc::new(Crowd::default());
    let mut listeners = Vec::new();
    let mut acceptors = Vec::new();
    for _ in 0..LISTENERS {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listeners.push(Rc::new(listener));
    }
    for number in 0..storm.settings.connections.max(LISTENERS) {
        acceptors.push(context::spawn(accept(
            Actor::new(&storm, number, 0),
            listeners[(number % LISTENERS) as usize].clone(),
            served.clone(),
            crowd.clone(),
        )));
    }
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let address = listeners[(number % LISTENERS) as usize].local_addr();
            crowd.add(number, address.unwrap())
        })
        .collect();
    for acceptor in acceptors {
        acceptor.await.unwrap();
    }
    let connected: usize = clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .sum();
    let served = served.0.borrow().len();
    assert_eq!(
        served, connected,
        "clients that were served and that connected"
    );
    for listener in listeners {
        let more = context::timeout(Duration::from_millis(5), listener.accept()).await;
        assert!(more.is_err(), "a client nobody knows: {more:?}");
    }
}

/// The numbers of the clients that were served.
#[derive(Default)]
struct Served(RefCell<HashSet<u64>>);

/// Accepts until there are no clients any more.
async fn accept(
    mut actor: Actor,
    listener: Rc<TcpListener>,
    served: Rc<Served>,
    crowd: Arc<Crowd>,
) {
    let mut serving = Vec::new();
    while crowd.present.load(Relaxed) > 0 {
        if actor.storm().is_over() {
            crowd.enough.store(true, Relaxed);
        }
        let accepted = if actor.below(4) == 0 {
            let race = when_any((listener.accept(), listener.accept()));
            let won = actor.limited(race).await.ended();
            won.map(OneOf2::into_inner)
        } else {
            actor.limited(listener.accept()).await.ended()
        };
        if let Some(accepted) = accepted {
            let (stream, _) = actor.expect(accepted);
            actor.set_position(actor.position() + 1);
            actor.storm().count_checked(1);
            let served = served.clone();
            serving.push(context::spawn(serve(stream, served)));
        }
        if serving.len() >= 16 {
            for task in serving.drain(..) {
                let number: u64 = task.await.unwrap();
                if served.0.borrow().contains(&number) {
                    continue;
                }
                actor.fail(format!("client {number} is not among those served"));
            }
        }
        actor.pause().await;
    }
    for task in serving {
        task.await.unwrap();
    }
}

/// Sends the client's number back.
async fn serve(stream: TcpStream, served: Rc<Served>) -> u64 {
    let (result, number) = stream.read([0; 8]).await;
    assert_eq!(result.unwrap(), 8, "a client sends its number at once");
    let number = u64::from_le_bytes(number);
    assert!(
        served.0.borrow_mut().insert(number),
        "client {number} was served twice"
    );
    stream.write_all(number.to_le_bytes()).await.0.unwrap();
    number
}

/// The clients.
#[derive(Default)]
struct Crowd {
    present: AtomicUsize,
    /// They are to go.
    enough: AtomicBool,
}

impl Crowd {
    /// Adds a thread that connects again and again; it ends with how often.
    fn add(self: &Arc<Self>, number: u64, address: SocketAddr) -> thread::JoinHandle<usize> {
        struct Present(Arc<Crowd>);
        impl Drop for Present {
            fn drop(&mut self) {
                self.0.present.fetch_sub(1, Relaxed);
            }
        }
        self.present.fetch_add(1, Relaxed);
        let present = Present(self.clone());
        thread::spawn(move || {
            let mut times = 0;
            while !present.0.enough.load(Relaxed) {
                let name = number << 32 | times as u64;
                connect(address, name);
                times += 1;
                if times % 64 == 0 {
                    thread::sleep(Duration::from_micros(500));
                }
            }
            times
        })
    }
}

fn connect(address: SocketAddr, name: u64) {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(&name.to_le_bytes()).unwrap();
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(
        u64::from_le_bytes(answer),
        name,
        "the answer is another client's"
    );
    // Closed with a reset, as an address that lingers could not be used again for a minute.
    SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
}
