//! Builds what the packages hold, and nothing else of the repository.
//!
//! `cargo package` could do so itself, but it treats the archives as a registry, whose packages never change: it would build what it
//! unpacked the last time. Here the archives are unpacked into a workspace of their own, in which they stand for what the
//! registry has under their names.

use std::fmt::Write;
use std::path::Path;

use xshell::Shell;

use crate::workspace::{Package, Workspace};
use crate::{Result, child};

/// Unpacks and checks libraries and examples; what is wrong, one line each.
pub(super) fn check(
    shell: &Shell,
    workspace: &Workspace,
    packages: &[&Package],
    archives: &Path,
) -> Result<Vec<String>> {
    let folder = archives.join("unpacked");
    shell.remove_path(&folder)?;
    shell.create_dir(&folder)?;
    for package in packages {
        let archive = archives.join(format!("{}.crate", unpacked_name(package)));
        // `--touch`: the archives hold one old time for all files, by which cargo would not see that they changed.
        shell
            .cmd("tar")
            .args(["--extract", "--gzip", "--touch", "--file"])
            .arg(&archive)
            .arg("--directory")
            .arg(&folder)
            .quiet()
            .run()?;
    }
    shell.write_file(folder.join("Cargo.toml"), manifest(packages))?;
    // The versions that everything else is tested with.
    shell.copy_file(workspace.workspace_root.join("Cargo.lock"), &folder)?;

    let command = child::cargo(shell)
        .args([
            "check",
            "--offline",
            "--workspace",
            "--lib",
            "--examples",
            "--manifest-path",
        ])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&workspace.target_directory);
    child::announce(&command);
    let problem = "what is packaged does not build: see above".to_owned();
    Ok(command
        .quiet()
        .run()
        .err()
        .map(|_| problem)
        .into_iter()
        .collect())
}

/// The folder inside of a package's archive, and the archive's name.
fn unpacked_name(package: &Package) -> String {
    format!("{}-{}", package.name, package.version)
}

/// A workspace of the unpacked packages.
fn manifest(packages: &[&Package]) -> String {
    let mut manifest =
        "[workspace]\nresolver = \"3\"\nmembers = [\"*-*\"]\n\n[patch.crates-io]\n".to_owned();
    for package in packages {
        let _ = writeln!(
            manifest,
            "{} = {{ path = \"{}\" }}",
            package.name,
            unpacked_name(package)
        );
    }
    manifest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_stands_for_that_of_its_name() {
        let one: Package = serde_json::from_str(r#"{"name": "channel", "version": "0.1.0"}"#)
            .expect("the test's metadata is valid");
        let manifest = manifest(&[&one]);
        assert!(
            manifest.ends_with("[patch.crates-io]\nchannel = { path = \"channel-0.1.0\" }\n"),
            "{manifest}"
        );
    }
}
