//! What mdBook calls on its way (a preprocessor): links that lead out of `docs` become links into the repository.
//!
//! In the repository `../crates/corio` is a folder; on a site that holds the book alone it would lead nowhere.

use std::io::{Read, Write};

use serde_json::Value;

use crate::Result;

/// Answers mdBook: to `supports <renderer>` by succeeding, else with the book of the standard input on the standard output.
pub(crate) fn run(arguments: &[String]) -> Result {
    if !arguments.is_empty() {
        return Ok(());
    }
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let (context, mut book): (Value, Value) = serde_json::from_str(&input)?;
    let repository = context
        .pointer("/config/output/html/git-repository-url")
        .and_then(Value::as_str)
        .ok_or("book.toml has no git-repository-url")?;
    lead_out(&mut book, &format!("{repository}/blob/main/"));
    Ok(writeln!(std::io::stdout(), "{book}")?)
}

/// Rewrites the contents of every chapter, however deep.
fn lead_out(value: &mut Value, repository: &str) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|v| lead_out(v, repository)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "content" => {
                        *text = text
                            .replace("](../", &format!("]({repository}"))
                            .replace("]: ../", &format!("]: {repository}"));
                    }
                    value => lead_out(value, repository),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn links_out_of_the_book_lead_into_the_repository() {
        let mut book = json!({"items": [{"Chapter": {
            "content": "[a](../README.md) [b](b.md) [c][c]\n\n[c]: ../x/c.rs",
            "path": "../kept",
            "sub_items": [{"Chapter": {"content": "[d](../d)"}}],
        }}]});
        lead_out(&mut book, "https://r/");
        let chapter = &book["items"][0]["Chapter"];
        assert_eq!(
            chapter["content"],
            "[a](https://r/README.md) [b](b.md) [c][c]\n\n[c]: https://r/x/c.rs"
        );
        assert_eq!(chapter["path"], "../kept");
        assert_eq!(
            chapter["sub_items"][0]["Chapter"]["content"],
            "[d](https://r/d)"
        );
    }
}
