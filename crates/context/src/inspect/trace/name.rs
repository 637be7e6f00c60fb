//! What the names of functions tell, in both ways in which the compiler mangles them, and where debug information has but lines.
//!
//! | symbol | readable |
//! |--------|----------|
//! | `app::work::{{closure}}`, `app::work::<u8>::{closure#0}` | `app::work` |
//! | `<app::Lock<T> as core::future::future::Future>::poll` | `app::Lock` |
//! | `<app::Lock<T> as app::Try>::attempt` | `app::Lock::attempt` |
//! | `app::Queue<T>::poll`, `<app::Queue<u8>>::poll` | `app::Queue::poll` |
//! | `poll<T>`, in `/any/app/src/queue.rs` | `app::queue::poll` |

/// This project's own crates. A program may have them by path, so where their files are does not say that they are libraries.
const OURS: [&str; 7] = [
    "channel",
    "context",
    "corio",
    "net_epoll_legacy",
    "sync_prims",
    "uring_engine",
    "uring_io",
];

/// Futures of other futures, which say less than those do.
const COMBINATORS: [&str; 8] = [
    "context",
    "futures_concurrency",
    "futures_lite",
    "futures_util::future",
    "futures_util::stream",
    "tokio::future",
    "tokio::macros",
    "tokio::time::timeout",
];

/// What a function is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Crate, modules, for a method its type, and the function; no generic arguments.
    path: String,
    /// Whether it is a trait's function.
    of_trait: bool,
}

impl Name {
    /// Of the compiler's name for it. Where that has no path, as in debug information that has but lines, `file` stands in for it.
    pub(super) fn new(symbol: &str, file: Option<&str>) -> Self {
        let symbol = symbol.trim_start_matches("_<");
        if let Some(inner) = symbol.strip_prefix('<')
            && let Some(end) = closing(inner)
        {
            let (within, function) = (&inner[..end], &inner[end + 1..]);
            let of = type_before_as(within);
            return Self {
                path: plain(&format!("{}{function}", path_of(of.unwrap_or(within)))),
                of_trait: of.is_some(),
            };
        }
        let mut path = plain(symbol);
        if !path.contains("::")
            && let Some(module) = file.and_then(module_of)
        {
            path = format!("{module}::{path}");
        }
        Self {
            path,
            of_trait: false,
        }
    }

    /// For people: see the module's page.
    pub(super) fn readable(&self) -> String {
        let mut shortest = &self.path[..];
        while let Some((outer, last)) = shortest.rsplit_once("::") {
            if !last.starts_with('{') {
                break;
            }
            shortest = outer;
        }
        match shortest.rsplit_once("::") {
            Some((of, function)) if self.of_trait && function.starts_with("poll") => of.to_owned(),
            _ => shortest.to_owned(),
        }
    }

    /// The crate that the function is of: that of the type, for a method.
    pub(super) fn crate_name(&self) -> &str {
        self.path.split("::").next().unwrap_or_default()
    }

    /// Whether it is in this module or crate.
    pub(super) fn is_in(&self, module: &str) -> bool {
        let rest = self.path.strip_prefix(module);
        rest.is_some_and(|rest| rest.starts_with("::"))
    }

    /// Whether the function is of the standard library, of the language's runtime, or of no crate at all.
    pub(super) fn is_std(&self) -> bool {
        // Whatever is no path has been made by the compiler, or in another language.
        !self.path.contains("::") || matches!(self.crate_name(), "core" | "alloc" | "std" | "")
    }

    /// Whether the function is of one of this project's crates.
    pub(super) fn is_ours(&self) -> bool {
        OURS.contains(&self.crate_name())
    }

    /// Whether the function is of a future of other futures.
    pub(super) fn is_combinator(&self) -> bool {
        COMBINATORS.iter().any(|module| self.is_in(module))
    }

    /// Whether the function is the body of an `async fn` or block, or a closure.
    pub(super) fn is_body(&self) -> bool {
        self.last().starts_with('{')
    }

