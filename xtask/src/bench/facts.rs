//! Where and with what a run was made: machine, kernel, compiler, commit, versions of the peers.
//!
//! What cannot be found out is left open; no benchmark fails for it.

use std::fs::read_to_string;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::{child, doctor};

/// The facts of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    /// When the run began, in UTC, as RFC 3339 has it.
    pub(super) date: String,
    /// The command that made it.
    pub(super) command: String,
    pub(super) machine: Machine,
    /// What carries a context here.
    pub(super) driver: String,
    /// As `rustc --version` prints it.
    pub(super) rustc: String,
    pub(super) commit: Option<Commit>,
    /// What the races are run against, in the versions of `Cargo.lock`.
    pub(super) peers: Vec<Peer>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) processor: Option<String>,
    /// Processors that the run could use.
    pub(super) cores: usize,
    /// Whether a hypervisor says that it is there.
    pub(super) is_virtual: bool,
    pub(super) memory_bytes: Option<u64>,
    /// What decides on the frequency, where the kernel does.
    pub(super) governor: Option<String>,
    /// As `uname -sr` prints it.
    pub(super) kernel: String,
}

/// The commit of this workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Commit {
    pub(super) id: String,
    /// Whether files differed from it.
    pub(super) is_changed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Peer {
    pub(super) name: String,
    pub(super) version: String,
}

impl Facts {
    /// The facts of a run that begins now.
    pub(super) fn gather() -> Facts {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let lock = read_to_string(child::workspace_root().join("Cargo.lock"));
        Facts {
            date: date(now.map_or(0, |since| since.as_secs())),
            command: command(std::env::args().skip(1)),
            machine: Machine::read(),
            driver: doctor::driver(),
            rustc: said("rustc", &["--version"]).unwrap_or_default(),
            commit: commit(),
            peers: lock.map(|lock| peers(&lock)).unwrap_or_default(),
        }
    }
}

impl Commit {
    /// Enough of it for people, with a mark if files differed.
    pub(super) fn short(&self) -> String {
        let id: String = self.id.chars().take(10).collect();
        let mark = if self.is_changed { " with changes" } else { "" };
        id + mark
    }
}

impl Machine {
    fn read() -> Machine {
        let processors = read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = read_to_string("/proc/meminfo").unwrap_or_default();
        let line = |path: &str| {
            let text = read_to_string(path).ok()?;
            Some(text.trim().to_owned())
        };
        let kernel = ["ostype", "osrelease"]
            .map(|name| line(&format!("/proc/sys/kernel/{name}")).unwrap_or_default());
        Machine {
            processor: field(&processors, "model name").map(str::to_owned),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            is_virtual: field(&processors, "flags")
                .is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor")),
            memory_bytes: field(&memory, "MemTotal")
                .and_then(|size| size.strip_suffix(" kB")?.parse::<u64>().ok())
                .map(|kib| kib << 10),
            governor: line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            kernel: kernel.join(" ").trim().to_owned(),
        }
    }
}

/// What follows `name` and a colon in the first line that begins with it.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?.trim_start();
        Some(rest.strip_prefix(':')?.trim())
    })
}

/// What a program prints, run in the workspace.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(child::workspace_root())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn commit() -> Option<Commit> {
    Some(Commit {
        id: said("git", &["rev-parse", "HEAD"])?,
        is_changed: said("git", &["status", "--porcelain"]).is_some_and(|list| !list.is_empty()),
    })
}

/// A command line as one would type it.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let is_plain = |argument: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:+@%".contains(c);
        !argument.is_empty() && argument.chars().all(plain)
    };
    let words = arguments.map(|argument| match is_plain(&argument) {
        true => argument,
        false => format!("'{}'", argument.replace('\'', r"'\''")),
    });
    let line: Vec<String> = ["cargo".to_owned(), "xtask".to_owned()]
        .into_iter()
        .chain(words)
        .collect();
    line.join(" ")
}

