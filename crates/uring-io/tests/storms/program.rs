//! A long storm of cancellations over one part, in a process of its own: what `cargo xtask storm` builds and runs.
//!
//! `storm <part> <seed> <cancellations> <connections> [leak-memory|leak-descriptors]`, or `storm list` for the parts.
//! It prints `progress <cancellations so far>` while it runs, then what it came to. With a leak, which shows whether leaks
//! are seen, it has to fail.

#[path = "mod.rs"]
mod storms;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

use storms::{Board, Part, Planted, Settings};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["list"] {
        Part::ALL
            .iter()
            .for_each(|part| println!("{}", part.name()));
        return ExitCode::SUCCESS;
    }
    match settings(&arguments) {
        Ok(settings) => storm(settings),
        Err(wrong) => {
            eprintln!("{wrong}; storm <part> <seed> <cancellations> <connections>, or storm list");
            ExitCode::FAILURE
        }
    }
}

fn storm(settings: Settings) -> ExitCode {
    let title = format!(
        "storm over {}, seed {}",
        settings.part.name(),
        settings.seed
    );
    let board = Board::new(settings.connections);
    let show = |board: &Board| println!("progress {}", board.cancelled());
    let outcome = board.watch(&title, show, || storms::run(settings, &board));
    println!(
        "{} cancellations, {} checked",
        outcome.cancellations, outcome.checked
    );
    println!("before: {}", outcome.before);
    println!("after:  {}", outcome.after);
    let leaks = outcome.after.leaks_of_process(outcome.before);
    for leak in &leaks {
        eprintln!("{title}: {leak}");
    }
    if leaks.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn settings(arguments: &[String]) -> Result<Settings, String> {
    let (required, planted) = match arguments {
        [required @ .., leak] if leak == "leak-memory" => (required, Planted::Memory(1000)),
        [required @ .., leak] if leak == "leak-descriptors" => (required, Planted::Descriptors),
        required => (required, Planted::Nothing),
    };
    let [part, numbers @ ..] = required else {
        return Err("there are no arguments".to_owned());
    };
    let part = Part::ALL
        .into_iter()
        .find(|known| known.name() == part)
        .ok_or_else(|| format!("there is no part {part}"))?;
    let numbers: Vec<u64> = numbers
        .iter()
        .map(|number| {
            number
                .parse()
                .map_err(|_| format!("{number} is not a number"))
        })
        .collect::<Result<_, _>>()?;
    let [seed, cancellations, connections] = numbers[..] else {
        return Err("a part is followed by three numbers".to_owned());
    };
    Ok(Settings {
        part,
        seed,
        cancellations,
        connections: connections.max(1),
        planted,
    })
}
