//! vmtest
fn main() {}
