//! What a context wants of a ring: what it cannot do without, and what it is to do without.

use uring_engine::io_uring::opcode;
use uring_engine::{EngineConfig, Opcodes, SetupError};

/// Names of what rings are to do without, for all contexts of the process.
const VARIABLE: &str = "CORIO_WITHOUT";

/// A ring that lacks one of these is no driver: those that sockets, pipes, files, signals and processes are made of. Linux has
/// them all since 5.6, and what it has later there are other ways for.
const NEEDS: Opcodes = Opcodes::EMPTY
    .with(opcode::Nop::CODE)
    .with(opcode::PollAdd::CODE)
    .with(opcode::AsyncCancel::CODE)
    .with(opcode::Accept::CODE)
    .with(opcode::Connect::CODE)
    .with(opcode::Send::CODE)
    .with(opcode::Recv::CODE)
    .with(opcode::SendMsg::CODE)
    .with(opcode::RecvMsg::CODE)
    .with(opcode::Read::CODE)
    .with(opcode::Write::CODE)
    .with(opcode::Readv::CODE)
    .with(opcode::Writev::CODE)
    .with(opcode::ReadFixed::CODE)
    .with(opcode::WriteFixed::CODE)
    .with(opcode::OpenAt::CODE)
    .with(opcode::Close::CODE)
    .with(opcode::Fsync::CODE)
    .with(opcode::SyncFileRange::CODE)
    .with(opcode::Fallocate::CODE)
    .with(opcode::Fadvise::CODE)
    .with(opcode::Statx::CODE);

/// The settings of a context's ring, with what the environment says.
pub(super) fn wanted(engine: &EngineConfig) -> Result<EngineConfig, SetupError> {
    let names = std::env::var_os(VARIABLE).unwrap_or_default();
    let without = names
        .to_string_lossy()
        .parse()
        .map_err(|source| SetupError::UnknownPart {
            variable: VARIABLE,
            source,
        })?;
    Ok(EngineConfig {
        without: engine.without.and(without),
        needs: NEEDS.and(engine.needs),
        ..engine.clone()
    })
}
