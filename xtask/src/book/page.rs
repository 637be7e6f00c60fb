//! One page of Markdown, as the rules see it: its headings, links and blocks of code.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A page that has been read.
pub(super) struct Page {
    /// From the workspace root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// What may stand behind the `#` of a link to this page.
    pub(super) anchors: Vec<String>,
    pub(super) links: Vec<Link>,
    pub(super) code: Vec<Code>,
}

/// Where a page points to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// As written, without what it is resolved against.
    pub(super) target: String,
    /// Counted from 1.
    pub(super) line: usize,
}

/// A fenced block of code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Code {
    /// What follows the fence: `rust,no_run`.
    pub(super) language: String,
    /// Counted from 1.
    pub(super) line: usize,
}

impl Page {
    pub(super) fn new(path: &str, text: &str) -> Page {
        let mut page = Page {
            path: path.to_owned(),
            text: text.to_owned(),
            anchors: Vec::new(),
            links: Vec::new(),
            code: Vec::new(),
        };
        page.read();
        page
    }

    fn read(&mut self) {
        let text = self.text.clone();
        let line = |range: &Range<usize>| 1 + text[..range.start].matches('\n').count();
        let mut heading: Option<String> = None;
        for (event, range) in Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = anchor(&heading.take().unwrap_or_default());
                    self.add_anchor(anchor);
                }
                Event::Text(part) | Event::Code(part) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&part);
                    }
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    self.links.push(Link {
                        target: dest_url.into_string(),
                        line: line(&range),
                    });
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                    self.code.push(Code {
                        language: language.into_string(),
                        line: line(&range),
                    });
                }
                _ => {}
            }
        }
    }

    /// The second heading of a name gets `-1`, and so on.
    fn add_anchor(&mut self, anchor: String) {
        let numbered = |number: usize| match number {
            0 => anchor.clone(),
            _ => format!("{anchor}-{number}"),
        };
        let free = (0..).map(numbered).find(|a| !self.anchors.contains(a));
        self.anchors.extend(free);
    }
}

impl Code {
    /// The words after the fence, if it is Rust.
    pub(super) fn rust(&self) -> Option<impl Iterator<Item = &str>> {
        let mut words = self.language.split([',', ' ']).map(str::trim);
        (words.next() == Some("rust")).then_some(words)
    }
}

/// How mdBook and the forges make an anchor of a heading: letters, digits, `-` and `_` stay, blanks become `-`.
fn anchor(heading: &str) -> String {
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            _ if c.is_whitespace() => Some('-'),
            '-' | '_' => Some(c),
            _ => c.is_alphanumeric().then_some(c),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_become_anchors() {
        let page = Page::new(
            "a.md",
            "# One `two`, three\n\n## `Mutex<T>`\n\n## The end\n\n## The end\n",
        );
        assert_eq!(
            page.anchors,
            ["one-two-three", "mutext", "the-end", "the-end-1"]
        );
    }

    #[test]
    fn links_are_found_wherever_they_stand_but_in_code() {
        let text = "[a](b.md) and [c][d]\n\n| [e](f.md#g) |\n|---|\n\n`[no](no.md)`\n\n```text\n[no](no.md)\n```\n\n[d]: h.md\n";
        let page = Page::new("a.md", text);
        let links: Vec<_> = page
            .links
            .iter()
            .map(|l| (l.target.as_str(), l.line))
            .collect();
        assert_eq!(links, [("b.md", 1), ("h.md", 1), ("f.md#g", 3)]);
    }

    #[test]
    fn rust_is_told_from_other_code() {
        let page = Page::new("a.md", "```rust,no_run\n```\n\n```console\n```\n");
        let rust: Vec<Vec<&str>> = page
            .code
            .iter()
            .filter_map(|code| code.rust().map(Iterator::collect))
            .collect();
        assert_eq!(rust, [["no_run"]]);
        assert_eq!(page.code[1].line, 4);
    }
}
