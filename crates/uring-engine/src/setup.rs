//! The setup ladder: the fullest ring first, then fewer flags, then a smaller one, each refusal written down.
//!
//! The kernel answers `EINVAL` to a flag that it does not know and does not say which. Flags are therefore given up
//! newest first: when a flag is unknown, so is every newer one, and the first success has blamed none but the guilty.

use std::io;

use io_uring::{IoUring, Probe};

use crate::config::EngineConfig;
use crate::error::SetupError;
use crate::feature::{Feature, FeatureSet};
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
    let parameters = ring.params();
    if !parameters.is_feature_nodrop() || !parameters.is_feature_ext_arg() {
        return Err(SetupError::MissingFeature {
            what: "waiting with a timeout (EXT_ARG)",
            since: "5.11",
        });
    }
    let mut granted = ladder.wanted;
    let mut refused = ladder.refused;
    let mut announced = |feature: Feature, is: bool| {
        if config.disable.contains(feature) {
            refused.push(left_out(feature));
        } else if is {
            granted = granted.with(feature);
        } else {
            refused.push(Refusal {
                what: Wanted::Feature(feature),
                errno: None,
                hint: format!(
                    "the kernel does not announce it; Linux {} does",
                    feature.since()
                ),
            });
        }
    };
    announced(Feature::NoIowait, parameters.is_feature_no_iowait());
    announced(
        Feature::CqeSkip,
        parameters.is_feature_skip_cqe_on_success(),
    );
    let (sq_entries, cq_entries) = (parameters.sq_entries(), parameters.cq_entries());

    let mut probe = Probe::new();
    let probe = ring
        .submitter()
        .register_probe(&mut probe)
        .is_ok()
        .then_some(probe);
    // SEND_ZC came with 6.0, as did SYNC_CANCEL, which has no announcement of its own.
    let six = probe
        .as_ref()
        .is_some_and(|probe| probe.is_supported(io_uring::opcode::SendZc::CODE));
    announced(Feature::SyncCancel, six);

    let supported = (0..=u8::MAX).filter(|opcode| {
        probe
            .as_ref()
            .is_some_and(|probe| probe.is_supported(*opcode))
    });

    let mut ring = Mapped::new(ring);
    if config.disable.contains(Feature::RegisteredRingFd) {
        refused.push(left_out(Feature::RegisteredRingFd));
    } else {
        match ring.register_ring_fd() {
            Ok(()) => granted = granted.with(Feature::RegisteredRingFd),
            Err(error) => refused.push(Refusal {
                what: Wanted::Feature(Feature::RegisteredRingFd),
                errno: error.raw_os_error(),
                hint: match error.raw_os_error() {
                    Some(libc::EBUSY) => {
                        "this thread has its sixteen registered rings already".to_owned()
                    }
                    _ => format!("Linux {} has it", Feature::RegisteredRingFd.since()),
                },
            }),
        }
    }
    let report = SetupReport {
        kernel: kernel_release(),
        sq_entries,
        cq_entries,
        requested_entries: config.entries,
        granted,
        refused,
        attempts: ladder.attempts,
        driver: "io_uring",
        supported: supported.collect(),
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
        let owner_finishes = config.sqpoll.is_none();
        let told = owner_finishes && !config.disable.contains(Feature::TaskrunFlag);
        ladder.want(Feature::TaskrunFlag, owner_finishes);
        ladder.want(
            Feature::DeferTaskrun,
            told && !config.disable.contains(Feature::SingleIssuer),
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
        if !asked {
            return;
        }
        if self.config.disable.contains(feature) {
            self.refused.push(left_out(feature));
        } else {
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

fn left_out(feature: Feature) -> Refusal {
    Refusal {
        what: Wanted::Feature(feature),
        errno: None,
        hint: "left out by the configuration".to_owned(),
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
