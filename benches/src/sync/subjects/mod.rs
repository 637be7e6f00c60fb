//! The crates, one file each.

mod async_lock;
mod asyncband;
mod atomic_waker;
mod diatomic_waker;
mod event_listener;
mod futures_util;
mod sync_prims;
mod tokio;
mod tokio_util;

use crate::sync::SyncSubject;

/// Every subject.
pub const SUBJECTS: &[SyncSubject] = &[
    SyncSubject {
        name: "sync-prims",
        time: sync_prims::time,
    },
    SyncSubject {
        name: "tokio",
        time: tokio::time,
    },
    SyncSubject {
        name: "tokio-util",
        time: tokio_util::time,
    },
    SyncSubject {
        name: "async-lock",
        time: async_lock::time,
    },
    SyncSubject {
        name: "event-listener",
        time: event_listener::time,
    },
    SyncSubject {
        name: "asyncband",
        time: asyncband::time,
    },
    SyncSubject {
        name: "atomic-waker",
        time: atomic_waker::time,
    },
    SyncSubject {
        name: "diatomic-waker",
        time: diatomic_waker::time,
    },
    SyncSubject {
        name: "futures-util",
        time: futures_util::time,
    },
];
