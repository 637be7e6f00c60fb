//! The optional parts of io_uring that the setup ladder asks for, by name.

use std::fmt;
use std::io;

/// One optional part of io_uring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum Feature {
    /// `IORING_SETUP_NO_SQARRAY` (6.6): no index array between queue and entries.
    NoSqArray,
    /// `IORING_SETUP_DEFER_TASKRUN` (6.1): completions are finished only when the owner asks for them.
    DeferTaskrun,
    /// `IORING_SETUP_SINGLE_ISSUER` (6.0): one thread submits, so the kernel locks less.
    SingleIssuer,
    /// `IORING_SETUP_COOP_TASKRUN` (5.19): no interrupt for a completion; taken when `DeferTaskrun` is not to be had.
    CoopTaskrun,
    /// `IORING_SETUP_TASKRUN_FLAG` (5.19): a flag in the ring tells that completions wait to be finished.
    TaskrunFlag,
    /// `IORING_SETUP_SUBMIT_ALL` (5.18): a bad entry does not stop the batch.
    SubmitAll,
    /// `IORING_SETUP_CQSIZE` (5.5): a completion queue larger than twice the submission queue.
    LargeCq,
    /// `IORING_SETUP_CLAMP` (5.6): over-large sizes are clamped.
    Clamp,
    /// `IORING_SETUP_SQPOLL` (5.11 for plain descriptors): a kernel thread takes submissions.
    SqPoll,
    /// `IORING_SETUP_IOPOLL` (5.1): completions are polled for.
    IoPoll,
    /// A ring descriptor registered with the ring itself (5.18): no descriptor lookup per enter.
    RegisteredRingFd,
    /// `IORING_ENTER_NO_IOWAIT` (6.15): an idle ring does not show as a processor waiting for I/O.
    NoIowait,
    /// `IORING_FEAT_CQE_SKIP` (5.17): a successful cancellation posts no completion of its own.
    CqeSkip,
    /// `IORING_REGISTER_SYNC_CANCEL` (6.0): shutdown cancels everything with one call.
    SyncCancel,
    /// `IORING_ENTER_EXT_ARG` (5.11): waiting with a time limit. There is no engine without it.
    ExtArg,
    /// `IORING_FEAT_NODROP` (5.5): completions that do not fit the queue are kept. There is no engine without it.
    NoDrop,
    /// `IORING_REGISTER_PROBE` (5.6): the kernel tells which operations it has. Without it those of Linux 5.11 are taken for
    /// granted, and no other.
    Probe,
    /// `IORING_REGISTER_PBUF_RING` (5.19): rings of buffers that the kernel picks from.
    BufferRings,
    /// `IORING_REGISTER_BUFFERS` (5.1): buffers that are pinned once.
    RegisteredBuffers,
    /// `IORING_REGISTER_FILES` (5.5 for a table with empty places): files that need no look-up.
    RegisteredFiles,
    /// `IORING_ACCEPT_MULTISHOT` (5.19): one entry accepts connection after connection.
    AcceptMultishot,
    /// `IORING_RECV_MULTISHOT` (6.0): one entry receives again and again.
    RecvMultishot,
    /// `IORING_POLL_ADD_MULTI` (5.13): one entry polls again and again.
    PollMultishot,
}

impl Feature {
    /// Every feature, in the order in which reports list them.
    pub const ALL: [Feature; 23] = [
        Feature::SingleIssuer,
        Feature::DeferTaskrun,
        Feature::CoopTaskrun,
        Feature::TaskrunFlag,
        Feature::SubmitAll,
        Feature::NoSqArray,
        Feature::LargeCq,
        Feature::Clamp,
        Feature::SqPoll,
        Feature::IoPoll,
        Feature::RegisteredRingFd,
        Feature::NoIowait,
        Feature::CqeSkip,
        Feature::SyncCancel,
        Feature::ExtArg,
        Feature::NoDrop,
        Feature::Probe,
        Feature::BufferRings,
        Feature::RegisteredBuffers,
        Feature::RegisteredFiles,
        Feature::AcceptMultishot,
        Feature::RecvMultishot,
        Feature::PollMultishot,
    ];

    /// Those without which there is no engine.
    pub const NEEDED: [Feature; 2] = [Feature::ExtArg, Feature::NoDrop];

