//! A short storm of cancellations over every part; `cargo xtask storm` runs long ones.

mod storms;
mod support;

use std::sync::{Mutex, PoisonError};

use storms::{Board, Part, Planted, Settings};

/// Descriptors and memory are the process's, so there is one storm at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn storm(part: Part, planted: Planted) -> Vec<String> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let settings = Settings {
        part,
        seed: 1,
        cancellations: 3000,
        connections: 12,
        planted,
    };
    let board = Board::new(settings.connections);
    let outcome = board.watch(part.name(), |_| (), || storms::run(settings, &board));
    println!("{}: {outcome:?}", part.name());
    assert!(outcome.cancellations >= settings.cancellations);
    assert!(outcome.checked > 0);
    outcome.after.leaks(outcome.before)
}

#[test]
fn every_byte_arrives_once_and_in_order_over_tcp() {
    assert_eq!(storm(Part::Tcp, Planted::Nothing), [""; 0]);
}

#[test]
fn every_byte_arrives_once_and_in_order_over_unix_sockets() {
    assert_eq!(storm(Part::Unix, Planted::Nothing), [""; 0]);
}

#[test]
fn every_byte_arrives_once_and_in_order_through_pipes() {
    assert_eq!(storm(Part::Pipes, Planted::Nothing), [""; 0]);
}

#[test]
fn every_datagram_arrives_once_and_in_order_over_udp() {
    assert_eq!(storm(Part::Udp, Planted::Nothing), [""; 0]);
}

#[test]
fn every_datagram_arrives_once_and_in_order_over_unix_sockets() {
    assert_eq!(storm(Part::UnixDatagram, Planted::Nothing), [""; 0]);
}

#[test]
fn every_client_is_served_once() {
    assert_eq!(storm(Part::Accept, Planted::Nothing), [""; 0]);
}

#[test]
fn connects_that_are_dropped_leave_nothing_open() {
    assert_eq!(storm(Part::Connect, Planted::Nothing), [""; 0]);
}

#[test]
fn files_hold_what_was_written() {
    assert_eq!(storm(Part::Files, Planted::Nothing), [""; 0]);
}

#[test]
fn leaks_are_seen() {
    let leaks = storm(Part::Accept, Planted::Memory(400));
    assert!(leaks[0].contains("bytes are allocated"), "{leaks:?}");
    let leaks = storm(Part::Accept, Planted::Descriptors);
    assert!(leaks[0].contains("descriptors are open"), "{leaks:?}");
}

#[test]
fn a_write_to_a_dropped_buffer_is_seen() {
    // What a panic allocates is none of a storm's.
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let seen = std::thread::spawn(|| {
        let mut buffer = storms::guarded::Guarded::with_room(64);
        let start = uring_io::IoBufMut::as_mut_ptr(&mut buffer);
        drop(buffer);
        // SAFETY: memory of dropped buffers is kept until it is checked.
        unsafe { start.add(7).write(1) };
        storms::guarded::check_all();
    });
    let panic = seen.join().unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("byte Some(7)"), "{message}");
}
