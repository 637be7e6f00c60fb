//! Datagrams with sequence numbers: each arrives once, whole and in order, unless its send was dropped, and then at most once.
//!
//! A sender that was dropped does not say whether it sent its datagram; one that was cancelled does. After some datagrams the
//! sender waits until the receiver has seen them all, so that UDP has room for each and drops none.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use uring_io::net::{Datagram, DatagramFamily, Packet, Udp, UdpSocket, Unix, UnixDatagram};

use super::Storm;
use super::actor::{Actor, Limited};
use super::guarded::Guarded;
use crate::support::bytes_at;

/// Datagrams that may be on their way.
const MOST_UNDER_WAY: usize = 12;

/// Bytes in front of a datagram's own: its number.
const HEADER: usize = 8;

/// Packets that a receiver may hold on to.
const MOST_KEPT: usize = 30;

/// All that the context has.
const BUFFERS: usize = 512;

/// How two sockets that are connected to each other are made.
pub(crate) trait Transport: DatagramFamily {
    async fn pair() -> (Datagram<Self>, Datagram<Self>);
}

impl Transport for Udp {
    async fn pair() -> (UdpSocket, UdpSocket) {
        let a = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let b = UdpSocket::connected(a.local_addr().unwrap()).await.unwrap();
        a.connect(b.local_addr().unwrap()).await.unwrap();
        (a, b)
    }
}

impl Transport for Unix {
    async fn pair() -> (UnixDatagram, UnixDatagram) {
        let (a, b) = UnixDatagram::pair().unwrap();
        // Room for a few datagrams only, so that senders have to wait.
        for socket in [&a, &b] {
            socket.set_send_buffer_size(8192).unwrap();
        }
        (a, b)
    }
}

/// What is known of a datagram that was not received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Sent,
    Unsent,
    Unknown,
}

type UnderWay = Rc<RefCell<VecDeque<(u64, Fate)>>>;

pub(crate) async fn run<T: Transport>(storm: Rc<Storm>) {
    let mut tasks = Vec::new();
    for connection in 0..storm.settings.connections {
        let (a, b) = T::pair().await;
        let (a, b) = (Rc::new(a), Rc::new(b));
        for (direction, from, to) in [(0_usize, &a, &b), (1, &b, &a)] {
            let stream = connection * 2 + direction as u64;
            let under_way = UnderWay::default();
            let actor = |role| Actor::new(&storm, connection, direction * 2 + role);
            let sender = send(actor(0), stream, from.clone(), under_way.clone());
            let receiver = receive(actor(1), stream, to.clone(), under_way);
            tasks.push(context::spawn(sender));
            tasks.push(context::spawn(receiver));
        }
    }
    let hoarder = context::spawn(hoard(storm));
    for task in tasks {
        task.await.unwrap();
    }
    hoarder.await.unwrap();
}

/// Again and again takes all of the context's buffers for a while, so that the others receive into the heap.
async fn hoard(storm: Rc<Storm>) {
    let (sender, receiver) = UnixDatagram::pair().unwrap();
    while !storm.is_over() {
        let mut kept = Vec::new();
        while kept.len() < BUFFERS && !storm.is_over() {
            sender.send([7]).await.0.unwrap();
            kept.push(receiver.recv().await.unwrap());
        }
        context::sleep(Duration::from_millis(20)).await;
        drop(kept);
        context::sleep(Duration::from_millis(5)).await;
    }
}

/// The datagram of that number. The last one has nothing but its number, with all bits flipped.
fn datagram(stream: u64, number: u64) -> Vec<u8> {
    let length = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % 2000;
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.extend(bytes_at(stream, number, length));
    bytes
}

/// Sends until the storm is over.
async fn send<T: Transport>(
    mut actor: Actor,
    stream: u64,
    socket: Rc<Datagram<T>>,
    under_way: UnderWay,
) {
    while !actor.storm().is_over() {
        let number = actor.position();
        let bytes = Guarded::holding(&datagram(stream, number));
        under_way.borrow_mut().push_back((number, Fate::Unknown));
        let fate = if under_way.borrow().len() > MOST_UNDER_WAY {
            actor.expect(socket.send(bytes).await.0);
            while !under_way.borrow().is_empty() {
                context::yield_now().await;
            }
            Fate::Sent
        } else if actor.below(4) == 0 {
            send_and_cancel(&mut actor, &socket, bytes).await
        } else {
            match actor.limited(socket.send(bytes)).await {
                Limited::Ended((sent, _)) => {
                    actor.expect(sent);
                    Fate::Sent
                }
                Limited::Cancelled => Fate::Unknown,
                Limited::NeverPolled => Fate::Unsent,
            }
        };
        settle(&actor, &under_way, number, fate);
        actor.set_position(number + 1);
        actor.pause().await;
    }
    let end = (!actor.position()).to_le_bytes();
    actor.expect(socket.send(end).await.0);
}

/// Takes note of what became of a datagram.
fn settle(actor: &Actor, under_way: &UnderWay, number: u64, fate: Fate) {
    let mut under_way = under_way.borrow_mut();
    if let Some(entry) = under_way.iter_mut().find(|entry| entry.0 == number) {
        entry.1 = fate;
    } else if fate == Fate::Unsent {
        actor.fail("a datagram arrived that was not sent");
    }
}

