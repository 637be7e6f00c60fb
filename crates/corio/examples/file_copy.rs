//! Copies a file.
//!
//! `cargo run --release -p corio --example file_copy -- SRC DST`

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(about = "Copies a file")]
struct Options {
    /// File to copy
    source: PathBuf,
    /// Where to; replaced if it exists
    destination: PathBuf,
}

#[corio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match copy(&options).await {
        Ok(bytes) => {
            println!("{bytes} bytes copied");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("file_copy: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn copy(options: &Options) -> io::Result<u64> {
    let (source, destination) = (&options.source, &options.destination);
    corio::fs::copy(source, destination).await.map_err(|error| {
        let text = format!(
            "cannot copy {} to {}: {error}",
            source.display(),
            destination.display()
        );
        io::Error::new(error.kind(), text)
    })
}
