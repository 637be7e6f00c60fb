//! The engine names no task, primitive or socket type.
//!
//! The dependency edges already keep other packages out; this keeps the standard library's and home-made ones out of the
//! engine's library code. Its tests may use them.

use std::path::Path;

use crate::Result;
use crate::tidy::lex::contains_word;
use crate::tidy::source::{self, Source};

/// Words that have no business in the engine, and what each would mean there.
const FOREIGN: [(&str, &str); 14] = [
    ("JoinHandle", "a task"),
    ("Scheduler", "a scheduler"),
    ("spawn_local", "a task"),
    ("sync_prims", "a primitive"),
    ("uring_io", "a layer above"),
    ("Mutex", "a primitive"),
    ("RwLock", "a primitive"),
    ("Condvar", "a primitive"),
    ("TcpListener", "a socket type"),
    ("TcpStream", "a socket type"),
    ("UdpSocket", "a socket type"),
    ("UnixDatagram", "a socket type"),
    ("UnixListener", "a socket type"),
    ("UnixStream", "a socket type"),
];

/// Checks every file of the engine's library.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let sources = source::read_all(root)?;
    Ok(sources
        .iter()
        .filter(|s| s.path.starts_with("crates/uring-engine/src/"))
        .flat_map(foreign_names)
        .collect())
}

fn foreign_names(source: &Source) -> Vec<String> {
    let mut violations = Vec::new();
    for (number, line) in source.shipped_lines() {
        for (word, meaning) in FOREIGN {
            if contains_word(line, word) {
                let Source { path, .. } = source;
                violations.push(format!("{path}:{number}: the engine names `{word}`, {meaning}: it belongs in a layer above"));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str) -> Vec<String> {
        foreign_names(&Source::new("crates/uring-engine/src/op.rs", text))
    }

    #[test]
    fn a_socket_type_in_code_is_named_with_its_line() {
        let found = check_text("//! Ops.\nuse std::net::TcpStream;\n");
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("crates/uring-engine/src/op.rs:2: the engine names `TcpStream`"),
            "{found:?}"
        );
    }

    #[test]
    fn comments_tests_and_longer_words_may_name_what_they_like() {
        let text = "//! Not a TcpStream.\nfn f() { MutexFree::new(); }\n#[cfg(test)]\nmod tests {\n    use std::net::TcpStream;\n}\n";
        assert_eq!(check_text(text), Vec::<String>::new());
    }
}
