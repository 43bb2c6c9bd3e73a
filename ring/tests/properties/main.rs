//! Random programs against the model device, with what has to hold at every step of them.

#[path = "../model/mod.rs"]
mod model;

mod alike;
mod chaos;
mod deferred;
mod forward;
mod offload;
mod oracle;
mod rx;
mod tx;
mod wire;

use proptest::test_runner::Config;

/// As many cases as `PROPTEST_CASES` says, or enough to meet every branch.
fn cases() -> Config {
    let config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return config;
    }
    Config { cases: if cfg!(debug_assertions) { 96 } else { 768 }, ..config }
}
