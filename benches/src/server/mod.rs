//! Servers that do the same work, one file per subject.
//!
//! Each serves any number of clients on one thread with a task per connection, and one for all datagrams. Each is written as
//! its own documentation shows, at the settings that measured best.

#[cfg(feature = "compio")]
mod compio;
mod corio;
#[cfg(feature = "glommio")]
mod glommio;
mod http;
#[cfg(feature = "monoio")]
mod monoio;
mod net_epoll_legacy;
mod raw_epoll;
mod raw_uring;
mod service;
#[cfg(feature = "smol")]
mod smol;
mod socket;
#[cfg(feature = "tokio")]
mod tokio;

use std::io;

pub use service::{Config, Service};

/// A server by name.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// What the command line calls it.
    pub name: &'static str,
    /// Whether it takes part in a service.
    pub offers: fn(Service) -> bool,
    /// Serves until an error or the end of the process.
    pub serve: fn(&Config) -> io::Result<()>,
}

/// A runtime.
const fn runtime(name: &'static str, serve: fn(&Config) -> io::Result<()>) -> Subject {
    Subject {
        name,
        offers: |service| service != Service::Http,
        serve,
    }
}

/// A runtime that hyper runs on.
const fn with_hyper(name: &'static str, serve: fn(&Config) -> io::Result<()>) -> Subject {
    Subject {
        name,
        offers: |_| true,
        serve,
    }
}

/// A bare loop, which echoes streams.
const fn bare(name: &'static str, serve: fn(&Config) -> io::Result<()>) -> Subject {
    Subject {
        name,
        offers: |service| matches!(service, Service::Tcp | Service::Unix | Service::Sparse),
        serve,
    }
}

/// Every subject of this build.
pub const SUBJECTS: &[Subject] = &[
    bare("raw-uring", raw_uring::multishot),
    bare("raw-uring:one-shot", raw_uring::one_shot),
    bare("raw-uring:poll-first", raw_uring::poll_first),
    bare("raw-uring:pair", raw_uring::pair),
    bare("raw-uring:call", raw_uring::call),
    bare("raw-epoll", raw_epoll::serve),
    Subject {
        name: "net-epoll-legacy",
        offers: |service| service == Service::Tcp,
        serve: net_epoll_legacy::serve,
    },
    with_hyper("corio", corio::pooled),
    with_hyper("corio (epoll)", corio::on_epoll),
    Subject {
        name: "corio (no hyper)",
        offers: |service| service == Service::Http,
        serve: corio::http_by_hand,
    },
    runtime("corio:read", corio::owned),
    #[cfg(feature = "tokio")]
    with_hyper("tokio", tokio::serve),
    #[cfg(feature = "monoio")]
    runtime("monoio", monoio::serve),
    #[cfg(feature = "compio")]
    runtime("compio", compio::serve),
    #[cfg(feature = "glommio")]
    runtime("glommio", glommio::serve),
    #[cfg(feature = "smol")]
    runtime("smol", smol::serve),
];
