//! The examples, as a user runs them on software adapters.

mod captures;
mod counts;
mod files;
mod kit;
mod ping;
mod processes;
mod usage;
