//! What state a descriptor of a ring is in.

/// State of a receive descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RxDescriptorStatus {
    /// It has a buffer which the device has not filled.
    Available,
    /// The device has filled it, and it was not polled.
    Done,
    /// It has no buffer.
    Unavailable,
}

/// State of a transmit descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TxDescriptorStatus {
    /// The device has not reported it done.
    Full,
    /// The device is done with it, or never had it: it can be used.
    Done,
    /// It is kept free, since a ring that is full would look empty.
    Unavailable,
}
