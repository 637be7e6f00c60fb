//! The code of the README and of the book (`docs`), compiled and run as doc tests.
//!
//! Pages stand here and not in the crate whose interface they show because a published crate has no `docs` beside it. They use
//! the facade with all of its features, and the two runtimes from which one may migrate. `cargo xtask book` finds a page with
//! Rust code that is missing here.

#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/buffers.md")]
    mod buffers {}
    #[doc = include_str!("../../docs/cancel-safety.md")]
    mod cancel_safety {}
    #[doc = include_str!("../../docs/channel.md")]
    mod channel {}
    #[doc = include_str!("../../docs/compatibility.md")]
    mod compatibility {}
    #[doc = include_str!("../../docs/contexts.md")]
    mod contexts {}
    #[doc = include_str!("../../docs/epoll-fallback.md")]
    mod epoll_fallback {}
    #[doc = include_str!("../../docs/files.md")]
    mod files {}
    #[doc = include_str!("../../docs/migrating-from-monoio.md")]
    mod migrating_from_monoio {}
    #[doc = include_str!("../../docs/migrating-from-tokio.md")]
    mod migrating_from_tokio {}
    #[doc = include_str!("../../docs/primitives.md")]
    mod primitives {}
    #[doc = include_str!("../../docs/observability.md")]
    mod observability {}
    #[doc = include_str!("../../docs/testing.md")]
    mod testing {}
    #[doc = include_str!("../../docs/tour.md")]
    mod tour {}
}
