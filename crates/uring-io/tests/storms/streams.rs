//! Streams of bytes: both directions of every connection written and read by actors whose operations are dropped.
//!
//! Connections come and go: each carries some bytes and ends, and another one takes its place, so that ends are reached
//! with dropped operations in flight, too.

use std::cell::Cell;
use std::rc::Rc;

use super::actor::Actor;
use super::{Storm, guarded::Guarded};
use crate::support::bytes_at;

/// A kind of connection.
pub(crate) trait Transport: 'static {
    type Reader: Reader;
    type Writer: Writer;

    /// Two ends that are connected.
    async fn pair(actor: &mut Actor) -> [(Self::Reader, Self::Writer); 2];
}

/// The receiving side of a connection.
pub(crate) trait Reader: 'static {
    /// Receives, in one way or another, under a limit. `None` if the operation was dropped; no bytes at the end of the
    /// stream.
    async fn receive(&self, actor: &mut Actor) -> Option<Vec<u8>>;

    /// Goes, in one way or another.
    async fn end(self, actor: &mut Actor);
}

/// The sending side of a connection.
pub(crate) trait Writer: 'static {
    /// Sends, in one way or another, under a limit. Says how many of the bytes are sent or will be, whatever happens.
    async fn send(&self, actor: &mut Actor, bytes: Guarded) -> usize;

    /// Waits until everything that was begun is sent.
    async fn settle(&self, actor: &mut Actor);

    /// Ends the stream; goes.
    async fn end(self, actor: &mut Actor);
}

/// The most bytes of one direction of one connection.
const MOST: u64 = 8 << 20;

pub(crate) async fn run<T: Transport>(storm: Rc<Storm>) {
    let connections: Vec<_> = (0..storm.settings.connections)
        .map(|number| context::spawn(connections::<T>(storm.clone(), number)))
        .collect();
    for connection in connections {
        connection.await.unwrap();
    }
}

/// One connection after the other.
async fn connections<T: Transport>(storm: Rc<Storm>, number: u64) {
    let mut maker = Actor::new(&storm, number, 0);
    while !storm.is_over() {
        let [a, b] = T::pair(&mut maker).await;
        let seed = maker.random.next();
        let mut actors = Vec::new();
        for (direction, (reader, writer)) in [(a.0, b.1), (b.0, a.1)].into_iter().enumerate() {
            let actor = |role| {
                let mut actor = Actor::new(&storm, number, direction * 2 + role);
                actor.random.0 = (actor.random.0 ^ seed) | 1;
                actor
            };
            let stream = number * 2 + direction as u64;
            let sent = Rc::new(Cell::new(None));
            actors.push(context::spawn(write(
                actor(0),
                stream,
                writer,
                sent.clone(),
            )));
            actors.push(context::spawn(read(actor(1), stream, reader, sent)));
        }
        for actor in actors {
            actor.await.unwrap();
        }
    }
}

/// Writes until there is enough, tells how much, and ends the stream.
async fn write(mut actor: Actor, stream: u64, writer: impl Writer, sent: Rc<Cell<Option<u64>>>) {
    let total = 1 << actor.below(MOST.ilog2().into());
    actor.set_position(0);
    while !actor.storm().is_over() && actor.position() < total {
        let most = 1 << actor.below(17);
        let length = actor.below(most) as usize;
        let bytes = bytes_at(stream, actor.position(), length);
        let count = writer.send(&mut actor, Guarded::holding(&bytes)).await;
        actor.set_position(actor.position() + count as u64);
        // Without this, writes that were dropped would pile up.
        if actor.below(8) == 0 {
            writer.settle(&mut actor).await;
        }
        actor.pause().await;
    }
    sent.set(Some(actor.position()));
    writer.end(&mut actor).await;
}

/// Reads to the end.
async fn read(mut actor: Actor, stream: u64, reader: impl Reader, sent: Rc<Cell<Option<u64>>>) {
    actor.set_position(0);
    loop {
        match reader.receive(&mut actor).await {
            None => {}
            Some(bytes) if bytes.is_empty() => break,
            Some(bytes) => actor.check(stream, &bytes),
        }
        actor.pause().await;
    }
    if sent.get() != Some(actor.position()) {
        actor.fail(format!("the stream ended here, of {:?}", sent.get()));
    }
    reader.end(&mut actor).await;
}
