//! The ways to use files, one file each.

#[cfg(feature = "compio")]
mod compio;
mod corio;
#[cfg(feature = "glommio")]
mod glommio;
#[cfg(feature = "monoio")]
mod monoio;
mod threads;
#[cfg(feature = "tokio")]
mod tokio;

#[cfg(feature = "compio")]
use crate::runtime::subjects::compio::Compio;
use crate::runtime::subjects::corio::Corio;
#[cfg(feature = "glommio")]
use crate::runtime::subjects::glommio::Glommio;
#[cfg(feature = "monoio")]
use crate::runtime::subjects::monoio::Monoio;
#[cfg(feature = "tokio")]
use crate::runtime::subjects::tokio::CurrentThread;

use crate::file::FileSubject;
use crate::file::work::time;

/// Every subject of this build.
pub const SUBJECTS: &[FileSubject] = &[
    FileSubject {
        name: "corio",
        time: time::<Corio>,
    },
    FileSubject {
        name: "threads",
        time: threads::time,
    },
    #[cfg(feature = "tokio")]
    FileSubject {
        name: "tokio",
        time: time::<CurrentThread>,
    },
    #[cfg(feature = "monoio")]
    FileSubject {
        name: "monoio",
        time: time::<Monoio>,
    },
    #[cfg(feature = "compio")]
    FileSubject {
        name: "compio",
        time: time::<Compio>,
    },
    #[cfg(feature = "glommio")]
    FileSubject {
        name: "glommio",
        time: time::<Glommio>,
    },
];
