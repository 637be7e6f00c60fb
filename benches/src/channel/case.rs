//! All cases by name.

use std::fmt;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Messages through a channel, from so many senders to so many receivers.
    Stream(Stream),
    /// `try_send`, then `try_recv`, by one thread.
    TryPair,
    /// 64 messages in, 64 messages out, by one thread, with the batch forms of those that have some.
    Batch,
    /// A burst of a million messages into an unbounded channel, and out again; counts what the channel keeps after it.
    Burst,
    /// A channel for one message: made, sent, received.
    Oneshot,
    /// A message to eight receivers, by one thread.
    Broadcast,
}

/// See [`Case::Stream`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Who runs the senders and receivers.
    pub place: Place,
    /// How many senders.
    pub senders: u64,
    /// How many receivers.
    pub receivers: u64,
    /// How many messages the channel holds; `None` is no limit.
    pub capacity: Option<usize>,
    /// The size of a message.
    pub bytes: Bytes,
}

/// Who runs senders and receivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// tokio's current-thread runtime.
    TokioOne,
    /// tokio's multi-thread runtime with two workers.
    TokioTwo,
    /// One corio context.
    CorioOne,
    /// Two corio contexts: one has the senders, the other the receivers.
    CorioTwo,
    /// A thread for each, with blocking calls.
    Threads,
}

/// The size of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// A word.
    B8,
    /// A cache line.
    B64,
    /// A small buffer.
    B1024,
}

/// Messages in a batch.
pub(super) const BATCH: usize = 64;

/// Messages in a burst.
pub(super) const BURST: u64 = 1_000_000;

/// Receivers of a broadcast.
pub(super) const AUDIENCE: u64 = 8;

impl Case {
    /// Every case.
    pub fn all() -> Vec<Case> {
        let mut all = vec![
            Case::TryPair,
            Case::Batch,
            Case::Burst,
            Case::Oneshot,
            Case::Broadcast,
        ];
        let capacities = [Some(0), Some(1), Some(16), Some(1024), None];
        for bytes in [Bytes::B8, Bytes::B64, Bytes::B1024] {
            for place in [
                Place::TokioOne,
                Place::TokioTwo,
                Place::CorioOne,
                Place::CorioTwo,
                Place::Threads,
            ] {
                for (senders, receivers) in [(1, 1), (4, 1), (4, 4)] {
                    for capacity in capacities {
                        // Size matters to the copies, not to who runs them: the other places have words only.
                        let words_only =
                            matches!(place, Place::CorioOne | Place::CorioTwo | Place::Threads);
                        if words_only && bytes != Bytes::B8 {
                            continue;
                        }
                        all.push(Case::Stream(Stream {
                            place,
                            senders,
                            receivers,
                            capacity,
                            bytes,
                        }));
                    }
                }
            }
        }
        all
    }

    /// Operations in one iteration: a time is divided by them.
    pub fn operations(self) -> u64 {
        match self {
            Case::Batch => BATCH as u64,
            Case::Burst => BURST,
            Case::Broadcast => AUDIENCE,
            Case::Stream(_) | Case::TryPair | Case::Oneshot => 1,
        }
    }

    /// Whether allocations are counted as well: where tasks wait often, and where memory grows.
    pub fn counts_allocations(self) -> bool {
        match self {
            Case::Stream(stream) => {
                stream.place == Place::TokioOne
                    && stream.senders == stream.receivers
                    && stream.bytes == Bytes::B8
            }
            Case::TryPair | Case::Batch | Case::Oneshot => true,
            Case::Burst | Case::Broadcast => false,
        }
    }
}

/// What command lines and reports call it.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Case::TryPair => f.write_str("try_send+try_recv"),
            Case::Burst => f.write_str("burst of 1,000,000"),
            Case::Batch => write!(f, "batch of {BATCH}"),
            Case::Oneshot => f.write_str("oneshot"),
            Case::Broadcast => write!(f, "broadcast 1-{AUDIENCE}"),
            Case::Stream(stream) => {
                let place = match stream.place {
                    Place::TokioOne => "tokio 1",
                    Place::TokioTwo => "tokio 2",
                    Place::CorioOne => "corio 1",
                    Place::CorioTwo => "corio 2",
                    Place::Threads => "threads",
                };
                let bytes = match stream.bytes {
                    Bytes::B8 => "8 B",
                    Bytes::B64 => "64 B",
                    Bytes::B1024 => "1 KiB",
                };
                write!(f, "{place} {}-{}", stream.senders, stream.receivers)?;
                match stream.capacity {
                    Some(capacity) => write!(f, " cap {capacity}")?,
                    None => f.write_str(" unbounded")?,
                }
                write!(f, " {bytes}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Case;

    #[test]
    fn names_are_unique() {
        let all = Case::all();
        let names: BTreeSet<String> = all.iter().map(Case::to_string).collect();
        assert_eq!(names.len(), all.len());
    }
}
