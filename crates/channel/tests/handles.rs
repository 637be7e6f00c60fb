//! Handles: counted and weak, permits that own one, iterators, batches, forms that block, what can go between threads.

#[path = "../../sync-prims/tests/support/mod.rs"]
mod support;

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use channel::future::{
    Local, Permit, ReadyFuture, RecvFuture, RecvManyFuture, ReserveFuture, SendFromFuture,
    SendFuture, SendManyFuture, Shared, UntilFuture,
};
use channel::{
    Channel, OwnedPermit, Receiver, RecvError, RecvTimeoutError, ReserveError, SendError,
    SendManyError, SendTimeoutError, Sender, TryRecvError, TrySendError, WeakReceiver, WeakSender,
    bounded, local, rendezvous, unbounded,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use support::{Hand, poll_once};

type NotSync = Cell<u8>;
type NotSend = Rc<u8>;

assert_impl_all!(Sender<NotSync>: Send, Sync, Unpin, Clone);
assert_impl_all!(Receiver<NotSync>: Send, Sync, Unpin, Clone);
assert_impl_all!(WeakSender<NotSync>: Send, Sync, Unpin, Clone);
assert_impl_all!(WeakReceiver<NotSync>: Send, Sync, Unpin, Clone);
assert_impl_all!(OwnedPermit<NotSync>: Send, Sync, Unpin);
assert_impl_all!(Channel<NotSync, 4>: Send, Sync);
assert_impl_all!(SendFuture<'_, Shared<NotSync>>: Send);
assert_impl_all!(SendFromFuture<'_, Shared<NotSync>>: Send);
assert_impl_all!(SendManyFuture<'_, Shared<NotSync>>: Send);
assert_impl_all!(RecvFuture<'_, Shared<NotSync>>: Send, Sync);
assert_impl_all!(RecvManyFuture<'_, Shared<NotSync>>: Send);
assert_impl_all!(ReserveFuture<'_, Shared<NotSync>>: Send, Sync);
assert_impl_all!(ReadyFuture<'_, Shared<NotSync>>: Send, Sync);
assert_impl_all!(UntilFuture<'_, Shared<NotSync>>: Send, Sync);
assert_impl_all!(Permit<'_, Shared<NotSync>>: Send, Sync, Unpin);
assert_not_impl_any!(Sender<NotSend>: Send, Sync);
assert_not_impl_any!(Receiver<NotSend>: Send, Sync);
assert_not_impl_any!(WeakSender<NotSend>: Send, Sync);
assert_not_impl_any!(OwnedPermit<NotSend>: Send, Sync);
assert_not_impl_any!(Channel<NotSend, 4>: Send, Sync);
assert_not_impl_any!(SendFuture<'_, Shared<NotSend>>: Send, Sync);
assert_not_impl_any!(RecvFuture<'_, Shared<NotSend>>: Send, Sync);
assert_not_impl_any!(local::Sender<u8>: Send, Sync);
assert_not_impl_any!(local::Receiver<u8>: Send, Sync);
assert_not_impl_any!(SendFuture<'_, Local<u8>>: Send, Sync);
assert_not_impl_any!(RecvFuture<'_, Local<u8>>: Send, Sync);
assert_not_impl_any!(Permit<'_, Local<u8>>: Send, Sync);
assert_not_impl_any!(SendFuture<'_, Shared<u8>>: Unpin);
assert_not_impl_any!(SendFromFuture<'_, Shared<u8>>: Unpin);
assert_not_impl_any!(SendManyFuture<'_, Shared<u8>>: Unpin);
assert_not_impl_any!(RecvFuture<'_, Shared<u8>>: Unpin);
assert_not_impl_any!(RecvManyFuture<'_, Shared<u8>>: Unpin);
assert_not_impl_any!(ReserveFuture<'_, Shared<u8>>: Unpin);
assert_not_impl_any!(ReadyFuture<'_, Shared<u8>>: Unpin);
assert_not_impl_any!(UntilFuture<'_, Shared<u8>>: Unpin);
assert_impl_all!(SendError<NotSend>: std::error::Error);
assert_impl_all!(TrySendError<NotSend>: std::error::Error);
assert_impl_all!(SendTimeoutError<NotSend>: std::error::Error);

#[test]
fn the_last_sender_closes_and_the_last_receiver_drops_what_is_there() {
    let (sender, receiver) = bounded(4);
    let message = Arc::new(());
    let other = sender.clone();
    assert_eq!((sender.sender_count(), sender.receiver_count()), (2, 1));
    drop(sender);
    other.try_send(message.clone()).unwrap();
    assert!(!receiver.is_closed());
    drop(other);
    assert!(receiver.is_closed() && !receiver.is_complete());
    assert_eq!((receiver.sender_count(), receiver.receiver_count()), (0, 1));
    assert!(receiver.try_recv().is_ok());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));

    let (sender, receiver) = bounded(4);
    sender.try_send(message.clone()).unwrap();
    let other = receiver.clone();
    drop(receiver);
    assert!(!sender.is_closed());
    drop(other);
    assert_eq!((Arc::strong_count(&message), sender.len()), (1, 0));
    assert!(sender.is_complete());
    let refused = sender.try_send(message.clone()).unwrap_err();
    assert!(matches!(&refused, TrySendError::Closed(back) if Arc::ptr_eq(back, &message)));
}

#[test]
fn weak_handles_keep_nothing_open() {
    let (sender, receiver) = bounded::<u8>(1);
    let (weak_sender, weak_receiver) = (sender.downgrade(), receiver.downgrade());
    let again = weak_sender.clone().upgrade().unwrap();
    assert!(again.same_channel(&sender));
    assert!(
        weak_receiver
            .clone()
            .upgrade()
            .unwrap()
            .same_channel(&receiver)
    );
    assert!(!again.same_channel(&bounded(1).0));
    drop(sender);
    assert!(!receiver.is_closed());
    drop(again);
    assert!(receiver.is_closed() && weak_sender.upgrade().is_none());
    drop(receiver);
    assert!(weak_receiver.upgrade().is_none());

    // Closed by hand, it has senders still, and they can be had.
    let (sender, _receiver) = local::bounded::<u8>(1);
    sender.close();
    assert!(sender.downgrade().upgrade().is_some());
}

#[test]
fn an_owned_permit_keeps_its_sender() {
    let (sender, receiver) = bounded(1);
    let permit = sender.try_reserve_owned().unwrap();
    assert!(!receiver.is_closed());
    let sender = permit.send(7);
    assert_eq!(receiver.try_recv(), Ok(7));
    let mut reserves = Hand::new(sender.reserve_owned());
    let permit = reserves.output().unwrap();
    let sender = permit.release();
    assert_eq!(sender.capacity(), 1);
    sender.try_send(8).unwrap();
    let (error, sender) = sender.try_reserve_owned().unwrap_err();
    assert_eq!(error, ReserveError::Full);
    let mut reserves = Hand::pending(sender.reserve_owned());
    assert_eq!(receiver.try_recv(), Ok(8));
    let permit = reserves.output().unwrap();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    drop(permit);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn iterators_end_where_they_say() {
    let (sender, receiver) = bounded(4);
    (0..3).for_each(|number| sender.try_send(number).unwrap());
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(receiver.try_iter().next(), None);
    (3..6).for_each(|number| sender.try_send(number).unwrap());
    drop(sender);
    assert_eq!(receiver.iter().next(), Some(3));
    assert_eq!((&receiver).into_iter().next(), Some(4));
    assert_eq!(receiver.into_iter().collect::<Vec<_>>(), [5]);
}

#[test]
fn a_batch_that_is_dropped_leaves_the_rest() {
    let (sender, receiver) = bounded(3);
    let mut batch: VecDeque<_> = (0..10).collect();
    let send = Hand::pending(sender.send_many(&mut batch));
    assert_eq!(receiver.try_recv(), Ok(0));
    // One more has its place, which the future has not seen.
    drop(send);
    assert!(batch.iter().copied().eq(4..10));
    let mut received = vec![100];
    assert_eq!(receiver.try_recv_many(&mut received, 9), Ok(3));
    assert_eq!(received, [100, 1, 2, 3]);

    let mut send = Hand::pending(sender.send_many(&mut batch));
    receiver.close();
    assert_eq!(send.output(), Err(SendManyError { sent: 3 }));
    drop(send);
    assert!(batch.iter().copied().eq(7..10));
    let mut receives = Hand::new(receiver.recv_many(&mut received, 2));
    assert_eq!(receives.output(), Ok(2));
    drop(receives);
    assert_eq!(received[4..], [4, 5]);
    assert_eq!(
        poll_once(std::pin::pin!(receiver.recv_many(&mut received, 9))),
        Ok(1).into()
    );
    // On a channel that is at its end, nothing is done to what is in the vector.
    assert_eq!(
        poll_once(std::pin::pin!(receiver.recv_many(&mut received, 9))),
        Err(RecvError).into()
    );
    assert_eq!(received, [100, 1, 2, 3, 4, 5, 6]);
    assert_eq!(receiver.try_recv_many(&mut received, 0), Ok(0));
    assert_eq!(
        receiver.try_recv_many(&mut received, 1),
        Err(TryRecvError::Closed)
    );
}

#[test]
fn a_send_that_was_never_polled_drops_its_message() {
    let message = Rc::new(());
    let (sender, _receiver) = local::rendezvous();
    drop(sender.send(message.clone()));
    let mut option = Some(message.clone());
    drop(sender.send_from(&mut option));
    assert!(option.take().is_some());
    assert_eq!(Rc::strong_count(&message), 1);
    let in_place = Channel::<_, 2>::new();
    in_place.try_send(message.clone()).unwrap();
    drop(in_place);
    assert_eq!(Rc::strong_count(&message), 1);
}

/// A cancellation does not let a later message overtake an earlier one.
#[test]
fn order_is_kept_when_one_gives_up() {
    for capacity in [0, 1] {
        let (sender, receiver) = bounded(capacity);
        (0..capacity).for_each(|_| sender.try_send(0).unwrap());
        let mut sends: Vec<_> = (1..5)
            .map(|number| Some(Hand::pending(sender.send(number))))
            .collect();
        sends[1] = None;
        assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
        let received: Vec<_> = receiver.try_iter().collect();
        assert_eq!(received[capacity..], [1, 3, 4]);
    }
}

/// One who was told, and found that another was faster, has its place before those who were not told.
#[test]
fn a_receiver_that_was_robbed_is_the_next() {
    for capacity in [1, usize::MAX] {
        let (sender, receiver) = bounded(capacity);
        let mut first = Hand::pending(receiver.recv());
        let mut second = Hand::pending(receiver.recv());
        sender.try_send(1).unwrap();
        assert_eq!((receiver.try_recv(), first.wakes()), (Ok(1), 1));
        assert!(first.poll().is_pending());
        sender.try_send(2).unwrap();
        assert_eq!((first.wakes(), second.wakes()), (2, 0));
        assert_eq!(first.output(), Ok(2));
        assert!(second.poll().is_pending());
    }
}

#[test]
fn what_waits_on_a_thread_ends() {
    let (sender, receiver) = rendezvous();
    thread::scope(|threads| {
        threads.spawn(|| (0..100).for_each(|number| sender.send_blocking(number).unwrap()));
        for number in 0..100 {
            assert_eq!(receiver.recv_blocking(), Ok(number));
        }
    });
    receiver.close();
    assert_eq!(sender.send_blocking(1), Err(SendError(1)));
    assert_eq!(receiver.recv_blocking(), Err(RecvError));
    static NUMBERS: Channel<usize, 0> = Channel::new();
    thread::scope(|threads| {
        threads.spawn(|| NUMBERS.send_blocking(7).unwrap());
        assert_eq!(NUMBERS.recv_blocking(), Ok(7));
    });
}

#[test]
fn a_timeout_hands_the_message_back() {
    const SHORT: Duration = Duration::from_millis(2);
    let (sender, receiver) = bounded(1);
    assert_eq!(receiver.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    let now = Instant::now();
    assert_eq!(receiver.recv_deadline(now), Err(RecvTimeoutError::Timeout));
    assert_eq!(sender.send_timeout(1, SHORT), Ok(()));
    assert_eq!(
        sender.send_timeout(2, SHORT),
        Err(SendTimeoutError::Timeout(2))
    );
    assert_eq!(
        sender.send_deadline(2, now),
        Err(SendTimeoutError::Timeout(2))
    );
    assert_eq!(receiver.recv_timeout(Duration::MAX), Ok(1));
    assert_eq!(sender.send_timeout(3, Duration::MAX), Ok(()));
    assert_eq!(
        receiver.recv_deadline(now),
        Ok(3),
        "there is no need to wait"
    );
    sender.close();
    assert_eq!(
        sender.send_timeout(2, SHORT),
        Err(SendTimeoutError::Closed(2))
    );
    assert_eq!(receiver.recv_timeout(SHORT), Err(RecvTimeoutError::Closed));
}

/// Many wait with deadlines that pass while others send: each message is received once, or handed back.
#[test]
fn timeouts_lose_nothing() {
    const EACH: usize = 200;
    for capacity in [0, 1, 16] {
        let (sender, receiver) = bounded(capacity);
        let (sent, received) = thread::scope(|threads| {
            let sends: Vec<_> = (0..3)
                .map(|_| {
                    let sender = sender.clone();
                    threads.spawn(move || {
                        let wait = |number| Duration::from_micros((number * 7 % 50) as u64);
                        let send =
                            |number: &usize| sender.send_timeout(*number, wait(*number)).is_ok();
                        (0..EACH).filter(send).count()
                    })
                })
                .collect();
            drop(sender);
            let receive = || {
                let mut received = 0;
                loop {
                    match receiver.recv_timeout(Duration::from_micros(20)) {
                        Ok(_) => received += 1,
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Closed) => return received,
                    }
                }
            };
            let receives = [threads.spawn(receive), threads.spawn(receive)];
            let sent: usize = sends.into_iter().map(|sends| sends.join().unwrap()).sum();
            let received: usize = receives
                .into_iter()
                .map(|receives| receives.join().unwrap())
                .sum();
            (sent, received)
        });
        assert_eq!(sent, received);
    }
}

#[test]
#[should_panic(expected = "polled after it was ready")]
fn a_send_is_ready_once() {
    let (sender, _receiver) = unbounded();
    let mut send = Box::pin(sender.send(1));
    assert!(poll_once(send.as_mut()).is_ready());
    let _ = poll_once(send.as_mut());
}

#[test]
#[should_panic(expected = "polled after it was ready")]
fn a_reservation_is_ready_once() {
    let (sender, _receiver) = unbounded::<u8>();
    let mut reserve = Box::pin(sender.reserve());
    assert!(poll_once(reserve.as_mut()).is_ready());
    let _ = poll_once(reserve.as_mut());
}

/// Messages need not be printable, or anything else.
#[test]
fn everything_can_be_printed() {
    struct Plain;
    let (sender, receiver) = bounded::<Plain>(2);
    sender.try_send(Plain).unwrap();
    let text = format!("{sender:?}");
    assert_eq!(
        text,
        "Sender(Channel { len: 1, capacity: 2, is_closed: false })"
    );
    let mut batch = VecDeque::new();
    let (mut into, mut option) = (Vec::new(), None);
    let printed = [
        format!("{receiver:?}"),
        format!("{:?}", sender.downgrade()),
        format!("{:?}", receiver.downgrade()),
        format!("{:?}", sender.send(Plain)),
        format!("{:?}", sender.send_from(&mut option)),
        format!("{:?}", sender.send_many(&mut batch)),
        format!("{:?}", sender.reserve()),
        format!("{:?}", sender.try_reserve().unwrap()),
        format!("{:?}", sender.clone().try_reserve_owned().unwrap()),
        format!("{:?}", sender.closed()),
        format!("{:?}", receiver.recv()),
        format!("{:?}", receiver.ready()),
        format!("{:?}", receiver.recv_many(&mut into, 1)),
        format!("{:?}", receiver.try_iter()),
        format!("{:?}", receiver.iter()),
        format!("{:?}", Channel::<Plain, 2>::default()),
        format!("{:?}", SendError(Plain)),
        format!("{:?}", TrySendError::Full(Plain)),
        format!("{:?}", SendTimeoutError::Timeout(Plain)),
    ];
    assert!(printed.iter().all(|text| !text.is_empty()));
    assert!(SendError(Plain).to_string().contains("closed"));
}
