//! What can go wrong with the ring itself. An operation's own failure is part of its output, not listed here.

use std::io;

use thiserror::Error;

use crate::report::{Refusal, Wanted};
use crate::withheld::UnknownPart;

/// Why no ring could be had. Each text says what to do about it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SetupError {
    /// `EPERM`: a policy forbids io_uring.
    #[error("io_uring is forbidden here (EPERM): {hint}; or run without it, on the epoll fallback")]
    Forbidden {
        /// Which policy it seems to be.
        hint: &'static str,
    },
    /// `ENOSYS`: the kernel does not know io_uring, or a filter pretends so.
    #[error(
        "this kernel offers no io_uring (ENOSYS): it is older than 5.1, built without CONFIG_IO_URING, or a seccomp \
         filter or sandbox hides the call"
    )]
    Unsupported,
    /// `ENOMEM`: no memory for even the smallest ring.
    #[error(
        "no memory for a ring, not even of {entries} entries (ENOMEM): raise the memlock limit (`ulimit -l`, \
         `LimitMEMLOCK=`) or the memory limit of the control group"
    )]
    NoMemory {
        /// The smallest submission queue that was tried.
        entries: u32,
    },
    /// `EINVAL`: the kernel refuses the parameters with every optional flag left out.
    #[error(
        "the kernel refuses the ring's parameters with every optional flag left out (EINVAL): {hint}"
    )]
    Invalid {
        /// What is likely to be wrong.
        hint: &'static str,
    },
    /// `EMFILE` or `ENFILE`: no descriptor is left.
    #[error("no descriptor is left for the ring: raise the limit (`ulimit -n`) ({source})")]
    Descriptors {
        /// The kernel's error.
        source: io::Error,
    },
    /// The ring exists but lacks something that the engine cannot do without.
    #[error("this kernel's io_uring lacks {what} (Linux {since} has it)")]
    MissingFeature {
        /// What is missing.
        what: String,
        /// The kernel version that brought it.
        since: &'static str,
    },
    /// The configuration withholds something that a ring is of no use without.
    #[error(
        "a ring without {what} is of no use, and the configuration withholds it: take it off `EngineConfig::without`, or \
         run on the epoll fallback"
    )]
    Withheld {
        /// What is withheld.
        what: String,
    },
    /// The environment withholds something that there is not.
    #[error("{variable}: {source}")]
    UnknownPart {
        /// The environment's variable.
        variable: &'static str,
        /// The name that means nothing.
        source: UnknownPart,
    },
    /// Any other error.
    #[error("io_uring setup failed: {source}")]
    Other {
        /// The kernel's error.
        source: io::Error,
    },
}

impl SetupError {
    /// What a report says of it, when something else stands in for the ring.
    pub fn as_refusal(&self) -> Refusal {
        Refusal {
            what: Wanted::Ring,
            errno: self.errno(),
            hint: self.to_string(),
        }
    }

    /// The errno behind the error, where there is one.
    pub fn errno(&self) -> Option<i32> {
        match self {
            SetupError::Forbidden { .. } => Some(libc::EPERM),
            SetupError::Unsupported => Some(libc::ENOSYS),
            SetupError::NoMemory { .. } => Some(libc::ENOMEM),
            SetupError::Invalid { .. } => Some(libc::EINVAL),
            SetupError::MissingFeature { .. }
            | SetupError::Withheld { .. }
            | SetupError::UnknownPart { .. } => None,
            SetupError::Descriptors { source } | SetupError::Other { source } => {
                source.raw_os_error()
            }
        }
    }
}

/// Why a turn failed. Completions that had arrived were nevertheless collected and their wakers woken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TurnError {
    /// The engine was shut down; nothing can be submitted or waited for.
    #[error("the engine was shut down")]
    Closed,
    /// `EBADR`: the kernel had no memory to keep completions that did not fit the queue, and dropped some. Their
    /// operations never finish; shut the engine down.
    #[error("the kernel lost completions for want of memory (EBADR); shut the engine down")]
    CompletionsLost,
    /// `io_uring_enter` failed in a way that retrying does not cure.
    #[error("io_uring_enter failed: {source}")]
    Enter {
        /// The kernel's error.
        source: io::Error,
    },
}
