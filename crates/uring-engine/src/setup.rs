//! The setup ladder: the fullest ring first, then fewer flags, then a smaller one, each refusal written down.
//!
//! The kernel answers `EINVAL` to a flag that it does not know and does not say which. Flags are therefore given up
//! newest first: when a flag is unknown, so is every newer one, and the first success has blamed none but the guilty.

use std::io;

use io_uring::IoUring;

use crate::config::EngineConfig;
use crate::error::SetupError;
use crate::feature::{Feature, FeatureSet};
use crate::known::Known;
use crate::mapped::Mapped;
use crate::report::{Refusal, SetupReport, Wanted};
use crate::ring::Ring;

/// Optional setup flags, newest first.
const GIVE_UP_ORDER: [Feature; 9] = [
    Feature::NoSqArray,
    Feature::DeferTaskrun,
    Feature::SingleIssuer,
    Feature::CoopTaskrun,
    Feature::TaskrunFlag,
    Feature::SubmitAll,
    Feature::SqPoll,
    Feature::Clamp,
    Feature::LargeCq,
];

pub(crate) fn set_up(config: &EngineConfig) -> Result<(Ring, SetupReport), SetupError> {
    let mut ladder = Ladder::new(config);
    let ring = ladder.climb_down()?;
    let mut known = Known::new(config, ladder.wanted, ladder.refused);
    let parameters = ring.params();
    known.needs(Feature::NoDrop, parameters.is_feature_nodrop())?;
    known.needs(Feature::ExtArg, parameters.is_feature_ext_arg())?;
    known.announced(Feature::NoIowait, parameters.is_feature_no_iowait());
    known.announced(
        Feature::CqeSkip,
        parameters.is_feature_skip_cqe_on_success(),
    );
    let resource_tags = parameters.is_feature_resource_tagging();
    known.announced(Feature::PollMultishot, resource_tags);
    known.announced(Feature::RegisteredBuffers, true);
    known.announced(Feature::RegisteredFiles, true);
    let (sq_entries, cq_entries) = (parameters.sq_entries(), parameters.cq_entries());

    let told = known.probe(&ring);
    // What has no announcement of its own came together with an operation.
    let five_nineteen = told.contains(io_uring::opcode::Socket::CODE);
    let six = told.contains(io_uring::opcode::SendZc::CODE);
    known.announced(Feature::BufferRings, five_nineteen);
    known.announced(Feature::AcceptMultishot, five_nineteen);
    known.announced(Feature::RecvMultishot, six);
    known.announced(Feature::SyncCancel, six);
    let supported = told.beyond(config.without.opcodes());
    known.needs_operations(supported)?;

    let mut ring = Mapped::new(ring);
    known.register_ring_fd(&mut ring);
    let report = SetupReport {
        kernel: kernel_release(),
        sq_entries,
        cq_entries,
        requested_entries: config.entries,
        granted: known.granted,
        refused: known.refused,
        attempts: ladder.attempts,
        driver: "io_uring",
        withheld: config.without,
        supported,
    };
    Ok((Ring::Kernel(ring), report))
}

struct Ladder<'a> {
    config: &'a EngineConfig,
    wanted: FeatureSet,
    refused: Vec<Refusal>,
    entries: u32,
    attempts: u32,
}

impl<'a> Ladder<'a> {
    fn new(config: &'a EngineConfig) -> Self {
        let mut ladder = Ladder {
            config,
            wanted: FeatureSet::EMPTY,
            refused: Vec::new(),
            entries: config.entries.max(1),
            attempts: 0,
        };
        ladder.want(Feature::SingleIssuer, true);
        // The submission thread finishes completions itself; the kernel refuses these three beside it. Without the flag
        // that tells of unfinished completions a peek would miss them, so the two that leave some need it.
        let withheld = config.without.features();
        let owner_finishes = config.sqpoll.is_none();
        let told = owner_finishes && !withheld.contains(Feature::TaskrunFlag);
        ladder.want(Feature::TaskrunFlag, owner_finishes);
        ladder.want(
            Feature::DeferTaskrun,
            told && !withheld.contains(Feature::SingleIssuer),
        );
        if !ladder.wanted.contains(Feature::DeferTaskrun) {
            ladder.want(Feature::CoopTaskrun, told);
        }
        ladder.want(Feature::SubmitAll, true);
        ladder.want(Feature::NoSqArray, true);
        ladder.want(Feature::LargeCq, true);
        ladder.want(Feature::Clamp, config.clamp);
        ladder.want(Feature::SqPoll, config.sqpoll.is_some());
        ladder.want(Feature::IoPoll, config.iopoll);
        ladder
    }

    fn want(&mut self, feature: Feature, asked: bool) {
        if asked && !self.config.without.features().contains(feature) {
            self.wanted = self.wanted.with(feature);
        }
    }

    fn climb_down(&mut self) -> Result<IoUring, SetupError> {
        loop {
            self.attempts += 1;
            let error = match self.build() {
                Ok(ring) => return Ok(ring),
                Err(error) => error,
            };
            let errno = error.raw_os_error().unwrap_or(0);
            let next = match errno {
                libc::EINVAL => self.fewer_flags(errno),
                libc::ENOMEM => self.smaller(errno),
                // The submission thread once needed privileges; everything else that is forbidden is so for good.
                libc::EPERM if self.wanted.contains(Feature::SqPoll) => {
                    self.give_up(Feature::SqPoll, errno)
                }
                _ => false,
            };
            if !next {
                return Err(self.explain(error));
            }
        }
    }

