//! What the types forbid: each file of `compile_fail` breaks one rule, and must not compile.
#![cfg(not(loom))]

#[test]
fn the_types_forbid_it() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
