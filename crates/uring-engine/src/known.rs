//! What a ring turns out to have, once there is one: what the kernel announces, less what the configuration withholds.

use io_uring::{IoUring, Probe};

use crate::config::EngineConfig;
use crate::error::SetupError;
use crate::feature::{Feature, FeatureSet};
use crate::mapped::Mapped;
use crate::opcodes::Opcodes;
use crate::report::{Refusal, Wanted};

/// What an engine itself submits: to be woken, and to cancel.
const OWN_OPERATIONS: [u8; 2] = [
    io_uring::opcode::PollAdd::CODE,
    io_uring::opcode::AsyncCancel::CODE,
];

/// What is known of a ring that has been made.
pub(crate) struct Known<'a> {
    config: &'a EngineConfig,
    pub(crate) granted: FeatureSet,
    pub(crate) refused: Vec<Refusal>,
}

impl<'a> Known<'a> {
    pub(crate) fn new(
        config: &'a EngineConfig,
        granted: FeatureSet,
        refused: Vec<Refusal>,
    ) -> Self {
        Known {
            config,
            granted,
            refused,
        }
    }

    fn is_withheld(&self, feature: Feature) -> bool {
        self.config.without.features().contains(feature)
    }

    fn refuse(&mut self, feature: Feature, errno: Option<i32>, hint: String) {
        self.refused.push(Refusal {
            what: Wanted::Feature(feature),
            errno,
            hint,
        });
    }

    /// Takes note of what the kernel tells of a feature, unless that is withheld.
    pub(crate) fn announced(&mut self, feature: Feature, is: bool) {
        if self.is_withheld(feature) {
            return;
        }
        if is {
            self.granted = self.granted.with(feature);
        } else {
            let since = feature.since();
            let hint = format!("the kernel does not announce it; Linux {since} does");
            self.refuse(feature, None, hint);
        }
    }

    /// A feature without which there is no engine.
    pub(crate) fn needs(&mut self, feature: Feature, is: bool) -> Result<(), SetupError> {
        if self.is_withheld(feature) {
            return Err(SetupError::Withheld {
                what: feature.name().to_owned(),
            });
        }
        if !is {
            return Err(SetupError::MissingFeature {
                what: feature.name().to_owned(),
                since: feature.since(),
            });
        }
        self.granted = self.granted.with(feature);
        Ok(())
    }

    /// Operations without which the ring is of no use: the engine's own, and those that the configuration names.
    pub(crate) fn needs_operations(&self, supported: Opcodes) -> Result<(), SetupError> {
        let needs = OWN_OPERATIONS.into_iter().chain(self.config.needs.iter());
        let Some(missing) = needs
            .into_iter()
            .find(|&opcode| !supported.contains(opcode))
        else {
            return Ok(());
        };
        let what = match Opcodes::name(missing) {
            Some(name) => format!("IORING_OP_{}", name.to_uppercase()),
            None => format!("operation {missing}"),
        };
        Err(if self.config.without.opcodes().contains(missing) {
            SetupError::Withheld { what }
        } else {
            SetupError::MissingFeature {
                what,
                since: Opcodes::since(missing).unwrap_or("of a later release"),
            }
        })
    }

    /// The operations that the kernel has. One that does not tell has those of the oldest kernel that gets here.
    pub(crate) fn probe(&mut self, ring: &IoUring) -> Opcodes {
        if self.is_withheld(Feature::Probe) {
            return Opcodes::oldest();
        }
        let mut probe = Probe::new();
        match ring.submitter().register_probe(&mut probe) {
            Ok(()) => {
                self.granted = self.granted.with(Feature::Probe);
                (0..=u8::MAX)
                    .filter(|opcode| probe.is_supported(*opcode))
                    .collect()
            }
            Err(error) => {
                let hint = "operations newer than Linux 5.11 are not used; a filter that refuses \
                            io_uring_register should let this one pass";
                self.refuse(Feature::Probe, error.raw_os_error(), hint.to_owned());
                Opcodes::oldest()
            }
        }
    }

    pub(crate) fn register_ring_fd(&mut self, ring: &mut Mapped) {
        let feature = Feature::RegisteredRingFd;
        if self.is_withheld(feature) {
            return;
        }
        match ring.register_ring_fd() {
            Ok(()) => self.granted = self.granted.with(feature),
            Err(error) => {
                let hint = match error.raw_os_error() {
                    Some(libc::EBUSY) => {
                        "this thread has its sixteen registered rings already".to_owned()
                    }
                    _ => format!("Linux {} has it", feature.since()),
                };
                self.refuse(feature, error.raw_os_error(), hint);
            }
        }
    }
}