/// Has the kernel end a send after a few polls.
async fn send_and_cancel<T: Transport>(
    actor: &mut Actor,
    socket: &Datagram<T>,
    bytes: Guarded,
) -> Fate {
    let right = bytes.to_vec();
    let mut sending = socket.send(bytes);
    match actor.limited(&mut sending).await {
        Limited::Ended((sent, _)) => actor.expect(sent),
        Limited::Cancelled | Limited::NeverPolled => {
            let (sent, bytes) = sending.cancel().await;
            assert_eq!(*bytes, *right);
            match sent {
                Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => return Fate::Unsent,
                sent => actor.expect(sent),
            }
        }
    }
    Fate::Sent
}

/// Receives to the end.
async fn receive<T: Transport>(
    mut actor: Actor,
    stream: u64,
    socket: Rc<Datagram<T>>,
    under_way: UnderWay,
) {
    let mut kept = Vec::new();
    loop {
        kept.truncate(actor.below(MOST_KEPT as u64) as usize);
        match actor.below(4) {
            0 => {
                if let Some(packet) = actor.limited(socket.recv()).await.ended() {
                    kept.push(actor.expect(packet));
                    if !check_packet(&mut actor, stream, &under_way, &kept[kept.len() - 1]) {
                        return;
                    }
                }
            }
            1 => {
                let before = kept.len();
                let most = actor.below(9) as usize;
                let received = socket.recv_many(&mut kept, most);
                let count = match actor.limited(received).await.ended() {
                    Some(count) => actor.expect(count),
                    None => 0,
                };
                assert_eq!(kept.len(), before + count);
                for packet in &kept[before..] {
                    if !check_packet(&mut actor, stream, &under_way, packet) {
                        return;
                    }
                }
            }
            _ => {
                let room = HEADER + actor.below(2500) as usize;
                if let Some((bytes, length)) = receive_from(&mut actor, &socket, room).await
                    && !check(&mut actor, stream, &under_way, &bytes, length)
                {
                    return;
                }
            }
        }
    }
}

/// Receives into a buffer, sometimes after a look, sometimes with a cancellation.
async fn receive_from<T: Transport>(
    actor: &mut Actor,
    socket: &Datagram<T>,
    room: usize,
) -> Option<(Vec<u8>, usize)> {
    let buffer = Guarded::with_room(room);
    let (info, buffer) = match actor.below(4) {
        0 => {
            let mut receiving = socket.recv_from(buffer);
            match actor.limited(&mut receiving).await {
                Limited::Ended(received) => received,
                Limited::Cancelled | Limited::NeverPolled => match receiving.cancel().await {
                    (Err(error), _) if error.raw_os_error() == Some(libc::ECANCELED) => {
                        return None;
                    }
                    received => received,
                },
            }
        }
        1 => {
            let (seen, peeked) = actor.limited(socket.peek_from(buffer)).await.ended()?;
            let seen = actor.expect(seen);
            let again = Guarded::with_room(room);
            let (info, buffer) = actor.limited(socket.recv_from(again)).await.ended()?;
            let info = actor.expect(info);
            assert_eq!((seen.length, &*peeked), (info.length, &*buffer));
            (Ok(info), buffer)
        }
        _ => actor.limited(socket.recv_from(buffer)).await.ended()?,
    };
    let info = actor.expect(info);
    assert_eq!(info.count, buffer.len());
    Some((buffer.to_vec(), info.length))
}

fn check_packet<A>(
    actor: &mut Actor,
    stream: u64,
    under_way: &UnderWay,
    packet: &Packet<A>,
) -> bool {
    assert!(!packet.is_truncated());
    check(actor, stream, under_way, &packet.bytes, packet.length)
}

/// Checks a datagram that arrived; false if it is the last one.
fn check(
    actor: &mut Actor,
    stream: u64,
    under_way: &UnderWay,
    bytes: &[u8],
    length: usize,
) -> bool {
    let Some((header, _)) = bytes.split_first_chunk::<HEADER>() else {
        actor.fail(format!("{} of {length} bytes arrived", bytes.len()));
    };
    let number = u64::from_le_bytes(*header);
    let is_last = number > u64::MAX / 2;
    let mut under_way = under_way.borrow_mut();
    while let Some((earlier, fate)) = under_way.front().copied()
        && (is_last || earlier < number)
    {
        if fate == Fate::Sent {
            actor.fail(format!("datagram {earlier} was lost; {number} arrived"));
        }
        under_way.pop_front();
    }
    if is_last {
        return false;
    }
    match under_way.pop_front() {
        Some((expected, Fate::Sent | Fate::Unknown)) if expected == number => {}
        other => actor.fail(format!("datagram {number} arrived; known was {other:?}")),
    }
    let right = datagram(stream, number);
    if length != right.len() || *bytes != right[..bytes.len()] {
        actor.fail(format!(
            "datagram {number}, of {length} bytes, is not what was sent"
        ));
    }
    if bytes.len() != length && bytes.len() < HEADER {
        actor.fail("cut off too short");
    }
    actor.storm().count_checked(1);
    actor.set_position(number + 1);
    true
}
