//! The attribute macros of corio: [`macro@main`] and [`macro@test`].
//!
//! Both take an `async fn` without parameters and make it an ordinary function that runs it on a context. Use them through
//! the facade, as `corio::main` and `corio::test`.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod expand;
mod options;

use proc_macro::TokenStream;

use crate::expand::Kind;

/// Runs an `async fn main` on a context.
///
/// ```
/// #[corio::main]
/// async fn main() -> std::io::Result<()> {
///     let name = corio::fs::read("/proc/self/comm").await?;
///     println!("this is {}", String::from_utf8_lossy(&name));
///     Ok(())
/// }
/// ```
///
/// The function takes no parameters and may return whatever `fn main` may return. It need not be `Send`: it runs on the
/// calling thread.
///
/// # Options
///
/// - `contexts = N` (default 1): the number of contexts, any expression of type `usize`. With 1, the function runs on a
///   context of the calling thread, and that is all there is. With more, the other contexts have a thread each, and serve
///   what the function submits to the scheduler; the function itself stays on the calling thread. A literal 0 is a
///   compile error.
/// - `crate = path` (default `::corio`): where the facade is, if it has been renamed or is re-exported.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Main, options.into(), item.into()).into()
}

/// Runs an `async fn` as a test, on a context of its own.
///
/// ```
/// #[corio::test]
/// async fn an_empty_file_reads_as_nothing() -> std::io::Result<()> {
///     assert!(corio::fs::read("/dev/null").await?.is_empty());
///     Ok(())
/// }
/// ```
///
/// The options are those of [`macro@main`]. `#[should_panic]`, `#[ignore]` and other attributes work as on a plain
/// `#[test]`, as does a `Result` as the return type.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Test, options.into(), item.into()).into()
}

/// Compiles what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
