//! The crates, each with the types and calls that suit a case best.

mod async_channel;
mod asyncband;
mod corio;
mod crossbeam;
mod crossfire;
mod flume;
mod futures_channel;
mod kanal;
mod std_mpsc;
mod tachyonix;
mod thingbuf;
mod tokio;

use super::ChannelSubject;

/// Every subject, corio first.
pub const SUBJECTS: &[ChannelSubject] = &[
    ChannelSubject {
        name: "corio",
        time: corio::time,
    },
    ChannelSubject {
        name: "corio (eager)",
        time: corio::time_eager,
    },
    ChannelSubject {
        name: "kanal",
        time: kanal::time,
    },
    ChannelSubject {
        name: "crossfire",
        time: crossfire::time,
    },
    ChannelSubject {
        name: "flume",
        time: flume::time,
    },
    ChannelSubject {
        name: "async-channel",
        time: async_channel::time,
    },
    ChannelSubject {
        name: "tokio",
        time: tokio::time,
    },
    ChannelSubject {
        name: "thingbuf",
        time: thingbuf::time,
    },
    ChannelSubject {
        name: "tachyonix",
        time: tachyonix::time,
    },
    ChannelSubject {
        name: "asyncband",
        time: asyncband::time,
    },
    ChannelSubject {
        name: "futures",
        time: futures_channel::time,
    },
    ChannelSubject {
        name: "crossbeam",
        time: crossbeam::time,
    },
    ChannelSubject {
        name: "std",
        time: std_mpsc::time,
    },
];

/// Writes a [`Family`](super::family::Family) whose handles are cloned, or of which there is one, and whose calls are plain.
macro_rules! family {
    (
        $(#[$meta:meta])*
        $name:ident {
            sender: $sender:ty, $sender_copy:expr;
            receiver: $receiver:ty, $receiver_copy:expr;
            channel: $channel:expr;
            send: |$s:ident, $message:ident| $send:expr;
            recv: |$r:ident| $recv:expr;
        }
    ) => {
        $(#[$meta])*
        pub(super) struct $name;

        impl $crate::channel::family::Family for $name {
            type Sender<T: $crate::channel::family::Message> = $sender;
            type Receiver<T: $crate::channel::family::Message> = $receiver;

            fn channel<T: $crate::channel::family::Message>(
                capacity: Option<usize>,
            ) -> Option<(Self::Sender<T>, Self::Receiver<T>)> {
                $channel(capacity)
            }

            fn sender<T: $crate::channel::family::Message>(
                sender: &Self::Sender<T>,
            ) -> Option<Self::Sender<T>> {
                $sender_copy(sender)
            }

            fn receiver<T: $crate::channel::family::Message>(
                receiver: &Self::Receiver<T>,
            ) -> Option<Self::Receiver<T>> {
                $receiver_copy(receiver)
            }

            #[inline]
            async fn send<T: $crate::channel::family::Message>(
                $s: &mut Self::Sender<T>,
                $message: T,
            ) {
                $send
            }

            #[inline]
            async fn recv<T: $crate::channel::family::Message>(
                $r: &mut Self::Receiver<T>,
            ) -> Option<T> {
                $recv
            }
        }
    };
}

/// The same for a [`Blocking`](super::family::Blocking).
macro_rules! blocking {
    (
        $(#[$meta:meta])*
        $name:ident {
            sender: $sender:ty, $sender_copy:expr;
            receiver: $receiver:ty, $receiver_copy:expr;
            channel: $channel:expr;
            send: |$s:ident, $message:ident| $send:expr;
            recv: |$r:ident| $recv:expr;
        }
    ) => {
        $(#[$meta])*
        pub(super) struct $name;

        impl $crate::channel::family::Blocking for $name {
            type Sender<T: $crate::channel::family::Message> = $sender;
            type Receiver<T: $crate::channel::family::Message> = $receiver;

            fn channel<T: $crate::channel::family::Message>(
                capacity: Option<usize>,
            ) -> Option<(Self::Sender<T>, Self::Receiver<T>)> {
                $channel(capacity)
            }

            fn sender<T: $crate::channel::family::Message>(
                sender: &Self::Sender<T>,
            ) -> Option<Self::Sender<T>> {
                $sender_copy(sender)
            }

            fn receiver<T: $crate::channel::family::Message>(
                receiver: &Self::Receiver<T>,
            ) -> Option<Self::Receiver<T>> {
                $receiver_copy(receiver)
            }

            #[inline]
            fn send<T: $crate::channel::family::Message>($s: &mut Self::Sender<T>, $message: T) {
                $send
            }

            #[inline]
            fn recv<T: $crate::channel::family::Message>(
                $r: &mut Self::Receiver<T>,
            ) -> Option<T> {
                $recv
            }
        }
    };
}

use {blocking, family};

/// Another handle of a kind that can be cloned.
fn cloned<H: Clone>(handle: &H) -> Option<H> {
    Some(handle.clone())
}

/// There is one handle only.
fn single<H>(_handle: &H) -> Option<H> {
    None
}
