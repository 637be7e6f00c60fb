//! Comments, literals and words in Rust text: enough that a rule about code is not fooled by prose.

/// Splits a text into its code and its comments, each of the text's length and with its line breaks.
pub(crate) fn split(text: &str) -> (String, String) {
    let blank: Vec<u8> = text
        .bytes()
        .map(|byte| if byte == b'\n' { byte } else { b' ' })
        .collect();
    let mut code = text.as_bytes().to_vec();
    let mut comments = blank.clone();
    let mut at = 0;
    while at < code.len() {
        let (token, end) = token_at(text.as_bytes(), at);
        match token {
            Token::Code => {}
            Token::Comment => {
                code[at..end].copy_from_slice(&blank[at..end]);
                comments[at..end].copy_from_slice(&text.as_bytes()[at..end]);
            }
            Token::Literal => code[at..end].copy_from_slice(&blank[at..end]),
        }
        at = end;
    }
    (
        String::from_utf8_lossy(&code).into_owned(),
        String::from_utf8_lossy(&comments).into_owned(),
    )
}

enum Token {
    Code,
    Comment,
    Literal,
}

/// What starts at an offset that is outside of every comment and literal, and where it ends.
fn token_at(text: &[u8], at: usize) -> (Token, usize) {
    let rest = &text[at..];
    if rest.starts_with(b"//") {
        let length = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(rest.len());
        return (Token::Comment, at + length);
    }
    if rest.starts_with(b"/*") {
        return (Token::Comment, at + block_comment_length(rest));
    }
    if rest[0] == b'"' {
        return (Token::Literal, at + quoted_length(rest, b'"'));
    }
    if rest[0] == b'\'' && is_char_literal(rest) {
        return (Token::Literal, at + quoted_length(rest, b'\''));
    }
    let starts_word = at == 0 || !(text[at - 1].is_ascii_alphanumeric() || text[at - 1] == b'_');
    if starts_word && let Some(length) = raw_string_length(rest) {
        return (Token::Literal, at + length);
    }
    (Token::Code, at + 1)
}

/// Block comments nest.
fn block_comment_length(rest: &[u8]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of a literal with escapes, quotes included.
fn quoted_length(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Tells `'a'` and `'\n'` from the lifetime `'a`.
fn is_char_literal(rest: &[u8]) -> bool {
    match rest.get(1) {
        Some(b'\\') => true,
        Some(first) => {
            let width = match first {
                0..0x80 => 1,
                0x80..0xE0 => 2,
                0xE0..0xF0 => 3,
                _ => 4,
            };
            rest.get(1 + width) == Some(&b'\'')
        }
        None => false,
    }
}

/// The length of `r"…"`, `r#"…"#`, `br"…"` or `cr"…"`, if one starts here.
fn raw_string_length(rest: &[u8]) -> Option<usize> {
    let prefix = [&b"r"[..], b"br", b"cr"].into_iter().find(|prefix| {
        rest.starts_with(prefix) && matches!(rest.get(prefix.len()), Some(b'"' | b'#'))
    })?;
    let hashes = rest[prefix.len()..]
        .iter()
        .take_while(|byte| **byte == b'#')
        .count();
    let open = prefix.len() + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    let content = &rest[open + 1..];
    let length = content
        .windows(close.len())
        .position(|window| window == close);
    Some(length.map_or(rest.len(), |length| open + 1 + length + close.len()))
}

/// The offset of the bracket that closes the one at `open`, in code whose literals are blanked out.
pub(crate) fn matching(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// True if `word` stands in `text` with no letter, digit or underscore next to it.
pub(crate) fn contains_word(text: &str, word: &str) -> bool {
    word_offset(text, word).is_some()
}

/// Where `word` first stands in `text` as a word of its own.
pub(crate) fn word_offset(text: &str, word: &str) -> Option<usize> {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    text.match_indices(word).map(|(at, _)| at).find(|&at| {
        let before = at.checked_sub(1).and_then(|i| text.as_bytes().get(i));
        !is_part(before) && !is_part(text.as_bytes().get(at + word.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_not_character_literals() {
        let (code, _) = split("fn f<'a>(x: &'a str) { g('x', '\\'', 'ä'); h(b'{') }");
        assert!(code.contains("fn f<'a>(x: &'a str)"), "{code}");
        assert!(!code.contains("'x'") && !code.contains('ä'), "{code}");
        assert!(!code.contains('\\'), "{code}");
        assert_eq!(code.matches('{').count(), 1, "{code}");
    }

    #[test]
    fn raw_identifiers_are_code() {
        assert_eq!(split("r#type + \"s\"").0, "r#type +    ");
    }

    #[test]
    fn words_have_borders() {
        assert!(contains_word("unsafe { x }", "unsafe"));
        assert!(!contains_word("unsafe_op_in_unsafe_fn", "unsafe"));
        assert_eq!(word_offset("not_unsafe unsafe", "unsafe"), Some(11));
    }
}
