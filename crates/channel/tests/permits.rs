//! Places that are reserved: who gets them, and what becomes of them.

#[path = "../../sync-prims/tests/support/mod.rs"]
mod support;

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
