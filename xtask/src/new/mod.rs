//! `cargo xtask new`: a small service to begin with, in a folder of its own outside of this workspace.
//!
//! What it consists of lies in `template`; a test builds it and talks to it.

mod name;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use crate::flags::NewArgs;
use crate::{Result, child};

/// Writes the service and says how to start it.
pub(crate) fn run(args: &NewArgs) -> Result {
    let name = write(args)?;
    println!(
        "wrote the service `{name}`; to start it:\n\n    cd {}\n    cargo run -- 127.0.0.1:7000",
        args.folder.display()
    );
    Ok(())
}

/// Writes the service; its name.
fn write(args: &NewArgs) -> Result<String> {
    let folder = std::path::absolute(&args.folder)?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => name::of_folder(&folder)?,
    };
    name::check(&name)?;
    check_folder(&folder)?;
    let root = child::workspace_root();
    let source = match &args.git {
        Some(url) => format!("git = {}", quoted(url)),
        None => format!("path = {}", quoted(path_text(&root.join("crates/corio"))?)),
    };
    let fill = |template: &str| {
        template
            .replace("{{name}}", &name)
            .replace("{{source}}", &source)
    };

    fs::create_dir_all(folder.join("src")).map_err(|error| about(&folder, "create", &error))?;
    let files = [
        ("Cargo.toml", fill(include_str!("template/manifest.toml"))),
        ("README.md", fill(include_str!("template/readme.md"))),
        ("src/main.rs", fill(include_str!("template/main.rs"))),
        (".gitignore", "/target\n".to_owned()),
        // The toolchain and the versions that this workspace is tested with.
        (
            "rust-toolchain.toml",
            fs::read_to_string(root.join("rust-toolchain.toml"))?,
        ),
        ("Cargo.lock", fs::read_to_string(root.join("Cargo.lock"))?),
    ];
    for (file, text) in files {
        let path = folder.join(file);
        fs::write(&path, text).map_err(|error| about(&path, "write", &error))?;
    }
    Ok(name)
}

fn check_folder(folder: &Path) -> Result {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!(
            "{} is not empty: name a folder that is, or one that does not exist",
            folder.display()
        )
        .into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            Err(format!("{} is a file: name a folder", folder.display()).into())
        }
        Err(error) => Err(about(folder, "read", &error).into()),
    }
}

fn about(path: &Path, what: &str, error: &std::io::Error) -> String {
    format!("cannot {what} {}: {error}", path.display())
}

fn path_text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| {
        format!(
            "{} is not UTF-8, so no manifest can name it",
            path.display()
        )
        .into()
    })
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
