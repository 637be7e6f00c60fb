//! Serves TCP echo with one of the subjects, on one thread.

use std::error::Error;
use std::net::SocketAddr;

use benches::echo::{EchoConfig, EchoSubject, SUBJECTS};
use benches::process;
use clap::Parser;

/// Serves TCP echo; prints the address it listens on. Ends with its standard input, if a pipe.
#[derive(Parser)]
struct Args {
    /// Who serves; `list` names all subjects, one a line.
    #[arg(long)]
    subject: String,
    /// Where to listen; port 0 takes a free port.
    #[arg(long, default_value = "127.0.0.1:0")]
    addr: SocketAddr,
    /// Buffer of a connection, in bytes.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=16_777_216))]
    size: u32,
    /// The core to run on.
    #[arg(long)]
    core: Option<usize>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    if args.subject == "list" {
        SUBJECTS
            .iter()
            .for_each(|subject| println!("{}", subject.name));
        return Ok(());
    }
    let subject = find(&args.subject)?;
    if let Some(core) = args.core {
        process::pin_to_core(core)?;
    }
    process::end_with_stdin()?;
    let config = EchoConfig {
        address: args.addr,
        size: args.size as usize,
    };
    (subject.serve)(&config)?;
    Ok(())
}

fn find(name: &str) -> Result<&'static EchoSubject, String> {
    SUBJECTS
        .iter()
        .find(|subject| subject.name == name)
        .ok_or_else(|| format!("no subject is called {name:?}; --subject list names them"))
}
