//! What to run, and how.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use crate::process::child::Child;

/// A process to be: program, arguments, environment, standard streams.
///
/// It is a [`std::process::Command`]; what has no method here can be set on [`as_std_mut`](Self::as_std_mut).
///
/// ```
/// use uring_io::process::Command;
///
/// # context::block_on(async {
/// let output = Command::new("echo").arg("hello").output().await?;
/// assert!(output.status.success());
/// assert_eq!(output.stdout, b"hello\n");
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[derive(Debug)]
pub struct Command {
    inner: std::process::Command,
    kill_on_drop: bool,
}

impl Command {
    /// Runs `program`, which is looked up in `PATH` if it is a plain name.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        std::process::Command::new(program).into()
    }

    /// Adds an argument.
    pub fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Self {
        self.inner.arg(argument);
        self
    }

    /// Adds arguments.
    pub fn args(&mut self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> &mut Self {
        self.inner.args(arguments);
        self
    }

    /// Sets an environment variable.
    pub fn env(&mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.inner.env(key, value);
        self
    }

    /// Sets environment variables.
    pub fn envs<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        &mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> &mut Self {
        self.inner.envs(variables);
        self
    }

    /// Removes an environment variable.
    pub fn env_remove(&mut self, key: impl AsRef<OsStr>) -> &mut Self {
        self.inner.env_remove(key);
        self
    }

    /// Passes no environment variable on, except those that are set here afterwards.
    pub fn env_clear(&mut self) -> &mut Self {
        self.inner.env_clear();
        self
    }

    /// Sets the working directory.
    pub fn current_dir(&mut self, directory: impl AsRef<Path>) -> &mut Self {
        self.inner.current_dir(directory);
        self
    }

    /// Sets the standard input. Default: inherited.
    pub fn stdin(&mut self, stdin: impl Into<Stdio>) -> &mut Self {
        self.inner.stdin(stdin);
        self
    }

    /// Sets the standard output. Default: inherited. [`output`](Self::output) makes it a pipe.
    pub fn stdout(&mut self, stdout: impl Into<Stdio>) -> &mut Self {
        self.inner.stdout(stdout);
        self
    }

    /// Sets the standard error. Default: inherited. [`output`](Self::output) makes it a pipe.
    pub fn stderr(&mut self, stderr: impl Into<Stdio>) -> &mut Self {
        self.inner.stderr(stderr);
        self
    }

    /// Puts the process into a process group of its own (0) or into an existing one: signals of the terminal then do not
    /// reach it together with this process.
    pub fn process_group(&mut self, group: i32) -> &mut Self {
        self.inner.process_group(group);
        self
    }

    /// Whether dropping the [`Child`] kills the process. Default: false, the process goes on by itself.
    pub fn kill_on_drop(&mut self, kill: bool) -> &mut Self {
        self.kill_on_drop = kill;
        self
    }

    /// The command of the standard library, to look at.
    pub fn as_std(&self) -> &std::process::Command {
        &self.inner
    }

    /// The command of the standard library, for all that has no method here.
    pub fn as_std_mut(&mut self) -> &mut std::process::Command {
        &mut self.inner
    }

    /// Starts the process.
    ///
    /// It is started on this thread, which waits until the new program is loaded: about a millisecond, as there is no way to
    /// start a process through the ring. Where that is too long (a program on a slow disk, a very large process with
    /// settings of [`as_std_mut`](Self::as_std_mut) that need `fork`), start a [`std::process::Command`] with
    /// `context::spawn_blocking` and hand its child to [`Child::from_std`].
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such program; whatever else the kernel says.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn spawn(&mut self) -> io::Result<Child> {
        let mut child = Child::from_std(self.inner.spawn()?)?;
        child.set_kill_on_drop(self.kill_on_drop);
        Ok(child)
    }

    /// Runs the process to its end.
    ///
    /// When it is dropped, it is as with a [`Child`].
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn) and [`Child::wait`].
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn status(&mut self) -> io::Result<ExitStatus> {
        self.spawn()?.wait().await
    }

    /// Runs the process to its end, and collects what it writes to its standard output and error.
    ///
    /// When it is dropped, it is as with a [`Child`]; what was collected is lost.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn) and [`Child::wait_with_output`].
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn output(&mut self) -> io::Result<Output> {
        self.inner.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = self.spawn()?;
        child.wait_with_output().await
    }
}

impl From<std::process::Command> for Command {
    fn from(inner: std::process::Command) -> Self {
        Self {
            inner,
            kill_on_drop: false,
        }
    }
}
