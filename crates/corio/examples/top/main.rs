//! Shows contexts and their tasks live, while a demonstration runs on them.
//!
//! ```text
//! cargo run -p corio --example top              # live; q ends it, s sorts by something else, t traces waits
//! cargo run -p corio --example top -- --once    # one snapshot as text
//! cargo run -p corio --example top -- --json    # one snapshot as JSON
//! cargo run -p corio --example top -- --trace   # any of these, with waits traced
//! ```
//!
//! To show a program of your own, give [`corio::inspect::of`] the handles of its contexts.

mod view;
mod workload;

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use corio::inspect::{self, Snapshot};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use view::{Sort, View};
use workload::Workload;

#[derive(Parser)]
#[command(about = "Shows contexts and their tasks while a demonstration runs on them.")]
struct Arguments {
    /// Prints one snapshot as text, and ends.
    #[arg(long)]
    once: bool,
    /// Prints one snapshot as JSON, and ends.
    #[arg(long, conflicts_with = "once")]
    json: bool,
    /// Polls waiting tasks at each look, to find out what they wait on that their contexts do not know.
    #[arg(long)]
    trace: bool,
    /// Milliseconds between two looks.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(10..))]
    interval: u64,
}

/// Whoever prints one snapshot would rather wait for a context that is held than leave it out.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("top: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let printed = arguments.once || arguments.json;
    if !printed && !io::stdout().is_terminal() {
        return Err("this is no terminal: use --once or --json".into());
    }
    let workload = Workload::start()?;
    if printed {
        workload.wait_until_all_is_seen();
        let snapshot = look(&workload, PATIENCE, arguments.trace);
        if arguments.json {
            println!("{}", snapshot.to_json());
        } else {
            println!("{snapshot}");
            for message in workload.messages() {
                println!("watchdog: {message}");
            }
        }
    } else {
        // Also has a panic restore the terminal before it is printed.
        let mut terminal = ratatui::try_init()?;
        let shown = show(&mut terminal, &workload, arguments);
        ratatui::try_restore()?;
        shown?;
    }
    workload.stop()?;
    Ok(())
}

fn look(workload: &Workload, patience: Duration, trace: bool) -> Snapshot {
    let contexts = workload.contexts();
    match trace {
        true => inspect::traced_within(contexts, patience),
        false => inspect::within(contexts, patience),
    }
}

/// Looks and draws until somebody presses `q`.
fn show(
    terminal: &mut DefaultTerminal,
    workload: &Workload,
    arguments: &Arguments,
) -> io::Result<()> {
    let interval = Duration::from_millis(arguments.interval);
    let mut sort = Sort::default();
    let mut trace = arguments.trace;
    loop {
        let view = View {
            snapshot: look(workload, inspect::PATIENCE, trace),
            messages: workload.messages(),
            sort,
            trace,
        };
        terminal.draw(|frame| view::draw(frame, &view))?;
        if !event::poll(interval)? {
            continue;
        }
        let Event::Key(key) = event::read()? else {
            continue;
        };
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            _ if key.kind != KeyEventKind::Press => {}
            KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
            KeyCode::Char('c') if ctrl => return Ok(()),
            KeyCode::Char('s') => sort = sort.next(),
            KeyCode::Char('t') => trace = !trace,
            _ => {}
        }
    }
}