    /// Whether the function polls, or is a body.
    pub(super) fn is_poll(&self) -> bool {
        self.is_body() || self.last().starts_with("poll")
    }

    fn last(&self) -> &str {
        self.path.rsplit("::").next().unwrap_or_default()
    }
}

/// Whether the source is that of a package from elsewhere.
pub(super) fn is_of_library(file: &str) -> bool {
    file.starts_with("/rustc/")
        || ["/registry/src/", "/git/checkouts/", "/rustlib/src/"]
            .iter()
            .any(|folder| file.contains(folder))
}

/// The module that a file is, by the usual way to name files: `/any/tokio-1.0.0/src/sync/mod.rs` is `tokio::sync`, and
/// `/any/tests/all/one.rs` is `all::one`.
fn module_of(file: &str) -> Option<String> {
    let file = file.strip_suffix(".rs")?;
    let module = match file.rsplit_once("/src/") {
        Some((package, within)) => match within.strip_prefix("bin/") {
            Some(program) => program.to_owned(),
            None => format!("{}/{within}", without_version(package)),
        },
        // A crate for each file or folder there.
        None => ["/tests/", "/examples/", "/benches/", "/"]
            .iter()
            .find_map(|folder| file.rsplit_once(folder))
            .map(|(_, within)| within.to_owned())?,
    };
    let is_root =
        |&(at, part): &(usize, &str)| part == "mod" || (at == 1 && matches!(part, "lib" | "main"));
    let parts = module.split('/').enumerate().filter(|part| !is_root(part));
    let parts: Vec<_> = parts.map(|(_, part)| part).collect();
    Some(parts.join("::").replace('-', "_"))
}

/// The name of the package that a folder is of: `tokio` for `/any/tokio-1.0.0`.
fn without_version(folder: &str) -> &str {
    let package = folder.rsplit('/').next().unwrap_or(folder);
    // What comes after the number may have hyphens, too.
    let is_version = |at: &usize| {
        let rest = &package[at + 1..];
        rest.starts_with(|first: char| first.is_ascii_digit()) && rest.contains('.')
    };
    let mut hyphens = package.match_indices('-').map(|(at, _)| at);
    let version = hyphens.rfind(is_version);
    &package[..version.unwrap_or(package.len())]
}

/// The type from where its path begins.
fn path_of(of: &str) -> &str {
    let mut rest = of;
    while let Some(inner) = ["<", "&", "*", "(", "mut ", "const ", "dyn "]
        .iter()
        .find_map(|prefix| rest.strip_prefix(prefix))
    {
        rest = inner;
    }
    rest
}

/// Where the bracket that is open at the beginning is closed.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1;
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        match character {
            '<' => open += 1,
            // Not the arrow of a function's type.
            '>' if before != '-' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
        before = character;
    }
    None
}

/// The type in `type as trait`.
fn type_before_as(text: &str) -> Option<&str> {
    let mut open = 0;
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        match character {
            '<' => open += 1,
            '>' if before != '-' => open -= 1,
            ' ' if open == 0 && text[at..].starts_with(" as ") => return Some(&text[..at]),
            _ => {}
        }
        before = character;
    }
    None
}

