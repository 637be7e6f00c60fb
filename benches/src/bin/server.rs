//! Serves with one of the subjects, on one thread.

use std::error::Error;

use benches::process;
use benches::server::{Config, SUBJECTS, Service, Subject};
use clap::Parser;

/// Serves on the loopback device; prints the address it listens on. Ends with its standard input, if a pipe.
#[derive(Parser)]
struct Args {
    /// Who serves; `list` names all that offer the service, one a line.
    #[arg(long)]
    subject: String,
    /// What is served.
    #[arg(long, value_enum, default_value_t = Service::Tcp)]
    service: Service,
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
            .filter(|subject| (subject.offers)(args.service))
            .for_each(|subject| println!("{}", subject.name));
        return Ok(());
    }
    let subject = find(&args.subject, args.service)?;
    if let Some(core) = args.core {
        process::pin_to_core(core)?;
    }
    process::end_with_stdin()?;
    let config = Config {
        service: args.service,
        size: args.size as usize,
    };
    (subject.serve)(&config)?;
    Ok(())
}

fn find(name: &str, service: Service) -> Result<&'static Subject, String> {
    SUBJECTS
        .iter()
        .filter(|subject| (subject.offers)(service))
        .find(|subject| subject.name == name)
        .ok_or_else(|| {
            format!(
                "no subject that offers {service} is called {name:?}; --subject list names them"
            )
        })
}
