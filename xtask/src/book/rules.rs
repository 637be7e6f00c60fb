//! What holds for the pages of the book, as functions from pages to findings.

use std::path::Path;

use crate::book::page::{Link, Page};
use crate::tidy::finding::Finding;

/// The list of pages.
pub(super) const SUMMARY: &str = "docs/SUMMARY.md";
/// The page that one begins with.
const INTRODUCTION: &str = "docs/introduction.md";
/// Where the code of the pages is compiled.
pub(super) const CODE: &str = "xtask/book/lib.rs";

/// Every page of `docs` stands in the summary once.
pub(super) fn every_page_is_listed(pages: &[Page]) -> Vec<Finding> {
    let Some(summary) = pages.iter().find(|page| page.path == SUMMARY) else {
        return vec![Finding::error(SUMMARY, 1, "the book has no summary")];
    };
    let listed: Vec<String> = summary
        .links
        .iter()
        .filter_map(|link| relative_path(SUMMARY, path_and_anchor(&link.target).0))
        .collect();
    let mut findings = Vec::new();
    for page in pages.iter().filter(|page| is_of_the_book(page)) {
        let times = listed.iter().filter(|path| **path == page.path).count();
        let message = match times {
            1 => continue,
            0 => format!("the page is not in {SUMMARY}: give it a line there"),
            _ => format!("the page is in {SUMMARY} {times} times"),
        };
        findings.push(Finding::error(&page.path, 1, message));
    }
    findings
}

/// Whoever begins with the introduction comes to every page by its links, without the summary.
pub(super) fn every_page_is_reachable(pages: &[Page]) -> Vec<Finding> {
    let mut reached = vec![INTRODUCTION.to_owned()];
    let mut at = 0;
    while at < reached.len() {
        let page = pages.iter().find(|page| page.path == reached[at]);
        at += 1;
        for link in page.iter().flat_map(|page| &page.links) {
            let (path, _) = path_and_anchor(&link.target);
            let from = page.map_or("", |page| &page.path);
            let to = relative_path(from, path).filter(|to| {
                pages
                    .iter()
                    .any(|page| page.path == *to && is_of_the_book(page))
            });
            reached.extend(to.filter(|to| !reached.contains(to)));
        }
    }
    let message = format!("no link of a page leads here: mention it in {INTRODUCTION}");
    pages
        .iter()
        .filter(|page| is_of_the_book(page) && !reached.contains(&page.path))
        .map(|page| Finding::error(&page.path, 1, message.as_str()))
        .collect()
}

/// Every link to a file of the repository leads to one, and its anchor to a heading.
pub(super) fn every_link_resolves(root: &Path, pages: &[Page]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for page in pages {
        for link in &page.links {
            if let Some(problem) = problem(root, pages, page, link) {
                findings.push(Finding::error(&page.path, link.line, problem));
            }
        }
    }
    findings
}

fn problem(root: &Path, pages: &[Page], page: &Page, link: &Link) -> Option<String> {
    let target = link.target.as_str();
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = path_and_anchor(target);
    let path = if path.is_empty() {
        page.path.clone()
    } else {
        let Some(path) = relative_path(&page.path, path) else {
            return Some(format!("`{target}` leads out of the repository"));
        };
        path
    };
    if !root.join(&path).exists() {
        return Some(format!("`{target}`: there is no {path}"));
    }
    let anchor = anchor?;
    let Some(to) = pages.iter().find(|page| page.path == path) else {
        // A line of a source file.
        return path
            .ends_with(".md")
            .then(|| format!("`{target}`: {path} is not among the pages"));
    };
    let is_there = to.anchors.iter().any(|known| known == anchor);
    (!is_there).then(|| format!("`{target}`: {path} has no heading `#{anchor}`"))
}

