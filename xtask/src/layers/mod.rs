//! `cargo xtask layers`: the dependency edges that the architecture allows, checked against `cargo metadata`.
//!
//! ```text
//! L4  corio                                    corio-macros
//! L3  uring-io
//! L2  context          |  channel
//! L1  uring-engine     |  sync-prims           |  net-epoll-legacy
//! ```
//!
//! Arrows point down only. `edges` holds the rules about dependencies, `engine` the rule about what the engine may name.

mod edges;
mod engine;

use crate::workspace::Workspace;
use crate::{Result, child};

/// Checks every package and prints each violation.
pub(crate) fn run() -> Result {
    let shell = child::shell()?;
    let workspace = Workspace::load(&shell)?;
    let mut violations = edges::check(&workspace.packages);
    violations.extend(engine::check(&workspace.workspace_root)?);
    violations
        .iter()
        .for_each(|violation| println!("{violation}"));
    println!(
        "== cargo xtask layers: {} packages, {} violations",
        workspace.packages.len(),
        violations.len()
    );
    if violations.is_empty() {
        Ok(())
    } else {
        Err("the layering is violated".into())
    }
}
