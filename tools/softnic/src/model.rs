//! The generations of the adapter, as data.

/// Which device the adapter is a model of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Model {
    /// 82599.
    #[default]
    I82599,
    /// X540.
    X540,
    /// X550.
    X550,
    /// X552 (X550EM_x).
    X552,
    /// X553 (X550EM_a).
    X553,
    /// E610.
    E610,
}
