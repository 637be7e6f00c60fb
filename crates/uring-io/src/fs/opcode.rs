//! Operations of the ring that not every kernel has: one that it does not know it refuses with `EINVAL`, as it does much
//! else. What was meant can be told, since the ring was asked what it knows when it was made.

use std::io;

use uring_engine::Engine;
use uring_engine::io_uring::opcode;

/// An operation by its number, its name, and the kernel that brought it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opcode {
    code: u8,
    name: &'static str,
    since: &'static str,
}

impl Opcode {
    pub(crate) const RENAMEAT: Self = Self::new(opcode::RenameAt::CODE, "RENAMEAT", "5.11");
    pub(crate) const UNLINKAT: Self = Self::new(opcode::UnlinkAt::CODE, "UNLINKAT", "5.11");
    pub(crate) const MKDIRAT: Self = Self::new(opcode::MkDirAt::CODE, "MKDIRAT", "5.15");
    pub(crate) const SYMLINKAT: Self = Self::new(opcode::SymlinkAt::CODE, "SYMLINKAT", "5.15");
    pub(crate) const LINKAT: Self = Self::new(opcode::LinkAt::CODE, "LINKAT", "5.15");
    pub(crate) const STATX: Self = Self::new(opcode::Statx::CODE, "STATX", "5.6");
    pub(crate) const FTRUNCATE: Self = Self::new(opcode::Ftruncate::CODE, "FTRUNCATE", "6.9");

    const fn new(code: u8, name: &'static str, since: &'static str) -> Self {
        Self { code, name, since }
    }

    /// This operation, if the engine's kernel does not know it.
    pub(crate) fn missing_on(self, engine: &Engine) -> Option<Self> {
        (!engine.report().supports(self.code)).then_some(self)
    }

    /// Says that the operation is what was wrong, if the kernel refused as it does then.
    pub(crate) fn explain(self, error: io::Error) -> io::Error {
        if error.raw_os_error() != Some(libc::EINVAL) {
            return error;
        }
        let Self { name, since, .. } = self;
        let message =
            format!("this needs IORING_OP_{name}, which Linux has since {since}: {error}");
        io::Error::new(io::ErrorKind::Unsupported, message)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::io;

    use super::Opcode;

    #[test]
    fn a_missing_operation_is_named() {
        let missing = context::block_on(async {
            let engine = context::driver().engine().clone();
            assert!(Opcode::STATX.missing_on(&engine).is_none());
            Opcode::new(u8::MAX, "FUTURE", "9.9").missing_on(&engine)
        });
        let missing = missing.unwrap().expect("no kernel knows it");
        let error = missing.explain(io::Error::from_raw_os_error(libc::EINVAL));
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        assert!(error.to_string().contains("IORING_OP_FUTURE"), "{error}");
        let other = missing.explain(io::Error::from_raw_os_error(libc::EIO));
        assert_eq!(other.raw_os_error(), Some(libc::EIO));
    }
}
