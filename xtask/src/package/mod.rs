//! `cargo xtask package`: each package as it would be published, built from what is in it.
//!
//! First come checks that need no build: what the manifests say (`manifest`) and which files the packages hold (`contents`).
//! Then `cargo package` makes them all, and `built` builds what they hold.
//!
//! Nothing is uploaded.

mod built;
mod contents;
mod manifest;

use xshell::Shell;

use crate::flags::PackageArgs;
use crate::workspace::{Package, Workspace};
use crate::{Result, child};

/// Packages everything that is for others to use.
pub(crate) fn run(args: &PackageArgs) -> Result {
    let shell = child::shell()?;
    let workspace = Workspace::load(&shell)?;
    let packages: Vec<&Package> = workspace
        .packages
        .iter()
        .filter(|package| package.is_published())
        .collect();
    let names: Vec<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();

    let mut problems = Vec::new();
    for package in &packages {
        problems.extend(manifest::check(package, &names));
        let files = list(&shell, &package.name)?;
        let read = |file: &str| std::fs::read_to_string(package.folder().join(file));
        problems.extend(contents::check(&package.name, &files, read)?);
    }
    let folder = workspace.target_directory.join("package");
    let made = make(&shell, &names)?;
    if made.is_empty() && !args.no_verify {
        problems.extend(built::check(&shell, &workspace, &packages, &folder)?);
    }
    problems.extend(made);

    println!(
        "\n== cargo xtask package: {} packages in {}",
        names.len(),
        folder.display()
    );
    problems.iter().for_each(|problem| println!("   {problem}"));
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!("{} problems with packages", problems.len()).into())
    }
}

/// The files that a package would hold.
fn list(shell: &Shell, package: &str) -> Result<Vec<String>> {
    let printed = child::cargo(shell)
        .args(["package", "--list", "--allow-dirty", "--package", package])
        .quiet()
        .ignore_stderr()
        .read()?;
    // Cargo makes these while it packages.
    let made = ["Cargo.lock", "Cargo.toml.orig", ".cargo_vcs_info.json"];
    Ok(printed
        .lines()
        .filter(|file| !made.contains(file))
        .map(str::to_owned)
        .collect())
}

/// Makes the packages; what is wrong, one line each.
///
/// Without the network if that suffices, which it does after a build: the index need not be asked for what is locked.
fn make(shell: &Shell, packages: &[&str]) -> Result<Vec<String>> {
    let mut last = String::new();
    for network in [Some("--offline"), None] {
        let mut command = child::cargo(shell)
            .args(["package", "--no-verify", "--allow-dirty"])
            .args(network)
            .env("CARGO_TERM_COLOR", "never");
        for package in packages {
            command = command.args(["--package", package]);
        }
        child::announce(&command);
        let output = command.quiet().ignore_status().output()?;
        last = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            return Ok(warnings(&last));
        }
    }
    println!("{last}");
    Ok(vec!["cargo package failed: see above".to_owned()])
}

/// What cargo warns of, except that the tests are not in the packages.
fn warnings(printed: &str) -> Vec<String> {
    let left_out = |line: &&str| {
        line.starts_with("warning: ignoring ")
            && line.contains(" as `tests/")
            && line.ends_with(" is not included in the published package")
    };
    printed
        .lines()
        .filter(|line| line.starts_with("warning") && !left_out(line))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tests_may_be_left_out_silently() {
        let ending = "is not included in the published package";
        let printed = format!(
            "   Packaging p v0.1.0\nwarning: ignoring test `a` as `tests/a.rs` {ending}\nwarning: ignoring example `b` as `examples/b.rs` {ending}\nwarning: unused import\n"
        );
        assert_eq!(warnings(&printed).len(), 2);
    }
}