/// What `benches` is built from without being raced.
const TOOLS: [&str; 10] = [
    "clap",
    "criterion",
    "hdrhistogram",
    "libc",
    "rustix",
    "serde",
    "serde_json",
    "socket2",
    "tempfile",
    "thiserror",
];

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    /// Absent for the workspace's own packages.
    source: Option<String>,
    /// A name, and a version where several are locked.
    #[serde(default)]
    dependencies: Vec<String>,
}

/// What `benches` depends on beside the workspace's own packages and [`TOOLS`].
fn peers(lock: &str) -> Vec<Peer> {
    let packages = toml::from_str::<Lock>(lock).map_or_else(|_| Vec::new(), |lock| lock.package);
    let Some(benches) = packages.iter().find(|package| package.name == "benches") else {
        return Vec::new();
    };
    let locked = benches.dependencies.iter().filter_map(|dependency| {
        let mut words = dependency.split(' ');
        let (name, version) = (words.next()?, words.next());
        packages.iter().find(|package| {
            package.source.is_some()
                && package.name == name
                && version.is_none_or(|version| package.version == version)
        })
    });
    locked
        .filter(|package| !TOOLS.contains(&package.name.as_str()))
        .map(|package| Peer {
            name: package.name.clone(),
            version: package.version.clone(),
        })
        .collect()
}

/// RFC 3339 for seconds since 1970.
///
/// The calendar is counted from a 1st of March, so that the leap day is the last of its year (Howard Hinnant,
/// "chrono-compatible low-level date algorithms").
fn date(seconds: u64) -> String {
    const DAYS_TO_1970: u64 = 719_468;
    const DAYS_OF_400_YEARS: u64 = 146_097;
    let days = seconds / 86_400 + DAYS_TO_1970;
    let (era, day_of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = (months_since_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::{Facts, command, date, field, peers};

    #[test]
    fn dates_have_leap_days_and_turns_of_the_year() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (1_704_067_199, "2023-12-31T23:59:59Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"),
        ] {
            assert_eq!(date(seconds), text);
        }
    }

    #[test]
    fn commands_can_be_typed_again() {
        let arguments = ["bench", "--cases", "corio 2", "--subjects", "it's", ""];
        assert_eq!(
            command(arguments.into_iter().map(str::to_owned)),
            r"cargo xtask bench --cases 'corio 2' --subjects 'it'\''s' ''"
        );
    }

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "model\t\t: 85\nmodel name\t: A processor\nMemTotal:  1024 kB\n";
        assert_eq!(field(text, "model name"), Some("A processor"));
        assert_eq!(field(text, "model"), Some("85"));
        assert_eq!(field(text, "MemTotal"), Some("1024 kB"));
        assert_eq!(field(text, "flags"), None);
    }

    #[test]
    fn peers_are_what_benches_depends_on_in_the_locked_version() {
        let lock = r#"
            version = 4
            [[package]]
            name = "benches"
            version = "0.1.0"
            dependencies = ["clap", "context", "flume 0.12.0", "tokio"]
            [[package]]
            name = "clap"
            version = "4.0.0"
            source = "registry"
            [[package]]
            name = "context"
            version = "0.1.0"
            [[package]]
            name = "flume"
            version = "0.11.1"
            source = "registry"
            [[package]]
            name = "flume"
            version = "0.12.0"
            source = "registry"
            [[package]]
            name = "tokio"
            version = "1.54.0"
            source = "registry"
        "#;
        let found: Vec<String> = peers(lock)
            .into_iter()
            .map(|peer| format!("{} {}", peer.name, peer.version))
            .collect();
        assert_eq!(found, ["flume 0.12.0", "tokio 1.54.0"]);
        assert_eq!(peers("no toml ]["), []);
    }

    #[test]
    fn the_facts_of_this_machine_can_be_gathered() {
        let facts = Facts::gather();
        assert!(facts.machine.kernel.starts_with("Linux "), "{facts:?}");
        assert!(facts.machine.cores >= 1);
        assert!(facts.peers.iter().any(|peer| peer.name == "tokio"));
        assert!(facts.rustc.starts_with("rustc "), "{facts:?}");
    }
}
