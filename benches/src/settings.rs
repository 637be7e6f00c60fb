//! The settings of the peers that have some, the same in every race.
//!
//! Each setting here measured better than the peer's default, and is one that its documentation offers.

#[cfg(feature = "monoio")]
pub(crate) mod monoio {
    //! monoio's ring.

    use monoio::{IoUringDriver, RuntimeBuilder};

    /// A builder of runtimes whose ring knows that it has one thread. Under load this saves a fifth.
    pub(crate) fn builder() -> RuntimeBuilder<IoUringDriver> {
        let mut ring = io_uring_06::IoUring::builder();
        ring.setup_single_issuer()
            .setup_defer_taskrun()
            .setup_submit_all();
        RuntimeBuilder::<IoUringDriver>::new().uring_builder(ring)
    }
}

#[cfg(feature = "compio")]
pub(crate) mod compio {
    //! compio's ring.

    use std::io;

    use compio::driver::{DriverType, ProactorBuilder};
    use compio::runtime::{Runtime, RuntimeBuilder};

    /// A runtime whose ring knows that it has one thread. Under load this saves a fifth.
    pub(crate) fn runtime() -> io::Result<Runtime> {
        let mut proactor = ProactorBuilder::new();
        proactor
            .driver_type(DriverType::IoUring)
            .single_issuer(true)
            .coop_taskrun(true)
            .taskrun_flag(true)
            .defer_taskrun(true);
        RuntimeBuilder::new().with_proactor(proactor).build()
    }
}
