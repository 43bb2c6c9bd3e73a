//! The `barline` command.
fn main() {}
