//! `cargo xtask book`: the documentation in `docs` as a book.
//!
//! The rules need no mdBook: every page is listed and linked to, every link resolves, every block of Rust code is compiled by the doc tests
//! of `xtask/book`, and the table of the unsafe inventory is that of the list. `tidy` has them too. The book itself is built
//! where mdBook is installed.

mod inventory;
pub(crate) mod links;
mod page;
mod rules;

use std::path::Path;

use crate::book::page::Page;
use crate::flags::BookArgs;
use crate::tidy::finding::Finding;
use crate::tidy::source::{files_under, relative};
use crate::tidy::unsafe_list;
use crate::{Result, child};

/// Checks the pages, and builds the book into `target/book` if mdBook is there.
pub(crate) fn run(args: &BookArgs) -> Result {
    let root = child::workspace_root();
    if args.write {
        write_inventory(&root)?;
    }
    let findings = check(&root)?;
    findings.iter().for_each(|finding| println!("{finding}"));
    if !findings.is_empty() {
        return Err(format!("{} errors in the book", findings.len()).into());
    }
    println!("== cargo xtask book: the pages are in order");

    let shell = child::shell()?;
    if shell.cmd("mdbook").arg("--version").quiet().read().is_err() {
        println!("   mdbook is not installed: the book is not built (cargo install mdbook)");
        return Ok(());
    }
    Ok(shell.cmd("mdbook").args(["build", "docs"]).run()?)
}

/// Every rule about the book.
pub(crate) fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut pages = Vec::new();
    for path in files_under(root)? {
        if path.extension().is_some_and(|extension| extension == "md") {
            let text = std::fs::read_to_string(&path)?;
            pages.push(Page::new(&relative(root, &path), &text));
        }
    }
    let code = std::fs::read_to_string(root.join(rules::CODE))?;
    let mut findings = rules::every_page_is_listed(&pages);
    findings.extend(rules::every_page_is_reachable(&pages));
    findings.extend(rules::every_link_resolves(root, &pages));
    findings.extend(rules::all_code_compiles(&pages, &code));
    if let Some(page) = pages.iter().find(|page| page.path == inventory::PAGE) {
        findings.extend(inventory::is_current(&page.text, &unsafe_entries(root)?));
    }
    Ok(findings)
}

fn write_inventory(root: &Path) -> Result {
    let path = root.join(inventory::PAGE);
    let page = std::fs::read_to_string(&path)?;
    let page = inventory::with_table(&page, &unsafe_entries(root)?)
        .ok_or_else(|| format!("{} has no place for its table", inventory::PAGE))?;
    Ok(std::fs::write(path, page)?)
}

fn unsafe_entries(root: &Path) -> Result<Vec<unsafe_list::Entry>> {
    let list = std::fs::read_to_string(root.join(unsafe_list::PATH))?;
    Ok(unsafe_list::parse(&list))
}