    /// The kernel's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Feature::NoSqArray => "NO_SQARRAY",
            Feature::DeferTaskrun => "DEFER_TASKRUN",
            Feature::SingleIssuer => "SINGLE_ISSUER",
            Feature::CoopTaskrun => "COOP_TASKRUN",
            Feature::TaskrunFlag => "TASKRUN_FLAG",
            Feature::SubmitAll => "SUBMIT_ALL",
            Feature::LargeCq => "CQSIZE",
            Feature::Clamp => "CLAMP",
            Feature::SqPoll => "SQPOLL",
            Feature::IoPoll => "IOPOLL",
            Feature::RegisteredRingFd => "RING_FD",
            Feature::NoIowait => "NO_IOWAIT",
            Feature::CqeSkip => "CQE_SKIP",
            Feature::SyncCancel => "SYNC_CANCEL",
            Feature::ExtArg => "EXT_ARG",
            Feature::NoDrop => "NODROP",
            Feature::Probe => "PROBE",
            Feature::BufferRings => "PBUF_RING",
            Feature::RegisteredBuffers => "BUFFERS",
            Feature::RegisteredFiles => "FILES",
            Feature::AcceptMultishot => "ACCEPT_MULTISHOT",
            Feature::RecvMultishot => "RECV_MULTISHOT",
            Feature::PollMultishot => "POLL_ADD_MULTI",
        }
    }

    /// The kernel version that brought it.
    pub const fn since(self) -> &'static str {
        match self {
            Feature::NoSqArray => "6.6",
            Feature::DeferTaskrun => "6.1",
            Feature::SingleIssuer | Feature::SyncCancel | Feature::RecvMultishot => "6.0",
            Feature::CoopTaskrun
            | Feature::TaskrunFlag
            | Feature::BufferRings
            | Feature::AcceptMultishot => "5.19",
            Feature::SubmitAll | Feature::RegisteredRingFd => "5.18",
            Feature::LargeCq | Feature::NoDrop | Feature::RegisteredFiles => "5.5",
            Feature::Clamp | Feature::Probe => "5.6",
            Feature::SqPoll | Feature::ExtArg => "5.11",
            Feature::IoPoll | Feature::RegisteredBuffers => "5.1",
            Feature::PollMultishot => "5.13",
            Feature::NoIowait => "6.15",
            Feature::CqeSkip => "5.17",
        }
    }

    /// What to do without it, where it was asked for by name and refused.
    const fn instead(self) -> &'static str {
        match self {
            Feature::BufferRings => "receive into buffers of your own",
            Feature::RegisteredBuffers => "use buffers of the heap",
            Feature::RegisteredFiles => "use descriptors",
            _ => "do without it",
        }
    }

    /// An error that says what was missing, instead of the kernel's.
    #[cold]
    pub(crate) fn explain(self, error: io::Error) -> io::Error {
        let (name, since, instead) = (self.name(), self.since(), self.instead());
        io::Error::new(
            io::ErrorKind::Unsupported,
            format!(
                "IORING_REGISTER_{name} is refused here ({error}). Linux has it since {since}; where the kernel, a filter or \
                 the configuration has not, {instead}"
            ),
        )
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of [`Feature`]s.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct FeatureSet(u32);

impl FeatureSet {
    /// No feature.
    pub const EMPTY: FeatureSet = FeatureSet(0);

    /// This set and one more feature.
    #[must_use]
    pub const fn with(self, feature: Feature) -> FeatureSet {
        FeatureSet(self.0 | 1 << feature as u8)
    }

    /// This set without a feature.
    #[must_use]
    pub const fn without(self, feature: Feature) -> FeatureSet {
        FeatureSet(self.0 & !(1 << feature as u8))
    }

    /// Whether the set holds a feature.
    pub const fn contains(self, feature: Feature) -> bool {
        self.0 & 1 << feature as u8 != 0
    }

    /// The features of the set, in the order of [`Feature::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL
            .into_iter()
            .filter(move |&feature| self.contains(feature))
    }
}

impl fmt::Debug for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl FromIterator<Feature> for FeatureSet {
    fn from_iter<I: IntoIterator<Item = Feature>>(features: I) -> Self {
        features
            .into_iter()
            .fold(FeatureSet::EMPTY, FeatureSet::with)
    }
}
