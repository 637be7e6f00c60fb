//! From an `async fn` to the function that runs it.
//!
//! ```text
//! #[corio::main]                        fn main() -> Output {
//! async fn main() -> Output {               async fn main() -> Output { body }
//!     body                         =>       ::corio::__private::block_on(main())
//! }                                     }
//! ```
//!
//! The inner function keeps the written return type, so `?` and type errors in the body mean what they mean in any
//! `async fn`. The facade provides `__private::block_on(future)` and `__private::block_on_contexts(contexts, future)`,
//! which return the future's output.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, ItemFn, Meta};

use crate::options::Options;

/// Which attribute is expanded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Main,
    Test,
}

impl Kind {
    fn attribute(self) -> &'static str {
        match self {
            Kind::Main => "#[corio::main]",
            Kind::Test => "#[corio::test]",
        }
    }
}

/// The expansion, or a compile error that points at what is wrong.
pub(crate) fn expand(kind: Kind, options: TokenStream, item: TokenStream) -> TokenStream {
    match try_expand(kind, options, item) {
        Ok(function) => function,
        Err(error) => {
            let error = error.into_compile_error();
            // Without a `main`, the compiler would add an error about that to ours.
            let stand_in = (kind == Kind::Main).then(|| quote! { fn main() {} });
            quote! { #error #stand_in }
        }
    }
}

fn try_expand(kind: Kind, options: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let function: ItemFn = syn::parse2(item).map_err(|error| {
        Error::new(
            error.span(),
            format!(
                "{} stands on an `async fn` with a body: {error}",
                kind.attribute()
            ),
        )
    })?;
    check(kind, &function)?;
    let options: Options = syn::parse2(options)?;

    let ItemFn {
        attrs,
        vis,
        mut sig,
        block,
    } = function;
    let asynchronous = sig.clone();
    sig.asyncness = None;
    let name = &sig.ident;
    let facade = options
        .facade
        .map_or_else(|| quote! { ::corio }, |path| quote! { #path });
    // With the name's span, `#[track_caller]` reports the function and not the attribute.
    let call = match options.contexts {
        None => quote_spanned! { name.span() => #facade::__private::block_on(#name()) },
        Some(contexts) => {
            quote_spanned! { name.span() => #facade::__private::block_on_contexts(#contexts, #name()) }
        }
    };
    let test = (kind == Kind::Test).then(|| quote! { #[::core::prelude::v1::test] });
    Ok(quote! {
        #test
        #(#attrs)*
        #vis #sig {
            #asynchronous #block
            #call
        }
    })
}

/// Refuses what cannot be run as a program or a test; every reason found is reported.
fn check(kind: Kind, function: &ItemFn) -> syn::Result<()> {
    let attribute = kind.attribute();
    let sig = &function.sig;
    let mut problems: Vec<Error> = Vec::new();
    if sig.asyncness.is_none() {
        problems.push(Error::new(
            sig.fn_token.span,
            format!("{attribute} stands on an `async fn`: add `async`"),
        ));
    }
    if !sig.inputs.is_empty() {
        problems.push(Error::new(
            sig.inputs.span(),
            format!("a function under {attribute} takes no parameters"),
        ));
    }
    if !sig.generics.params.is_empty() || sig.generics.where_clause.is_some() {
        problems.push(Error::new(
            sig.generics.span(),
            format!("a function under {attribute} is not generic"),
        ));
    }
    if let Some(unsafety) = &sig.unsafety {
        problems.push(Error::new(
            unsafety.span,
            format!("a function under {attribute} is not `unsafe`"),
        ));
    }
    if kind == Kind::Main && sig.ident != format_ident!("main") {
        problems.push(Error::new(
            sig.ident.span(),
            format!("{attribute} stands on `main`; to run a future elsewhere, call `block_on`"),
        ));
    }
    if kind == Kind::Test {
        let twice = function.attrs.iter().filter(|attr| is_test(&attr.meta));
        problems.extend(twice.map(|attr| {
            Error::new(
                attr.span(),
                format!("{attribute} already makes this a test: remove this attribute"),
            )
        }));
    }
    match problems.into_iter().reduce(|mut all, next| {
        all.combine(next);
        all
    }) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// True for `#[test]`, `#[corio::test]` and the like.
fn is_test(meta: &Meta) -> bool {
    meta.path()
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "test")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(kind: Kind, options: TokenStream, item: TokenStream) -> String {
        expand(kind, options, item).to_string()
    }

    #[test]
    fn main_runs_on_one_context_by_default() {
        let text = expanded(
            Kind::Main,
            quote! {},
            quote! { async fn main() -> R { body().await } },
        );
        let expected = quote! {
            fn main() -> R {
                async fn main() -> R { body().await }
                ::corio::__private::block_on(main())
            }
        };
        assert_eq!(text, expected.to_string());
    }

    #[test]
    fn contexts_and_crate_are_passed_on() {
        let options = quote! { contexts = 4, crate = a::b };
        let text = expanded(Kind::Main, options, quote! { async fn main() {} });
        assert!(
            text.contains(&quote! { a::b::__private::block_on_contexts(4, main()) }.to_string()),
            "{text}"
        );
    }

    #[test]
    fn a_test_keeps_its_attributes_on_the_outer_function() {
        let item = quote! { #[ignore] #[should_panic(expected = "x")] pub(crate) async fn t() {} };
        let text = expanded(Kind::Test, quote! {}, item);
        let head = quote! { #[::core::prelude::v1::test] #[ignore] #[should_panic(expected = "x")] pub(crate) fn t() };
        assert!(text.starts_with(&head.to_string()), "{text}");
    }

    #[test]
    fn every_problem_is_reported() {
        let text = expanded(Kind::Main, quote! {}, quote! { fn start<T>(x: T) {} });
        assert_eq!(text.matches("compile_error").count(), 4, "{text}");
    }

    #[test]
    fn only_main_leaves_a_stand_in() {
        assert!(
            expanded(Kind::Main, quote! {}, quote! { fn main() {} }).contains("fn main () { }")
        );
        assert!(!expanded(Kind::Test, quote! {}, quote! { fn t() {} }).contains("fn t"));
    }
}
