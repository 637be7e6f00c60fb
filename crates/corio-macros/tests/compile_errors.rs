//! What the compiler says when an attribute is misused. After a change of wording, look at the difference and run with
//! `TRYBUILD=overwrite`.

#[test]
fn misuse_is_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