/// The path without generic arguments.
fn plain(path: &str) -> String {
    let mut plain = String::new();
    let mut rest = path;
    while let Some(open) = rest.find('<') {
        plain.push_str(rest[..open].trim_end_matches("::"));
        let inner = &rest[open + 1..];
        match closing(inner) {
            Some(end) => rest = &inner[end + 1..],
            None => rest = "",
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(symbol: &str) -> Name {
        Name::new(symbol, None)
    }

    /// What both manglings make of the same functions, and what people read.
    #[test]
    fn names_are_readable() {
        let names = [
            ("app::work::{{closure}}", "app::work"),
            ("app::work::<u8>::{closure#0}::{closure#1}", "app::work"),
            (
                "<app::lock::Lock<T> as core::future::future::Future>::poll",
                "app::lock::Lock",
            ),
            (
                "<&mut app::Lock<fn(u8) -> u8> as core::future::future::Future>::poll",
                "app::Lock",
            ),
            (
                "<app::Recv<alloc::vec::Vec<u8>> as futures_core::stream::Stream>::poll_next",
                "app::Recv",
            ),
            (
                "<app::Lock<T> as app::Try<T>>::attempt",
                "app::Lock::attempt",
            ),
            ("app::Queue<T>::poll", "app::Queue::poll"),
            ("<app::Queue<u8>>::poll::<u8>", "app::Queue::poll"),
            (
                "tokio::sync::mutex::Mutex<T>::lock::{{closure}}",
                "tokio::sync::mutex::Mutex::lock",
            ),
            ("main", "main"),
            ("<broken", ""),
            ("broken<", "broken"),
            ("", ""),
        ];
        for (symbol, expected) in names {
            assert_eq!(name(symbol).readable(), expected, "{symbol}");
        }
    }

    #[test]
    fn the_file_stands_in_for_a_path() {
        let names = [
            (
                "/x/tokio-1.0.0/src/sync/mutex.rs",
                "tokio::sync::mutex::poll",
            ),
            ("/x/sync-prims/src/queue/mod.rs", "sync_prims::queue::poll"),
            ("/x/crc-32-2.0.0-rc.1/src/lib.rs", "crc_32::poll"),
            ("/app/src/main.rs", "app::poll"),
            ("/rustc/0a1b/library/core/src/main.rs", "core::poll"),
            ("/app/src/bin/tool.rs", "tool::poll"),
            ("/app/src/bin/tool/main.rs", "tool::poll"),
            ("/app/tests/all.rs", "all::poll"),
            ("/app/examples/top/main.rs", "top::poll"),
            ("/app/examples/top/view.rs", "top::view::poll"),
            ("/elsewhere/made.rs", "made::poll"),
            ("/elsewhere/a.c", "poll"),
        ];
        for (file, expected) in names {
            let name = Name::new("poll<a::B, {closure_env#0}<a::C>>", Some(file));
            assert_eq!(name.readable(), expected, "{file}");
        }
        let body = Name::new("{async_fn#0}<a::B>", Some("/app/src/work.rs"));
        assert!(body.is_body() && body.readable() == "app::work");
        // One that has a path needs no file.
        assert_eq!(
            Name::new("a::b", Some("/app/src/main.rs")).readable(),
            "a::b"
        );
    }

    #[test]
    fn a_method_is_of_the_crate_of_its_type() {
        let lock = name("<&mut app::Lock<T> as core::Future>::poll");
        assert_eq!(lock.crate_name(), "app");
        assert_eq!(name("app_two::main").crate_name(), "app_two");
        assert!(name("<core::pin::Pin<P> as core::future::Future>::poll").is_std());
        assert!(name("alloc::boxed::<impl Future for Box<F>>::poll").is_std());
        assert!(name("__rust_try").is_std() && name("_start").is_std());
        assert!(name("<sync_prims::mutex::Lock<T> as Future>::poll").is_ours());
        assert!(!name("channels::recv").is_ours() && !name("corelib::f").is_std());
    }

    #[test]
    fn bodies_and_polls_are_told_from_other_functions() {
        assert!(name("app::work::{{closure}}").is_body());
        assert!(name("app::work::<u8>::{closure#0}").is_body());
        assert!(!name("<app::Lock<T> as Future>::poll").is_body());
        assert!(name("<app::Lock<T> as Future>::poll").is_poll());
        assert!(name("app::Recv::poll_next::<a::B>").is_poll());
        assert!(!name("atomic_waker::AtomicWaker::register").is_poll());
        assert!(name("<futures_util::future::Select<A, B> as Future>::poll").is_combinator());
        assert!(name("context::when::poller::Poller::poll").is_combinator());
        assert!(!name("contextual::poll").is_combinator());
        assert!(!name("tokio::time::sleep").is_combinator());
    }
}
