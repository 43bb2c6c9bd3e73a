//! Random programs against the model device, with what has to hold at every step of them.

#[path = "../model/mod.rs"]
mod model;

mod chaos;
mod forward;
mod oracle;
mod rx;
mod tx;
mod wire;

/// Cases of each property: enough to meet every branch, few enough for the sanitizers.
fn cases() -> proptest::test_runner::Config {
    proptest::test_runner::Config::with_cases(if cfg!(debug_assertions) { 96 } else { 768 })
}
