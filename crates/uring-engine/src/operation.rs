//! What an operation is: it builds its entry, turns its completion into an output, and says what becomes of a
//! completion nobody waits for.

use io_uring::squeue;

use crate::completion::Completion;

/// An operation with one result.
///
/// The value is the operation's payload: its descriptor number, its buffers, its addresses. It moves into the engine at
/// the first poll, stays at one address until the kernel has sent the last completion, and comes back through
/// [`complete`](Operation::complete) or [`discard`](Operation::discard).
///
/// A zero-copy send has two completions; it resolves with the first one's result once the last one came.
///
/// A payload must not own the [`Engine`](crate::Engine) that runs it: an operation that is abandoned would keep its own
/// engine alive.
///
/// # Safety
///
/// [`entry`](Operation::entry) may point only at memory that the value owns (heap memory, or its own fields) or that is
/// `'static`, and which nothing else reads or writes while the kernel may.
///
/// # Examples
///
/// An operation that this crate does not have:
///
/// ```
/// use std::os::fd::AsRawFd;
/// use uring_engine::io_uring::{opcode, squeue, types};
/// use uring_engine::{Completion, Engine, EngineConfig, Operation, Wait};
///
/// /// Reads from the beginning of a file.
/// struct ReadHead {
///     /// A copy, so that the number stays the file's for as long as the kernel uses it.
///     file: std::fs::File,
///     head: Box<[u8; 16]>,
/// }
///
/// // SAFETY: the entry points at a box that the value owns, and nobody else has.
/// unsafe impl Operation for ReadHead {
///     type Output = std::io::Result<Vec<u8>>;
///
///     fn entry(&mut self) -> squeue::Entry {
///         let file = types::Fd(self.file.as_raw_fd());
///         opcode::Read::new(file, self.head.as_mut_ptr(), 16).build()
///     }
///
///     fn complete(self, completion: Completion) -> Self::Output {
///         let count = completion.into_result()?;
///         Ok(self.head[..count as usize].to_vec())
///     }
/// }
///
/// # fn run<F: std::future::Future>(engine: &Engine, future: F) -> F::Output {
/// #     let mut future = std::pin::pin!(future);
/// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// #     loop {
/// #         match future.as_mut().poll(&mut context) {
/// #             std::task::Poll::Ready(output) => return output,
/// #             std::task::Poll::Pending => engine.turn(Wait::Until(None)).map(drop).unwrap(),
/// #         }
/// #     }
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::new(&EngineConfig::default())?;
/// let file = std::fs::File::open("Cargo.toml")?;
/// let read = engine.op(ReadHead { file, head: Box::default() });
/// // `run` polls the future and turns the engine, in turns.
/// let head = run(&engine, read)?;
/// assert_eq!(head, std::fs::read("Cargo.toml")?[..16]);
/// # Ok(())
/// # }
/// ```
pub unsafe trait Operation: Sized + 'static {
    /// What the operation resolves to.
    type Output;

    /// Builds the submission entry. Called once, with the value at its final address. The engine sets the entry's user
    /// data.
    fn entry(&mut self) -> squeue::Entry;

    /// Does it here and now, by a system call that does not wait; `None` if that cannot be, or cannot be whole. Nobody calls
    /// this unless [`Op::attempt`](crate::Op::attempt) is called.
    fn at_once(&mut self) -> Option<Completion> {
        None
    }

    /// Turns the kernel's answer into the output.
    fn complete(self, completion: Completion) -> Self::Output;

    /// Takes a completion that nobody waits for, because the future was dropped: close the descriptor, hand the bytes
    /// back. The default drops the payload, which is right for operations whose result owns nothing.
    ///
    /// Runs inside [`Engine::turn`](crate::Engine::turn), [`Engine::shutdown`](crate::Engine::shutdown) or the drop of
    /// the future. It may use the engine, and must not wait.
    fn discard(self, completion: Completion) {
        let _ = completion;
    }
}

/// An operation that completes again and again until it is cancelled or the kernel ends it.
///
/// # Safety
///
/// As for [`Operation`].
pub unsafe trait Multishot: Sized + 'static {
    /// What each completion becomes.
    type Item;

    /// Builds the submission entry. Called once, with the value at its final address. The engine sets the entry's user
    /// data.
    fn entry(&mut self) -> squeue::Entry;

    /// Turns one completion into an item. The last one lacks [`Completion::more`].
    fn item(&mut self, completion: Completion) -> Self::Item;

    /// Takes a completion that nobody waits for. Same rules as [`Operation::discard`]; it must not drop or poll the
    /// multishot future it belongs to (which is gone).
    fn discard(&mut self, completion: Completion);
}
