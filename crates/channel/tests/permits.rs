//! Places that are reserved: who gets them, and what becomes of them.

#[path = "../../sync-prims/tests/support/mod.rs"]
mod support;

use std::rc::Rc;

use channel::{RecvError, local};
use support::{Hand, Watchdog};

#[test]
fn no_places_wait_for_nothing_but_their_turn() {
    let _watchdog = Watchdog::new("no places");
    for capacity in [1, 16, 64] {
        let (sender, receiver) = channel::bounded(capacity);
        for number in 0..capacity {
            sender.try_send(number).unwrap();
        }
        // Nobody waits, so it has its turn at once.
        assert_eq!(sender.try_reserve_many(0).unwrap().places(), 0);
        let first = Hand::pending(sender.send(7));
        let mut second = Hand::pending(sender.reserve_many(0));
        let mut third = Hand::pending(sender.reserve_many(0));
        drop(first);
        assert_eq!((second.wakes(), third.wakes()), (1, 1));
        assert_eq!(second.output().unwrap().places(), 0);
        assert_eq!(third.output().unwrap().places(), 0);
        assert_eq!(receiver.try_iter().count(), capacity);
    }
}

#[test]
fn a_place_stays_good_after_close() {
    let (sender, receiver) = local::bounded(2);
    let mut permit = sender.try_reserve_many(2).unwrap();
    let mut receive = Hand::pending(receiver.recv());
    sender.close();
    let mut drained = Hand::pending(sender.close_and_drain());
    assert!(receive.poll().is_pending());
    permit.send(1);
    assert_eq!(receive.output(), Ok(1));
    assert!(!receiver.is_complete() && drained.poll().is_pending());
    let mut receive = Hand::pending(receiver.recv());
    drop(permit);
    assert_eq!((receive.wakes(), drained.wakes()), (1, 1));
    assert_eq!(receive.output(), Err(RecvError));
    assert!(drained.poll().is_ready());
}

/// What is sent into a place when nobody is left to receive it goes, and the channel is complete when all places are
/// back.
#[test]
fn a_place_in_an_abandoned_channel() {
    let (sender, receiver) = local::bounded(3);
    let message = Rc::new(());
    let mut permit = sender.try_reserve_many(2).unwrap();
    let owned = sender.clone().try_reserve_owned().unwrap();
    drop(receiver);
    let mut drained = Hand::pending(sender.close_and_drain());
    permit.send(message.clone());
    assert_eq!((Rc::strong_count(&message), sender.len()), (1, 0));
    drop(owned.send(message.clone()));
    assert_eq!((Rc::strong_count(&message), drained.wakes()), (1, 0));
    permit.send(message.clone());
    assert_eq!((Rc::strong_count(&message), drained.wakes()), (1, 1));
    assert!(drained.poll().is_ready());
}

/// All places are reserved, so messages go from sender to receiver; one who wants a place stood in the way.
#[test]
fn who_waited_behind_a_reservation_is_found() {
    for granted in [false, true] {
        let (sender, receiver) = local::bounded(1);
        let permit = sender.try_reserve().unwrap();
        let mut receives: [_; 3] = std::array::from_fn(|_| Hand::pending(receiver.recv()));
        let mut reserve = Hand::pending(sender.reserve());
        let mut sends: [_; 2] = std::array::from_fn(|number| Hand::pending(sender.send(number)));
        assert!(
            receives
                .iter_mut()
                .all(|receive| receive.poll().is_pending())
        );
        let permits = if granted {
            drop(permit);
            [Some(reserve.output().unwrap()), None]
        } else {
            drop(reserve);
            [Some(permit), None]
        };
        for number in 0..2 {
            assert!(receives[number].is_woken());
            assert_eq!(receives[number].output(), Ok(number));
            assert_eq!(sends[number].output(), Ok(()));
        }
        assert!(!receives[2].is_woken());
        drop(permits);
    }
}

#[test]
fn who_waits_is_served_in_order_after_close() {
    let (sender, receiver) = channel::bounded(2);
    let mut permit = sender.try_reserve_many(2).unwrap();
    let mut first = Hand::pending(receiver.recv());
    let mut second = Hand::pending(receiver.recv());
    assert!(sender.close());
    assert!(first.poll().is_pending() && second.poll().is_pending());
    permit.send(1);
    assert_eq!((first.is_woken(), second.is_woken()), (true, false));
    assert_eq!(first.output(), Ok(1));
    permit.send(2);
    assert_eq!(second.output(), Ok(2));
}
