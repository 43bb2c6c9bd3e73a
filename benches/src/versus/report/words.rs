//! The report's words for what a row says in one, and its figures as text.

use crate::versus::rows::{Column, Mode, Placement};

/// What is done with each frame, for somebody who has never seen the short names.
pub(super) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Rx => "Receive",
        Mode::Tx => "Send",
        Mode::Fwd => "Forward",
        Mode::FwdMac => "Forward, MACs exchanged",
        Mode::FwdOffload => "Forward with offloads",
    }
}

/// The same, as what a sentence begins with.
pub(super) fn doing(mode: Mode) -> &'static str {
    match mode {
        Mode::Rx => "Receiving",
        Mode::Tx => "Sending",
        Mode::Fwd => "Forwarding",
        Mode::FwdMac => "Forwarding, with MAC addresses exchanged,",
        Mode::FwdOffload => "Forwarding, with checksums and VLAN tags by the device,",
    }
}

/// What a mode times, as a sentence.
pub(super) fn timed(mode: Mode) -> &'static str {
    match mode {
        Mode::Rx => {
            "Frames are received and given to the program. Freeing them afterwards is not timed."
        }
        Mode::Tx => "Frames that are filled already are handed to the device.",
        Mode::Fwd => "Frames are received, and the same buffers sent again: both calls are timed.",
        Mode::FwdMac => {
            "The same, and each frame's two MAC addresses are exchanged in between, so that the \
             driver's caller touches every frame."
        }
        Mode::FwdOffload => {
            "The same, while the device checks and strips on receive, and inserts IPv4 and UDP checksums \
             and a VLAN tag on transmit, as each frame asks for."
        }
    }
}

/// Where rings and data were, in a few words.
pub(super) fn placement(placement: Placement) -> &'static str {
    match placement {
        Placement::Local => "in this core's cache",
        Placement::Remote => "in another core's cache",
        Placement::Cold => "in no cache",
        Placement::Split => "queues over two cores",
    }
}

/// What a placement is, as a sentence.
pub(super) fn placed(placement: Placement) -> &'static str {
    match placement {
        Placement::Local => {
            "The core that drives the queue has just written rings and data itself, as the device."
        }
        Placement::Remote => {
            "Another core was the device: rings and data come out of that core's cache."
        }
        Placement::Cold => {
            "All lines of the rings and of the frames were thrown out of every cache before each window of bursts."
        }
        Placement::Split => {
            "A VF's queues are divided between two cores, to which RSS spreads the frames."
        }
    }
}

/// Whose figures a column has.
pub(super) fn column(column: Column) -> &'static str {
    match column {
        Column::Ours => "barline",
        Column::OursAvx2 => "barline, AVX2 at most",
        Column::OursPlain => "barline, plain x86-64",
        Column::OursSmall => "barline, 4 MiB, no hugepages",
        Column::Vector => "DPDK vector",
        Column::Scalar => "DPDK scalar",
        Column::Full => "DPDK full-featured",
    }
}

/// What a column is, as a sentence.
pub(super) fn is(column: Column) -> &'static str {
    match column {
        Column::Ours => {
            "As it runs by default, with the widest instructions that the processor has."
        }
        Column::OursAvx2 => "barline, made to use AVX2 at most.",
        Column::OursPlain => "barline, made to use no more than what every x86-64 processor has.",
        Column::OursSmall => "barline with 4 MiB of DMA memory on ordinary pages.",
        Column::Vector => "DPDK's paths with SIMD instructions, which it prefers where it can.",
        Column::Scalar => "DPDK's paths without SIMD instructions (--force-max-simd-bitwidth=64).",
        Column::Full => {
            "DPDK with transmit offloads configured, for which it takes its full-featured transmit path."
        }
    }
}

/// A figure in the digits that count: three.
pub(super) fn figure(value: f64) -> String {
    match value {
        v if v >= 1e7 => format!("{v:.2e}"),
        v if v >= 99.95 => format!("{v:.0}"),
        v if v >= 9.995 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// A figure, or a dash where there is none.
pub(super) fn maybe(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), figure)
}

/// Memory in the unit in which it is easy to read.
pub(super) fn memory(kib: u64) -> String {
    match kib {
        0..10_240 => format!("{kib} KiB"),
        _ => format!("{:.0} MiB", kib as f64 / 1024.0),
    }
}
