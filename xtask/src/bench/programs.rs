//! The programs of the `benches` package: building them, finding them, running them.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::bench::flags::Race;
use crate::workspace::Workspace;
use crate::{Result, child};

/// The release builds of the programs.
pub(super) struct Programs {
    target: PathBuf,
}

impl Programs {
    /// Builds the programs of some races, the peers included.
    pub(super) fn build(races: &[Race]) -> Result<Programs> {
        let shell = child::shell()?;
        let build = |arguments: &[&str]| -> Result {
            let build = child::cargo(&shell)
                .args(["build", "--release", "--package"])
                .args(arguments);
            child::announce(&build);
            Ok(build.quiet().run()?)
        };
        if races.iter().any(|race| *race != Race::Kv) {
            build(&["benches"])?;
        }
        if races.contains(&Race::Kv) {
            let twin = ["benches", "--no-default-features", "--features", "tokio"];
            build(&[&twin[..], &["--example", "kv_on_tokio"]].concat())?;
            build(&[
                "corio",
                "--features",
                "sync-prims",
                "--example",
                "kv_server",
            ])?;
        }
        Ok(Programs {
            target: Workspace::load(&shell)?.target_directory,
        })
    }

    /// Where the rows of `race` go.
    pub(super) fn output(&self, race: &str) -> PathBuf {
        self.target.join("bench").join(format!("{race}.json"))
    }

    /// The names of a program's subjects.
    pub(super) fn subjects(&self, program: &str) -> Result<Vec<String>> {
        let output = run(self.command(program).args(["--subject", "list"]))?;
        Ok(output.lines().map(str::to_owned).collect())
    }

    /// The names of the servers that offer `service`.
    pub(super) fn servers(&self, service: &str) -> Result<Vec<String>> {
        let output = run(self
            .command("server")
            .args(["--service", service, "--subject", "list"]))?;
        Ok(output.lines().map(str::to_owned).collect())
    }

    /// A command that runs an example.
    pub(super) fn example(&self, name: &str) -> Command {
        Command::new(self.target.join("release").join("examples").join(name))
    }

    /// A command that runs a program of the package.
    pub(super) fn command(&self, program: &str) -> Command {
        Command::new(self.target.join("release").join(program))
    }
}

/// Where results go, unless something else is said.
pub(super) fn results_folder() -> Result<PathBuf> {
    let workspace = Workspace::load(&child::shell()?)?;
    Ok(workspace.target_directory.join("bench"))
}

/// Runs a command to its end and returns what it printed.
///
/// # Errors
///
/// It cannot be started, or it failed: then the error is what it said last.
pub(super) fn run(command: &mut Command) -> Result<String> {
    let name = name_of(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{name} cannot be started: {error}"))?;
    if !output.status.success() {
        let said = last_words(&String::from_utf8_lossy(&output.stderr));
        return Err(format!("{name}: {}: {said}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// What the examples say before their address.
const ANNOUNCED: &str = "listening on ";

/// A server in a process of its own. It ends when this is dropped.
pub(super) struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts a server and waits until it has printed its address.
    ///
    /// # Errors
    ///
    /// It cannot be started, or it ended before it had an address: then the error is what it said last.
    pub(super) fn start(command: &mut Command) -> Result<Server> {
        let name = name_of(command);
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name} cannot be started: {error}"))?;
        let mut server = Server {
            child,
            address: String::new(),
        };
        if let Some(output) = server.child.stdout.take() {
            BufReader::new(output).read_line(&mut server.address)?;
        }
        if server.address.trim().is_empty() {
            // Without output it has ended, or is about to.
            let _ = server.child.wait();
            let end = server.end().unwrap_or_default();
            return Err(format!("{name}: {end}").into());
        }
        Ok(server)
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &str {
        let address = self.address.trim();
        address.strip_prefix(ANNOUNCED).unwrap_or(address)
    }

    /// Its process.
    pub(super) fn process(&self) -> String {
        self.child.id().to_string()
    }

    /// Ends it, and returns how it ended if it already had.
    pub(super) fn end(&mut self) -> Option<String> {
        let ended = self.child.try_wait().ok().flatten();
        if self.address.starts_with('/') {
            let _ = fs::remove_file(self.address());
        }
        // The server ends with its standard input; one that hangs is killed.
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
        let status = ended?;
        let mut said = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            let _ = errors.read_to_string(&mut said);
        }
        Some(format!("{status}: {}", last_words(&said)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn name_of(command: &Command) -> String {
    let path = Path::new(command.get_program());
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// The line of an error output that most likely says what is wrong: the first that is not a backtrace or a note.
fn last_words(said: &str) -> String {
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("it said nothing");
    match (first.starts_with("thread "), lines.next()) {
        // A panic has its message on the line after the place.
        (true, Some(message)) => message.to_owned(),
        _ => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Server, last_words, run};

    #[test]
    fn the_cause_is_found_in_errors_and_panics() {
        assert_eq!(last_words("Error: no memory\n"), "Error: no memory");
        let panic = "\nthread 'main' panicked at src/a.rs:1:2:\nno memory\nnote: run with\n";
        assert_eq!(last_words(panic), "no memory");
        assert_eq!(last_words(""), "it said nothing");
    }

    #[test]
    fn a_program_that_fails_is_an_error_with_its_words() {
        let error = run(Command::new("sh").args(["-c", "echo broken >&2; exit 3"]))
            .expect_err("it exits with 3");
        assert_eq!(error.to_string(), "sh: exit status: 3: broken");
    }

    #[test]
    fn a_server_prints_its_address_or_is_an_error() {
        let server = Server::start(Command::new("sh").args(["-c", "echo 1.2.3.4:5; cat"]))
            .expect("it prints an address");
        assert_eq!(server.address(), "1.2.3.4:5");
        let error = Server::start(Command::new("sh").args(["-c", "echo no ring >&2"]))
            .err()
            .expect("it prints no address");
        assert_eq!(error.to_string(), "sh: exit status: 0: no ring");
    }
}
