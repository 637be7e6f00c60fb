//! `cargo xtask doctor`: what this machine grants corio, what it refuses and why, and what to do about it.
//!
//! `machine` reads the kernel's settings and this process's limits, `ring` sets up a real ring, `hints` says what follows
//! from both. `--json` prints the same facts as one object.

mod hints;
mod machine;
mod ring;

use serde::Serialize;

use crate::Result;
use crate::doctor::machine::{Limit, Machine};
use crate::doctor::ring::{Extra, RingOutcome};
use crate::flags::DoctorArgs;

/// Everything that the command reports.
#[derive(Serialize)]
struct Diagnosis {
    machine: Machine,
    ring: RingOutcome,
    /// Ring modes that are off by default and were asked for one by one.
    extras: Vec<Extra>,
    driver: String,
    hints: Vec<String>,
}

/// Gathers the facts and prints them; a machine without io_uring is a finding, not an error.
pub(crate) fn run(args: &DoctorArgs) -> Result {
    let machine = Machine::read();
    let ring = ring::set_up();
    let extras = ring::try_extras(&ring);
    let driver = hints::driver(&ring);
    let hints = hints::hints(&machine, &ring);
    let diagnosis = Diagnosis {
        machine,
        ring,
        extras,
        driver,
        hints,
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&diagnosis)?);
    } else {
        print!("{}", text(&diagnosis));
    }
    Ok(())
}

/// The driver that a context takes here, in this environment.
pub(crate) fn driver() -> String {
    match std::env::var("CORIO_DRIVER").as_deref() {
        Ok("epoll") => "epoll, for CORIO_DRIVER says so".to_owned(),
        _ => hints::driver(&ring::set_up()),
    }
}

/// The report for people.
fn text(diagnosis: &Diagnosis) -> String {
    let Diagnosis {
        machine,
        ring,
        extras,
        driver,
        hints,
    } = diagnosis;
    let mut lines = vec!["machine".to_owned()];
    let mut fact = |name: &str, value: String| lines.push(format!("  {name:<20} {value}"));
    fact("kernel", machine.kernel.clone());
    fact("processors", machine.processors.clone());
    fact(
        "io_uring_disabled",
        machine.io_uring_disabled.describe().to_owned(),
    );
    fact("seccomp", machine.seccomp.describe().to_owned());
    fact("memlock", machine.memlock.describe("bytes"));
    fact("open files", machine.open_files.describe("descriptors"));

    lines.push("ring".to_owned());
    match ring {
        RingOutcome::Granted(granted) => {
            lines.push(format!(
                "  {:<20} {} submission, {} completion",
                "entries", granted.sq_entries, granted.cq_entries
            ));
            lines.push(format!(
                "  {:<20} {}",
                "granted",
                granted.granted.join(", ")
            ));
            lines.extend(
                granted
                    .refused
                    .iter()
                    .map(|refusal| format!("  {:<20} {}", "refused", refusal.text)),
            );
            lines.push(format!("  {:<20} {}", "setup attempts", granted.attempts));
        }
        RingOutcome::Refused { error, .. } => lines.push(format!("  {:<20} {error}", "refused")),
    }
    for Extra { name, outcome } in extras {
        lines.push(format!("  {name:<20} {outcome}"));
    }
    lines.push("driver".to_owned());
    lines.push(format!("  {driver}"));
    lines.push("hints".to_owned());
    if hints.is_empty() {
        lines.push("  none: nothing to improve here".to_owned());
    }
    lines.extend(hints.iter().map(|hint| format!("  - {hint}")));
    lines.push(String::new());
    lines.join("\n")
}

impl Limit {
    fn describe(&self, unit: &str) -> String {
        let number = |value: Option<u64>| {
            value.map_or_else(|| "unlimited".to_owned(), |value| value.to_string())
        };
        format!(
            "{} {unit} (hard limit {})",
            number(self.soft),
            number(self.hard)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::machine::{IoUringSwitch, Seccomp};

    fn diagnosis() -> Diagnosis {
        let limit = Limit {
            soft: Some(0),
            hard: None,
        };
        Diagnosis {
            machine: Machine {
                kernel: "6.18.0".to_owned(),
                processors: "0-1".to_owned(),
                io_uring_disabled: IoUringSwitch::Nobody,
                seccomp: Seccomp::Filter,
                memlock: limit.clone(),
                open_files: limit,
            },
            ring: RingOutcome::Refused {
                error: "forbidden here (EPERM)".to_owned(),
                errno: Some(1),
            },
            extras: Vec::new(),
            driver: "none".to_owned(),
            hints: vec!["allow io_uring".to_owned()],
        }
    }

    #[test]
    fn the_text_names_every_part() {
        let text = text(&diagnosis());
        for part in [
            "6.18.0",
            "0 bytes (hard limit unlimited)",
            "forbidden here (EPERM)",
            "- allow io_uring",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    #[test]
    fn the_json_has_the_same_facts() {
        let json = serde_json::to_value(diagnosis()).expect("serialises");
        assert_eq!(json["machine"]["io_uring_disabled"], "nobody");
        assert_eq!(json["machine"]["seccomp"], "filter");
        assert_eq!(json["machine"]["memlock"]["hard"], serde_json::Value::Null);
        assert_eq!(json["ring"]["refused"]["errno"], 1);
    }
}