/// Every page with Rust code is compiled by the doc tests, and no block of it is left out.
pub(super) fn all_code_compiles(pages: &[Page], code: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for page in pages {
        let is_book = page.path == "README.md" || is_of_the_book(page);
        for block in page.code.iter().filter(|_| is_book) {
            let Some(mut words) = block.rust() else {
                continue;
            };
            if words.any(|word| word.starts_with("ignore")) {
                let message = "have the block compile instead of `ignore`: `no_run`, hidden lines, or `text` if it is no code";
                findings.push(Finding::error(&page.path, block.line, message));
            }
            if !code.contains(&format!("include_str!(\"../../{}\")", page.path)) {
                let message = format!("nothing compiles this block: include the page in {CODE}");
                findings.push(Finding::error(&page.path, block.line, message));
            }
        }
    }
    findings
}

fn is_of_the_book(page: &Page) -> bool {
    page.path.starts_with("docs/") && page.path != SUMMARY
}

/// What a path in a page leads to, from the workspace root; `None` if it leads out of it.
fn relative_path(page: &str, path: &str) -> Option<String> {
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn path_and_anchor(target: &str) -> (&str, Option<&str>) {
    match target.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (target, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|f| f.message.as_str()).collect()
    }

    #[test]
    fn a_page_is_listed_once() {
        let summary = Page::new(SUMMARY, "- [A](a.md)\n- [B](b.md)\n- [B again](b.md#end)\n");
        let pages = [
            summary,
            Page::new("docs/a.md", ""),
            Page::new("docs/b.md", ""),
            Page::new("docs/c.md", ""),
            Page::new("README.md", ""),
        ];
        let found = every_page_is_listed(&pages);
        assert_eq!(
            messages(&found),
            [
                "the page is in docs/SUMMARY.md 2 times",
                "the page is not in docs/SUMMARY.md: give it a line there"
            ]
        );
        assert_eq!(found[1].path, "docs/c.md");
        assert_eq!(every_page_is_listed(&pages[1..2]).len(), 1);
    }

    #[test]
    fn a_page_is_reached_over_others() {
        let pages = [
            Page::new(INTRODUCTION, "[a](a.md#part) [out](../README.md)"),
            Page::new("docs/a.md", "[b](b.md) [back](introduction.md)"),
            Page::new("docs/b.md", "[b](b.md)"),
            Page::new("docs/alone.md", "[a](a.md)"),
            Page::new("README.md", "[alone](docs/alone.md)"),
            Page::new(SUMMARY, "[alone](alone.md)"),
        ];
        let found = every_page_is_reachable(&pages);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].path, "docs/alone.md");
    }

    #[test]
    fn links_lead_somewhere() {
        let root = crate::child::workspace_root();
        let text = "[1](architecture.md) [2](../README.md) [3](#here) [4](https://example.org/none)\n\n# Here\n\n\
            [5](none.md) [6](#there) [7](architecture.md#none) [8](../../out.md) [9](../Cargo.toml#L1)\n";
        let pages = [
            Page::new("docs/channel.md", text),
            Page::new("docs/architecture.md", "# Layers\n"),
        ];
        let found = every_link_resolves(&root, &pages);
        assert_eq!(
            messages(&found),
            [
                "`none.md`: there is no docs/none.md",
                "`#there`: docs/channel.md has no heading `#there`",
                "`architecture.md#none`: docs/architecture.md has no heading `#none`",
                "`../../out.md` leads out of the repository",
            ]
        );
        assert!(found.iter().all(|finding| finding.line == 5));
    }

    #[test]
    fn code_is_compiled_by_the_doc_tests() {
        let code = "#[doc = include_str!(\"../../docs/a.md\")]";
        let pages = [
            Page::new("docs/a.md", "```rust\n```\n"),
            Page::new("docs/b.md", "```rust\n```\n\n```text\n```\n"),
            Page::new("docs/a.md", "```rust,ignore\n```\n"),
            Page::new("benches/README.md", "```rust\n```\n"),
        ];
        let found = all_code_compiles(&pages, code);
        assert_eq!(
            found.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(),
            ["docs/b.md", "docs/a.md"]
        );
        assert!(found[0].message.contains("nothing compiles"));
        assert!(found[1].message.contains("instead of `ignore`"));
    }
}
