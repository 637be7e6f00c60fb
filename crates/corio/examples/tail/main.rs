//! Shows the last lines of a file, and what is added to it.
//!
//! ```text
//! cargo run --release -p corio --example tail -- -n 20 /var/log/syslog
//! cargo run --release -p corio --example tail -- -f /var/log/syslog
//! ```
//!
//! With `-f` it goes on until ctrl-c: it looks at the file five times a second, and notices when the file becomes shorter or
//! another one takes its name.

mod follow;
mod last_lines;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use corio::context::{OneOf2, when_any};
use corio::fs::File;
use corio::io::stdout;

use follow::Followed;

struct Options {
    follow: bool,
    lines: usize,
    path: PathBuf,
}

#[corio::main]
async fn main() -> ExitCode {
    let ended = match options(std::env::args().skip(1)) {
        Ok(options) => run(&options).await,
        Err(wrong) => Err(io::Error::other(wrong)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough: `tail … | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tail: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    const USAGE: &str = "tail [-f] [-n LINES] FILE";
    let (mut follow, mut lines, mut path) = (false, 10, None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-f" => follow = true,
            "-n" => {
                let number = arguments.next().unwrap_or_default();
                lines = number
                    .parse()
                    .map_err(|error| format!("`{number}` is no number of lines: {error}"))?;
            }
            name if path.is_none() => path = Some(PathBuf::from(name)),
            other => return Err(format!("what is `{other}`? {USAGE}")),
        }
    }
    let path = path.ok_or(format!("a file is missing: {USAGE}"))?;
    Ok(Options {
        follow,
        lines,
        path,
    })
}

async fn run(options: &Options) -> io::Result<()> {
    let named = |error: io::Error| {
        let path = options.path.display();
        io::Error::new(error.kind(), format!("cannot read {path}: {error}"))
    };
    let file = File::open(&options.path).await.map_err(named)?;
    let begin = last_lines::begin(&file, options.lines)
        .await
        .map_err(named)?;
    let output = stdout()?;
    let mut followed = Followed::new(&options.path, file, begin);
    followed.show(&output).await?;
    if !options.follow {
        return Ok(());
    }
    match when_any((corio::signal::ctrl_c(), followed.follow(&output))).await {
        OneOf2::First(pressed) => pressed,
        OneOf2::Second(error) => error,
    }
}