    fn build(&self) -> io::Result<IoUring> {
        let wanted = |feature| self.wanted.contains(feature);
        let mut builder = IoUring::builder();
        builder.dontfork();
        if wanted(Feature::SingleIssuer) {
            builder.setup_single_issuer();
        }
        if wanted(Feature::DeferTaskrun) {
            builder.setup_defer_taskrun();
        }
        if wanted(Feature::CoopTaskrun) {
            builder.setup_coop_taskrun();
        }
        if wanted(Feature::TaskrunFlag) {
            builder.setup_taskrun_flag();
        }
        if wanted(Feature::SubmitAll) {
            builder.setup_submit_all();
        }
        if wanted(Feature::NoSqArray) {
            builder.setup_no_sqarray();
        }
        if wanted(Feature::Clamp) {
            builder.setup_clamp();
        }
        if wanted(Feature::LargeCq) {
            builder.setup_cqsize(self.cq_entries());
        }
        if wanted(Feature::IoPoll) {
            builder.setup_iopoll();
        }
        if let (true, Some(sqpoll)) = (wanted(Feature::SqPoll), self.config.sqpoll) {
            builder.setup_sqpoll(sqpoll.idle_ms);
            if let Some(cpu) = sqpoll.cpu {
                builder.setup_sqpoll_cpu(cpu);
            }
        }
        builder.build(self.entries)
    }

    fn cq_entries(&self) -> u32 {
        // A ring that had to shrink takes its default completion queue.
        let default = if self.entries == self.config.entries.max(1) {
            self.entries.saturating_mul(16).max(1024)
        } else {
            self.entries.saturating_mul(2)
        };
        self.config.cq_entries.unwrap_or(default).max(self.entries)
    }

    fn fewer_flags(&mut self, errno: i32) -> bool {
        let newest = GIVE_UP_ORDER
            .into_iter()
            .find(|&feature| self.wanted.contains(feature));
        newest.is_some_and(|feature| self.give_up(feature, errno))
    }

    fn give_up(&mut self, feature: Feature, errno: i32) -> bool {
        self.wanted = self.wanted.without(feature);
        let hint = match (feature, errno) {
            (Feature::SqPoll, libc::EPERM) => {
                "the submission thread needs CAP_SYS_NICE on this kernel".to_owned()
            }
            (Feature::SqPoll, _) => {
                "check that the submission thread's processor exists and is allowed".to_owned()
            }
            _ => format!("Linux {} has it", feature.since()),
        };
        self.refused.push(Refusal {
            what: Wanted::Feature(feature),
            errno: Some(errno),
            hint,
        });
        if feature == Feature::DeferTaskrun {
            self.want(Feature::CoopTaskrun, true);
        }
        true
    }

    fn smaller(&mut self, errno: i32) -> bool {
        if self.entries == 1 {
            return false;
        }
        self.refused.push(Refusal {
            what: Wanted::Entries(self.entries),
            errno: Some(errno),
            hint: "raise the memlock limit (`ulimit -l`) for a ring of the size asked for"
                .to_owned(),
        });
        self.entries = self.entries.next_power_of_two() / 2;
        true
    }

    fn explain(&self, error: io::Error) -> SetupError {
        match error.raw_os_error() {
            Some(libc::EPERM) => SetupError::Forbidden {
                hint: forbidden_hint(),
            },
            Some(libc::ENOSYS) => SetupError::Unsupported,
            Some(libc::ENOMEM) => SetupError::NoMemory {
                entries: self.entries,
            },
            Some(libc::EINVAL) => SetupError::Invalid {
                hint: if self.entries > 32768 && !self.config.clamp {
                    "more than 32768 entries are never granted: ask for fewer or leave `clamp` on"
                } else {
                    "check `entries`, `cq_entries` and the processor of `sqpoll`"
                },
            },
            Some(libc::EMFILE | libc::ENFILE) => SetupError::Descriptors { source: error },
            _ => SetupError::Other { source: error },
        }
    }
}

fn forbidden_hint() -> &'static str {
    let setting = std::fs::read_to_string("/proc/sys/kernel/io_uring_disabled").unwrap_or_default();
    match setting.trim() {
        "2" => "`sysctl kernel.io_uring_disabled` is 2, set it to 0 to allow everyone",
        "1" => {
            "`sysctl kernel.io_uring_disabled` is 1: run with CAP_SYS_ADMIN, join the group of \
                `kernel.io_uring_group`, or set it to 0"
        }
        _ => {
            "a seccomp filter (container runtimes have one by default), an LSM or a sandbox denies io_uring_setup; \
              allow io_uring_setup, io_uring_enter and io_uring_register there"
        }
    }
}

pub(crate) fn kernel_release() -> String {
    std::fs::read_to_string("/proc/sys/kernel/osrelease")
        .map(|release| release.trim().to_owned())
        .unwrap_or_else(|_| "of unknown release".to_owned())
}
