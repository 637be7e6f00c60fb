//! What `cargo metadata` says about this workspace: its packages and what they depend on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use xshell::Shell;

use crate::{Result, child};

/// The workspace as `cargo metadata --no-deps` describes it.
#[derive(Deserialize)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_root: PathBuf,
    /// Cargo's target directory; the commands that need their own use a folder inside it.
    pub(crate) target_directory: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) manifest_path: PathBuf,
    /// Each feature, and what it switches on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) targets: Vec<Target>,
    /// Where it may be published: `None` is anywhere, an empty list is nowhere.
    pub(crate) publish: Option<Vec<String>>,
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) rust_version: Option<String>,
    pub(crate) readme: Option<PathBuf>,
    pub(crate) keywords: Vec<String>,
    pub(crate) categories: Vec<String>,
    /// What `[package.metadata]` holds, as it stands there.
    pub(crate) metadata: serde_json::Value,
}

/// Something that cargo builds: a library, an example, a test.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
    pub(crate) required_features: Vec<String>,
}

/// One line of a manifest's dependency tables.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    /// The package's real name, also when the manifest renames it.
    pub(crate) name: String,
    /// The versions it may have.
    #[serde(default)]
    pub(crate) req: String,
    /// `None` for a normal dependency, otherwise "dev" or "build".
    pub(crate) kind: Option<String>,
    /// The `cfg(..)` or triple the line stands under.
    pub(crate) target: Option<String>,
}

impl Workspace {
    /// Reads the metadata without touching the network.
    pub(crate) fn load(shell: &Shell) -> Result<Workspace> {
        let manifest = child::workspace_root().join("Cargo.toml");
        let json = child::cargo(shell)
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .arg("--manifest-path")
            .arg(manifest)
            .quiet()
            .read()?;
        Ok(serde_json::from_str(&json)?)
    }

    /// The names among `wanted` (all of them when `wanted` is empty) that are packages for which `keep` holds, in the
    /// workspace's order. A wanted name that is left out is an error that says `why`.
    pub(crate) fn select(
        &self,
        wanted: &[String],
        why: &str,
        keep: impl Fn(&Package) -> bool,
    ) -> Result<Vec<&str>> {
        let kept: Vec<&str> = self
            .packages
            .iter()
            .filter(|package| keep(package))
            .map(|p| p.name.as_str())
            .collect();
        if let Some(unknown) = wanted.iter().find(|name| !kept.contains(&name.as_str())) {
            return Err(format!(
                "package `{unknown}` {why}; choose from: {}",
                kept.join(", ")
            )
            .into());
        }
        Ok(kept
            .into_iter()
            .filter(|name| wanted.is_empty() || wanted.iter().any(|w| w == name))
            .collect())
    }
}

impl Package {
    /// True if it is for others to use: not one of the tools.
    pub(crate) fn is_published(&self) -> bool {
        self.publish
            .as_ref()
            .is_none_or(|places| !places.is_empty())
    }

    /// The folder of its manifest.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    /// True if the package has models: it depends on loom under `cfg(loom)`.
    pub(crate) fn has_loom(&self) -> bool {
        self.depends_under_its_cfg("loom")
    }

    /// True if the package has programs for random schedules: it depends on shuttle under `cfg(shuttle)`.
    pub(crate) fn has_shuttle(&self) -> bool {
        self.depends_under_its_cfg("shuttle")
    }

    fn depends_under_its_cfg(&self, name: &str) -> bool {
        self.dependencies.iter().any(|dependency| {
            dependency.name == name
                && dependency
                    .target
                    .as_deref()
                    .is_some_and(|t| t.contains(name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(json: &str) -> Workspace {
        serde_json::from_str(json).expect("the test's metadata is valid")
    }

    const TWO: &str = r#"{
        "workspace_root": "/w", "target_directory": "/w/target",
        "packages": [
            {"name": "modelled", "dependencies": [{"name": "loom", "kind": null, "target": "cfg(loom)"}]},
            {"name": "plain", "dependencies": [{"name": "loom", "kind": "dev", "target": "cfg(unix)"}]}
        ]
    }"#;

    #[test]
    fn loom_is_discovered_from_the_cfg_dependency() {
        let workspace = workspace(TWO);
        assert_eq!(
            workspace
                .select(&[], "has no models", Package::has_loom)
                .expect("selects"),
            ["modelled"]
        );
    }

    #[test]
    fn a_wanted_package_that_does_not_qualify_is_an_error() {
        let workspace = workspace(TWO);
        let error = workspace
            .select(&["plain".to_owned()], "has no models", Package::has_loom)
            .expect_err("no models");
        assert_eq!(
            error.to_string(),
            "package `plain` has no models; choose from: modelled"
        );
    }
}
