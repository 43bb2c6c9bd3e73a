//! What packets ask for, as descriptors say it.

use std::marker::PhantomData;

use crate::Format;
use crate::frame::{Flags, Frame};
use crate::offload::Lengths;

/// The last request that was made of the device, and what came of it: most packets ask for the same
/// as the one before.
#[derive(Debug)]
pub(super) struct Request<F> {
    /// Tag, flags and lengths of the request; 0 before the first.
    key: u64,
    /// The context that the device has for it; zero before the first.
    context: [u64; 2],
    /// What the packet's descriptors have in common for it.
    bits: u64,
    /// Bytes of the packet that are no payload.
    headers: u32,
    format: PhantomData<F>,
}

impl<F: Format> Request<F> {
    /// None yet.
    pub(super) fn none() -> Request<F> {
        Request { key: 0, context: [0, 0], bits: 0, headers: 0, format: PhantomData }
    }

    /// Makes the request of the packet that starts with `head`, which asks for something; says whether
    /// the device needs another context for it, [`Request::context`].
    #[inline]
    pub(super) fn make(&mut self, head: &Frame) -> bool {
        let key = key(head);
        key != self.key && self.change(key, head)
    }

    #[inline]
    fn change(&mut self, key: u64, head: &Frame) -> bool {
        self.key = key;
        let lengths = Lengths(head.meta);
        // Of a packet that is cut into segments the headers are no payload (82599 datasheet 7.2.3.2.4).
        let segment = head.flags.contains(Flags::SEGMENT);
        self.headers = if segment { lengths.headers() as u32 } else { 0 };
        self.bits = F::tx_request(head.flags);
        let context = F::tx_context(head.vlan, head.flags, lengths);
        let changed = self.context != context;
        self.context = context;
        changed
    }

    /// The context descriptor.
    #[inline]
    pub(super) fn context(&self) -> [u64; 2] {
        self.context
    }

    /// The second word of a descriptor of `len` bytes, of a packet of `total` bytes that makes this
    /// request.
    #[inline]
    pub(super) fn packet(&self, len: u32, total: u32) -> u64 {
        F::TX_PACKET | self.bits | F::tx_lengths(len, total - self.headers)
    }

    /// What says of a frame that it makes the request of `head`, which was made last and segments nothing, and
    /// what that is: bits of [`Frame::about`]; and what descriptors of packets of one frame have in
    /// common then, but for the lengths.
    #[inline]
    pub(super) fn alike(&self, head: &Frame) -> [u64; 3] {
        let mask = if head.flags.intersects(Flags::REQUESTS) {
            u64::MAX
        } else {
            u64::from(u16::MAX) | u64::from(Flags::NOT_SIMPLE.0) << 16
        };
        [mask, self.key, F::TX_PACKET | F::TX_EOP | self.bits]
    }

    /// The same for frames that ask for nothing.
    pub(super) fn nothing() -> [u64; 3] {
        [u64::from(Flags::NOT_SIMPLE.0) << 16, 0, F::TX_PACKET | F::TX_EOP]
    }
}

/// All that a request can depend on. Never 0, since the flags are not.
#[inline]
pub(super) fn key(head: &Frame) -> u64 {
    if head.flags.intersects(Flags::REQUESTS) {
        return head.about();
    }
    // What is known of a received packet is no part of it.
    u64::from(head.vlan) | u64::from(Flags::VLAN.0) << 16
}
