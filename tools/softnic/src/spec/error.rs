//! What can be wrong with a device string.

/// An option that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}={value}`: {allowed}")]
pub struct SpecError {
    /// The key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// What is wrong with it, and what is allowed.
    pub allowed: String,
}

impl SpecError {
    pub(super) fn new(key: &str, value: &str, allowed: impl Into<String>) -> SpecError {
        SpecError { key: key.into(), value: value.into(), allowed: allowed.into() }
    }
}
