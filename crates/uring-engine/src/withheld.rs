//! Rehearsing an older kernel: parts of io_uring that an engine is to do without although the kernel has them.
//!
//! ```text
//!                        setup flag   left out of the ladder
//!   Withheld ──────────▶ feature      not granted
//!                        registration refused, as by a kernel that does not know it
//!                        operation    not supported; an entry of it goes to the kernel under a number that no operation has
//! ```
//!
//! So whoever asks the [report](crate::SetupReport) gets the answer of the older kernel, and who does not ask gets the kernel's own
//! `EINVAL`, in its place in the queue, whatever links and batches mean for that.
//!
//! An entry is looked at where an operation starts, by an engine whose gate is [`Gate::Masked`]; one from which neither an operation
//! nor a mode of one is withheld looks at none.

use std::fmt;
use std::io;
use std::str::FromStr;

use io_uring::{opcode, squeue};
use thiserror::Error;

use crate::feature::{Feature, FeatureSet};
use crate::opcodes::{Opcodes, explain};
use crate::substitute::RawEntry;

/// `IORING_ACCEPT_MULTISHOT`.
const ACCEPT_MULTISHOT: u16 = 1 << 0;
/// `IORING_RECV_MULTISHOT`.
const RECV_MULTISHOT: u16 = 1 << 1;
/// `IORING_POLL_ADD_MULTI`.
const POLL_MULTI: u32 = 1 << 0;

/// The features that are modes of operations, which their entries ask for.
const MODES: [Feature; 3] = [
    Feature::AcceptMultishot,
    Feature::RecvMultishot,
    Feature::PollMultishot,
];

/// What entries meet on their way to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// They go straight in.
    Open,
    /// They are looked at first: something is withheld.
    Masked,
    /// Shutdown has begun: nothing new starts.
    Closed,
}

/// Parts of io_uring that an engine is to do without, as it would on a kernel that lacks them.
///
/// That is how to rehearse an older kernel: what then fails would fail there, and the
/// [report](crate::SetupReport::withheld) says what was withheld, apart from what the kernel refused. Parts have
/// names: those of [`Feature::name`], and `OP_` with the name of an operation.
///
/// ```
/// use uring_engine::{Engine, EngineConfig, Feature, Withheld};
///
/// let without: Withheld = "OP_SEND_ZC, SINGLE_ISSUER".parse()?;
/// assert!(without.features().contains(Feature::SingleIssuer));
///
/// let engine = Engine::new(&EngineConfig { without, ..EngineConfig::default() })?;
/// assert!(!engine.report().has(Feature::SingleIssuer));
/// println!("{}", engine.report());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Withheld {
    features: FeatureSet,
    opcodes: Opcodes,
}

impl Withheld {
    /// Nothing.
    pub const NOTHING: Withheld = Withheld {
        features: FeatureSet::EMPTY,
        opcodes: Opcodes::EMPTY,
    };

    /// This, and a feature.
    #[must_use]
    pub const fn feature(mut self, feature: Feature) -> Withheld {
        self.features = self.features.with(feature);
        self
    }

    /// This, and an operation, by its `IORING_OP_*` number.
    #[must_use]
    pub const fn opcode(mut self, opcode: u8) -> Withheld {
        self.opcodes = self.opcodes.with(opcode);
        self
    }

    /// This, and what another one holds.
    #[must_use]
    pub fn and(self, other: Withheld) -> Withheld {
        Withheld {
            features: other.features.iter().chain(self.features.iter()).collect(),
            opcodes: self.opcodes.and(other.opcodes),
        }
    }

    /// The features that are withheld.
    pub const fn features(&self) -> FeatureSet {
        self.features
    }

    /// The operations that are withheld.
    pub const fn opcodes(&self) -> Opcodes {
        self.opcodes
    }

    /// The names of what is withheld.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let features = self
            .features
            .iter()
            .map(|feature| feature.name().to_owned());
        let operations = self
            .opcodes
            .iter()
            .map(|opcode| match Opcodes::name(opcode) {
                Some(name) => format!("OP_{}", name.to_uppercase()),
                None => format!("operation {opcode}"),
            });
        features.chain(operations).collect::<Vec<_>>().into_iter()
    }

    /// Whether nothing is withheld.
    pub fn is_nothing(&self) -> bool {
        *self == Withheld::NOTHING
    }

    /// How entries get into the queue of an engine that is to do without this.
    pub(crate) fn gate(&self) -> Gate {
        let of_entries = MODES.iter().any(|&mode| self.features.contains(mode));
        if of_entries || self.opcodes != Opcodes::EMPTY {
            Gate::Masked
        } else {
            Gate::Open
        }
    }

    /// Makes an entry of what is withheld one that the kernel does not know.
    #[cold]
    pub(crate) fn mask(&self, entry: &mut squeue::Entry) {
        let raw = RawEntry::of(entry);
        let mode = match raw.opcode {
            opcode::Accept::CODE if raw.ioprio & ACCEPT_MULTISHOT != 0 => {
                Some(Feature::AcceptMultishot)
            }
            opcode::Recv::CODE | opcode::RecvMsg::CODE if raw.ioprio & RECV_MULTISHOT != 0 => {
                Some(Feature::RecvMultishot)
            }
            opcode::PollAdd::CODE if raw.len & POLL_MULTI != 0 => Some(Feature::PollMultishot),
            _ => None,
        };
        if self.opcodes.contains(raw.opcode)
            || mode.is_some_and(|mode| self.features.contains(mode))
        {
            *entry = raw.of_no_operation();
        }
    }

    /// What a registration's refusal means, if it is withheld or the kernel does not know it.
    pub(crate) fn registered<T>(
        &self,
        feature: Feature,
        register: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let result = if self.features.contains(feature) {
            Err(io::Error::from_raw_os_error(libc::EINVAL))
        } else {
            register()
        };
        result.map_err(|error| match error.raw_os_error() {
            Some(libc::EINVAL) => feature.explain(error),
            _ => error,
        })
    }

    /// What an operation's `EINVAL` means, if it is none that the ring knows.
    pub(crate) fn explained(supported: Opcodes, opcode: u8, error: io::Error) -> io::Error {
        if error.raw_os_error() == Some(libc::EINVAL) && !supported.contains(opcode) {
            explain(opcode, error)
        } else {
            error
        }
    }
}

