//! Child processes.
//!
//! [`Command`] says what to run, [`Child`] is what runs. Its pipes are those of [`pipe`](crate::pipe); its end is waited for
//! through the ring, on a descriptor of the process.
//!
//! ```
//! use uring_io::process::{Command, Stdio};
//!
//! # context::block_on(async {
//! let output = Command::new("echo").arg("hello").output().await?;
//! assert!(output.status.success());
//! assert_eq!(output.stdout, b"hello\n");
//!
//! let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
//! let (stdin, stdout) = (cat.stdin.take().expect("piped"), cat.stdout.take().expect("piped"));
//! stdin.write_all("through a child").await.0?;
//! drop(stdin);
//! assert_eq!(&*stdout.recv().await?.expect("not the end"), b"through a child");
//! assert!(cat.wait().await?.success());
//! # std::io::Result::Ok(())
//! # }).unwrap().unwrap();
//! ```
//!
//! # The end of a child
//!
//! A process that has ended stays in the process table until its parent has asked how. [`Child::wait`] does, and so does
//! [`Child::try_wait`]. A [`Child`] that is dropped before goes on by itself (or is killed, with
//! [`Command::kill_on_drop`]), and a thread of this process, which exists while there are such children, asks for it. So
//! nothing stays behind, whether or not a context still runs.
//!
//! Nobody else may ask: a handler that waits for all children (`waitpid(-1)`), or an ignored `SIGCHLD`, takes the exit status
//! away, and [`Child::wait`] then fails with `ECHILD`.

mod child;
mod command;
mod orphans;

pub use std::process::{ExitStatus, Output, Stdio};

pub use child::Child;
pub use command::Command;
