//! Which of the ixgbe driver's burst functions a port of testpmd uses, from what the driver says as it
//! chooses them (DPDK `ixgbe_rxtx.c`: `ixgbe_set_rx_function`, `ixgbe_set_tx_function`).

/// Receive functions. Those that scatter put long frames into several buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RxFunction {
    /// SIMD.
    Vector,
    /// SIMD, scattering.
    VectorScattered,
    /// Buffers by the block.
    Bulk,
    /// Buffers one by one.
    Single,
    /// Buffers by the block, scattering.
    BulkScattered,
    /// Buffers one by one, scattering.
    SingleScattered,
}

/// Transmit functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxFunction {
    /// SIMD.
    Vector,
    /// Without offloads and frames of several buffers.
    Simple,
    /// With all of them.
    Full,
}

/// What a port uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Functions {
    /// To receive.
    pub rx: RxFunction,
    /// To send.
    pub tx: TxFunction,
}

/// What the driver says, and what it means. Of the last two of transmit the first comes before the other.
const RX: [(&str, RxFunction); 6] = [
    ("Vector rx enabled", RxFunction::Vector),
    ("Using Vector Scattered Rx callback", RxFunction::VectorScattered),
    ("Rx Burst Bulk Alloc function will be used", RxFunction::Bulk),
    ("Preconditions are not satisfied, or Scattered Rx is requested", RxFunction::Single),
    ("Using a Scattered with bulk allocation callback", RxFunction::BulkScattered),
    ("Using Regular (non-vector, single allocation) Scattered", RxFunction::SingleScattered),
];
const TX: [(&str, TxFunction); 3] = [
    ("Using full-featured tx code path", TxFunction::Full),
    ("Using simple tx code path", TxFunction::Simple),
    ("Vector tx enabled", TxFunction::Vector),
];

impl Functions {
    #[track_caller]
    pub(super) fn read(log: &str) -> Functions {
        let (Some(rx), Some(tx)) = (last(log, &RX), last(log, &TX)) else {
            panic!("the driver did not say which functions it uses:\n{log}");
        };
        Functions { rx, tx }
    }
}

/// What was said last.
fn last<T: Copy>(log: &str, sayings: &[(&str, T)]) -> Option<T> {
    let said = sayings.iter().filter_map(|(words, means)| Some((log.rfind(words)?, *means)));
    said.max_by_key(|(at, _)| *at).map(|(_, means)| means)
}
