//! A process that was started.
//!
//! The kernel makes the descriptor of a process readable when it ends. A wait is a poll of that descriptor through the
//! ring, and only then one system call that asks how it ended. So a wait that is dropped has taken nothing away, which
//! one that asks through the ring (`IORING_OP_WAITID`) would have.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{ExitStatus, Output};
use std::rc::Rc;

use context::when_all;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use uring_engine::{Engine, Target, op};

use crate::io::AsyncRead;
use crate::keep::Keep;
use crate::pipe::{Receiver, Sender};
use crate::process::orphans::{self, Orphan};
use crate::signal::SignalKind;

/// A child process, and its ends of the standard streams that are pipes.
///
/// Dropping it lets the process go on, or kills it with [`Command::kill_on_drop`](super::Command::kill_on_drop); the process
/// is taken out of the process table in either case once it has ended, see the [module](super).
#[derive(Debug)]
pub struct Child {
    /// What it reads as its standard input. [`wait`](Self::wait) closes it.
    pub stdin: Option<Sender>,
    /// What it writes to its standard output.
    pub stdout: Option<Receiver>,
    /// What it writes to its standard error.
    pub stderr: Option<Receiver>,
    /// `None` once it is known how it ended, or while this is being dropped.
    running: Option<Running>,
    status: Option<ExitStatus>,
    kill_on_drop: bool,
    engine: Engine,
}

#[derive(Debug)]
struct Running {
    child: std::process::Child,
    /// Readable once it has ended. Shared with the waits in flight.
    descriptor: Rc<OwnedFd>,
}

impl Child {
    /// Takes over a process that the standard library started, its pipes included.
    ///
    /// # Errors
    ///
    /// That of too many open descriptors, or of a kernel before Linux 5.3; the process is killed then.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn from_std(mut child: std::process::Child) -> io::Result<Self> {
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let descriptor = match descriptor_of(&child) {
            Ok(descriptor) => Rc::new(descriptor),
            Err(error) => {
                // An error: it has ended already.
                let _ = child.kill();
                orphans::adopt(Orphan::new(child, None));
                return Err(error);
            }
        };
        let mut this = Self {
            stdin: None,
            stdout: None,
            stderr: None,
            running: Some(Running { child, descriptor }),
            status: None,
            kill_on_drop: false,
            engine: context::driver().engine().clone(),
        };
        this.stdin = stdin.map(|end| Sender::from_own(end.into())).transpose()?;
        this.stdout = stdout
            .map(|end| Receiver::from_own(end.into()))
            .transpose()?;
        this.stderr = stderr
            .map(|end| Receiver::from_own(end.into()))
            .transpose()?;
        Ok(this)
    }

    pub(crate) fn set_kill_on_drop(&mut self, kill: bool) {
        self.kill_on_drop = kill;
    }

    /// The process's number, until it is known how it ended; after that, another process may have it.
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.child.id())
    }

    /// Waits until the process ends, and says how. Its standard input is closed first, if that is still here: a child that
    /// waits for its end would never end.
    ///
    /// Cancel-safe: dropping the future loses nothing; the status can be asked for as often as one likes.
    ///
    /// # Errors
    ///
    /// `ECHILD` if somebody else has asked for it (see the [module](super)).
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(status);
            }
            let Some(running) = &self.running else {
                continue;
            };
            let descriptor = running.descriptor.clone();
            let poll = op::PollAdd::new(Target::of(&*descriptor), libc::POLLIN as u32);
            let (ended, _) = self.engine.op(Keep::new(poll, descriptor)).await;
            ended?;
        }
    }

    /// How the process ended, or `None` if it has not.
    ///
    /// # Errors
    ///
    /// `ECHILD` if somebody else has asked for it (see the [module](super)).
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        if let Some(running) = &mut self.running
            && let Some(status) = running.child.try_wait()?
        {
            self.status = Some(status);
            self.running = None;
        }
        Ok(self.status)
    }

    /// Waits until the process ends, and collects what it writes to the standard streams that are pipes.
    ///
    /// When it is dropped, the [`Child`] is, and what was collected is lost.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait), and those of reading.
    pub async fn wait_with_output(mut self) -> io::Result<Output> {
        let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
        let (status, stdout, stderr) =
            when_all((self.wait(), collect(stdout), collect(stderr))).await;
        Ok(Output {
            status: status?,
            stdout: stdout?,
            stderr: stderr?,
        })
    }

    /// Kills the process with `SIGKILL`, and waits until it has ended.
    ///
    /// Cancel-safe: once polled, the process is killed; dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// As [`start_kill`](Self::start_kill) and [`wait`](Self::wait).
    pub async fn kill(&mut self) -> io::Result<()> {
        self.start_kill()?;
        self.wait().await.map(drop)
    }

    /// Sends the process `SIGKILL`. Nothing happens if it has ended.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` if it runs as somebody else by now.
    pub fn start_kill(&mut self) -> io::Result<()> {
        self.running
            .as_mut()
            .map_or(Ok(()), |running| running.child.kill())
    }

    /// Sends the process a signal. Nothing happens if it has ended.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if there is no such signal; `PermissionDenied` if the process runs as somebody else by now.
    pub fn send_signal(&self, kind: SignalKind) -> io::Result<()> {
        let signal = Signal::from_named_raw(kind.as_raw()).ok_or(io::ErrorKind::InvalidInput)?;
        match &self.running {
            Some(running) => Ok(pidfd_send_signal(&*running.descriptor, signal)?),
            None => Ok(()),
        }
    }

    /// The descriptor of the process (a `pidfd`), until it is known how it ended.
    pub fn as_pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.running
            .as_ref()
            .map(|running| running.descriptor.as_fd())
    }
}

fn descriptor_of(child: &std::process::Child) -> io::Result<OwnedFd> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or(io::ErrorKind::InvalidInput)?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

async fn collect(stream: Option<Receiver>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        stream.read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

impl Drop for Child {
    fn drop(&mut self) {
        let Some(mut running) = self.running.take() else {
            return;
        };
        if self.kill_on_drop {
            // An error: it has ended already, or is somebody else's by now.
            let _ = running.child.kill();
        }
        let descriptor = running.descriptor.try_clone().ok();
        orphans::adopt(Orphan::new(running.child, descriptor));
    }
}
