//! Elements of a page that is HTML and well-formed XML at once, built so that no text can be taken for markup.

use std::fmt::{Display, Write};

/// An element with its attributes and what is in it.
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Node>,
}

enum Node {
    Element(Element),
    Text(String),
    /// Written as it is: style and script, which HTML does not unescape.
    Verbatim(&'static str),
}

/// Elements that HTML knows without an end.
const VOID: [&str; 5] = ["br", "hr", "input", "link", "meta"];

impl Element {
    pub(super) fn new(name: &'static str) -> Element {
        Element {
            name,
            attributes: Vec::new(),
            children: Vec::new(),
        }
    }

    /// Sets an attribute; each may be set once.
    pub(super) fn attr(mut self, name: &'static str, value: impl Display) -> Element {
        self.attributes.push((name, value.to_string()));
        self
    }

    pub(super) fn class(self, names: impl Display) -> Element {
        self.attr("class", names)
    }

    /// Appends text.
    pub(super) fn text(mut self, text: impl Display) -> Element {
        self.children.push(Node::Text(text.to_string()));
        self
    }

    /// Appends an element.
    pub(super) fn with(mut self, child: Element) -> Element {
        self.children.push(Node::Element(child));
        self
    }

    /// Appends elements.
    pub(super) fn with_all(mut self, children: impl IntoIterator<Item = Element>) -> Element {
        self.children
            .extend(children.into_iter().map(Node::Element));
        self
    }

    /// Appends text that has no `<`, `>` or `&` that an XML parser would stumble on.
    pub(super) fn verbatim(mut self, text: &'static str) -> Element {
        self.children.push(Node::Verbatim(text));
        self
    }

    /// The whole page with this as its root.
    pub(super) fn page(&self) -> String {
        let mut page = "<!DOCTYPE html>\n".to_owned();
        self.write(&mut page);
        page.push('\n');
        page
    }

    fn write(&self, to: &mut String) {
        to.push('<');
        to.push_str(self.name);
        for (name, value) in &self.attributes {
            // Writing to a string does not fail.
            let _ = write!(to, " {name}=\"{}\"", escaped(value));
        }
        if VOID.contains(&self.name) {
            to.push_str("/>");
            return;
        }
        to.push('>');
        for child in &self.children {
            match child {
                Node::Element(element) => element.write(to),
                Node::Text(text) => to.push_str(&escaped(text)),
                Node::Verbatim(text) => to.push_str(text),
            }
        }
        let _ = write!(to, "</{}>", self.name);
        // Lines of a length that an editor takes.
        if matches!(
            self.name,
            "tr" | "figure" | "section" | "svg" | "g" | "p" | "li"
        ) {
            to.push('\n');
        }
    }
}

/// Text that is text in an element and in an attribute alike; what XML cannot have at all becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' => escaped.push(c),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{Element, escaped};

    #[test]
    fn text_stays_text() {
        assert_eq!(
            escaped("<a b=\"c\">&amp;\u{0}\u{7f}é\n"),
            "&lt;a b=&quot;c&quot;&gt;&amp;amp;\u{fffd}\u{fffd}é\n"
        );
        let page = Element::new("b")
            .attr("title", "\"><script>")
            .text("</b>")
            .page();
        assert_eq!(
            page,
            "<!DOCTYPE html>\n<b title=\"&quot;&gt;&lt;script&gt;\">&lt;/b&gt;</b>\n"
        );
    }

    #[test]
    fn only_elements_without_an_end_are_left_open() {
        let page = Element::new("td").with(Element::new("br")).page();
        assert!(page.ends_with("<td><br/></td>\n"));
        assert!(Element::new("td").page().ends_with("<td></td>\n"));
    }
}
