//! The runtimes, one file each.

#[cfg(feature = "compio")]
pub(crate) mod compio;
pub(crate) mod corio;
#[cfg(feature = "glommio")]
pub(crate) mod glommio;
#[cfg(feature = "monoio")]
pub(crate) mod monoio;
mod raw_uring;
#[cfg(feature = "smol")]
mod smol;
#[cfg(feature = "tokio")]
pub(crate) mod tokio;

use crate::runtime::RuntimeSubject;
use crate::runtime::cases::time;

/// Every subject of this build.
pub const SUBJECTS: &[RuntimeSubject] = &[
    RuntimeSubject {
        name: "raw-uring",
        time: raw_uring::time,
    },
    RuntimeSubject {
        name: "corio",
        time: time::<corio::Corio>,
    },
    #[cfg(feature = "tokio")]
    RuntimeSubject {
        name: "tokio",
        time: time::<tokio::CurrentThread>,
    },
    #[cfg(feature = "tokio")]
    RuntimeSubject {
        name: "tokio-multi",
        time: time::<tokio::MultiThread>,
    },
    #[cfg(feature = "monoio")]
    RuntimeSubject {
        name: "monoio",
        time: time::<monoio::Monoio>,
    },
    #[cfg(feature = "compio")]
    RuntimeSubject {
        name: "compio",
        time: time::<compio::Compio>,
    },
    #[cfg(feature = "glommio")]
    RuntimeSubject {
        name: "glommio",
        time: time::<glommio::Glommio>,
    },
    #[cfg(feature = "smol")]
    RuntimeSubject {
        name: "smol",
        time: time::<smol::Smol>,
    },
];
