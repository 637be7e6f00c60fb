//! What stands in the parentheses of `#[corio::main(..)]` and `#[corio::test(..)]`.

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Expr, ExprLit, Ident, Lit, Path, Token};

/// The options as written; `None` is the default.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) contexts: Option<Expr>,
    pub(crate) facade: Option<Path>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Options> {
        let mut options = Options::default();
        while !input.is_empty() {
            let name = input.call(Ident::parse_any)?;
            match name.to_string().as_str() {
                "contexts" => {
                    refuse_second(&name, options.contexts.is_some())?;
                    input.parse::<Token![=]>()?;
                    options.contexts = Some(contexts(input)?);
                }
                "crate" => {
                    refuse_second(&name, options.facade.is_some())?;
                    input.parse::<Token![=]>()?;
                    options.facade = Some(input.call(Path::parse_mod_style)?);
                }
                unknown => {
                    let message = format!(
                        "unknown option `{unknown}`; there are `contexts = N` and `crate = path`"
                    );
                    return Err(syn::Error::new(name.span(), message));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

fn refuse_second(name: &Ident, is_second: bool) -> syn::Result<()> {
    if is_second {
        return Err(syn::Error::new(
            name.span(),
            format!("option `{name}` is given twice"),
        ));
    }
    Ok(())
}

/// An expression; if it is a literal, it can be judged here and now.
fn contexts(input: ParseStream<'_>) -> syn::Result<Expr> {
    let expression: Expr = input.parse()?;
    let Expr::Lit(ExprLit { lit, .. }) = &expression else {
        return Ok(expression);
    };
    match lit {
        Lit::Int(number) if number.base10_parse::<usize>()? > 0 => Ok(expression),
        _ => Err(syn::Error::new(
            lit.span(),
            "`contexts` is a number of contexts, at least 1",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options, String> {
        syn::parse_str(text).map_err(|error: syn::Error| error.to_string())
    }

    #[test]
    fn nothing_is_the_default() {
        let options = parse("").expect("parses");
        assert!(options.contexts.is_none() && options.facade.is_none());
    }

    #[test]
    fn both_options_in_any_order_with_or_without_a_last_comma() {
        for text in [
            "contexts = 4, crate = a::b",
            "crate = ::a::b, contexts = cores() / 2,",
        ] {
            let options = parse(text).expect(text);
            assert!(
                options.contexts.is_some() && options.facade.is_some(),
                "{text}"
            );
        }
    }

    #[test]
    fn wrong_options_say_what_is_wrong() {
        let cases = [
            ("threads = 2", "unknown option `threads`"),
            ("contexts = 0", "at least 1"),
            ("contexts = \"two\"", "at least 1"),
            ("contexts", "expected `=`"),
            ("contexts = 1 crate = a", "expected `,`"),
            ("contexts = 1, contexts = 2", "given twice"),
            ("crate = a, crate = b", "given twice"),
        ];
        for (text, expected) in cases {
            let error = parse(text).err().unwrap_or_default();
            assert!(error.contains(expected), "{text}: {error:?}");
        }
    }
}
