//! Which driver a context is to have.

/// What a context does its I/O with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DriverChoice {
    /// io_uring; where it cannot be had, epoll. The environment variable `CORIO_DRIVER` (`uring` or `epoll`) decides, if it is set.
    #[default]
    Automatic,
    /// io_uring, or an error that says why not.
    Uring,
    /// epoll, even where there is io_uring.
    Epoll,
}

impl DriverChoice {
    /// The choice, with what the environment says.
    pub(super) fn settled(self) -> DriverChoice {
        if self != DriverChoice::Automatic {
            return self;
        }
        let asked = std::env::var_os("CORIO_DRIVER").unwrap_or_default();
        match &*asked.to_string_lossy() {
            "epoll" => DriverChoice::Epoll,
            "uring" => DriverChoice::Uring,
            "" => DriverChoice::Automatic,
            other => {
                crate::report::line(format_args!(
                    "CORIO_DRIVER is `{other}`, which is no driver: say `uring` or `epoll`"
                ));
                DriverChoice::Automatic
            }
        }
    }
}
