//! A select whose message is offered in two channels at once.

use loom::future::block_on;
use loom::sync::Arc;

use super::{channel, spawn};
use crate::select::select;

/// Exactly one of the two is sent, and the other one is where it came from.
#[test]
fn loom_two_offers_of_one_select() {
    loom::model(|| {
        let (left, from_left) = channel(0);
        let (right, from_right) = channel(0);
        let selects = spawn(move || {
            let (mut one, mut two) = (Some(Arc::new(1)), Some(Arc::new(2)));
            block_on(select((
                left.send_from(&mut one),
                right.send_from(&mut two),
            )));
            (one.is_none(), two.is_none())
        });
        let receives = spawn(move || block_on(from_left.recv()).map(|message| *message).ok());
        let two = block_on(from_right.recv()).map(|message| *message).ok();
        let one = receives.join().unwrap();
        let sent = selects.join().unwrap();
        assert_ne!(sent.0, sent.1, "one is sent");
        assert_eq!((one, two), (sent.0.then_some(1), sent.1.then_some(2)));
    });
}

/// A receive and a send of one select: one of them happens.
#[test]
fn loom_a_receive_and_an_offer_of_one_select() {
    loom::model(|| {
        let (left, from_left) = channel(1);
        let (right, from_right) = channel(0);
        let selects = spawn(move || {
            let mut one = Some(Arc::new(1));
            let outcome = block_on(select((right.send_from(&mut one), from_left.recv())));
            let received = outcome.1.is_some_and(|received| received.is_ok());
            (one.is_none(), received, from_left)
        });
        let sends = spawn(move || left.try_send(Arc::new(2)).unwrap());
        let one = block_on(from_right.recv()).map(|message| *message).ok();
        sends.join().unwrap();
        let (sent, received, from_left) = selects.join().unwrap();
        assert_ne!(sent, received, "one of the two");
        assert_eq!(one, sent.then_some(1));
        assert_eq!(from_left.try_recv().is_ok(), !received);
    });
}