/// A name that is no part of io_uring that could be withheld.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{name}` is no part of io_uring that an engine could do without: say OP_ and an operation's name, such as \
     OP_SEND_ZC, or one of {}",
    feature_names()
)]
pub struct UnknownPart {
    /// The name.
    pub name: String,
}

fn feature_names() -> String {
    Feature::ALL.map(Feature::name).join(", ")
}

/// Reads names with commas between them, as `OP_SEND_ZC,SINGLE_ISSUER`. Letters may be small; the `IORING_` of the kernel's names
/// may stand before them.
impl FromStr for Withheld {
    type Err = UnknownPart;

    fn from_str(text: &str) -> Result<Self, UnknownPart> {
        let names = text.split(',').map(str::trim);
        names
            .filter(|name| !name.is_empty())
            .try_fold(Withheld::NOTHING, |withheld, given| {
                let name = given.to_ascii_uppercase();
                let name = name.strip_prefix("IORING_").unwrap_or(&name);
                let operation = name.strip_prefix("OP_").map(str::to_lowercase);
                let opcode = operation.and_then(|operation| Opcodes::by_name(&operation));
                let feature = Feature::ALL
                    .into_iter()
                    .find(|feature| feature.name() == name);
                match (opcode, feature) {
                    (Some(opcode), _) => Ok(withheld.opcode(opcode)),
                    (None, Some(feature)) => Ok(withheld.feature(feature)),
                    (None, None) => Err(UnknownPart { name: given.into() }),
                }
            })
    }
}

/// The names, with commas between them.
impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.names().enumerate() {
            write!(f, "{}{name}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Withheld({self})")
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use io_uring::{opcode, squeue, types};

    use super::{Gate, MODES, RawEntry, Withheld};
    use crate::feature::Feature;
    use crate::opcodes::Opcodes;

    #[test]
    fn every_name_is_read_as_what_it_is_written_for() {
        let mut all = Withheld::NOTHING;
        for feature in Feature::ALL {
            let one = Withheld::NOTHING.feature(feature);
            assert_eq!(one.to_string().parse(), Ok(one));
            all = all.and(one);
        }
        for opcode in (0..=u8::MAX).filter(|&opcode| Opcodes::name(opcode).is_some()) {
            let one = Withheld::NOTHING.opcode(opcode);
            assert_eq!(one.to_string().parse(), Ok(one));
            all = all.and(one);
        }
        assert_eq!(all.to_string().parse(), Ok(all));
        assert_eq!("".parse(), Ok(Withheld::NOTHING));
        assert_eq!(
            " ioring_op_read ,, ext_arg,".parse(),
            Ok(Withheld::NOTHING
                .opcode(opcode::Read::CODE)
                .feature(Feature::ExtArg))
        );
    }

    #[test]
    fn a_name_that_means_nothing_is_told() {
        for wrong in ["OP_SENDZC", "READ", "OP_", "SINGLE ISSUER", "OP_EXT_ARG"] {
            let error = format!("OP_READ,{wrong}").parse::<Withheld>().unwrap_err();
            assert_eq!(error.name, wrong);
            let text = error.to_string();
            assert!(
                text.contains(wrong) && text.contains("SINGLE_ISSUER"),
                "{text}"
            );
        }
    }

    fn masked(without: Withheld, entry: &squeue::Entry) -> RawEntry {
        let mut entry = entry.clone();
        without.mask(&mut entry);
        RawEntry::of(&entry)
    }

    #[test]
    fn only_what_is_withheld_becomes_unknown_and_all_else_of_it_stays() {
        let target = types::Fd(7);
        let recv = opcode::RecvMulti::new(target, 3).build().user_data(11);
        let accept = opcode::AcceptMulti::new(target).build();
        let poll = opcode::PollAdd::new(target, 1).multi(true).build();
        let nop = opcode::Nop::new().build().flags(squeue::Flags::IO_LINK);
        let modes = MODES.into_iter().fold(Withheld::NOTHING, Withheld::feature);
        for entry in [&recv, &accept, &poll] {
            assert_eq!(masked(modes, entry).opcode, u8::MAX);
        }
        let one_by_one = opcode::PollAdd::new(target, 1).build();
        assert_eq!(masked(modes, &one_by_one).opcode, opcode::PollAdd::CODE);
        assert_eq!(masked(modes, &nop).opcode, opcode::Nop::CODE);
        let raw = masked(Withheld::NOTHING.opcode(opcode::Recv::CODE), &recv);
        assert_eq!((raw.opcode, raw.user_data, raw.fd), (u8::MAX, 11, 7));
        let raw = masked(Withheld::NOTHING.opcode(opcode::Nop::CODE), &nop);
        assert_eq!(raw.flags, RawEntry::of(&nop).flags);
        assert_eq!(modes.gate(), Gate::Masked);
        assert_eq!(Withheld::NOTHING.gate(), Gate::Open);
        let setup = Withheld::NOTHING.feature(Feature::DeferTaskrun);
        assert_eq!(setup.gate(), Gate::Open, "no entry asks for it");
    }
}
