//! What drivers read and write in page 0, and what resets leave of it.

use super::*;
use crate::Model;

fn function() -> Function {
    Function::new(3, 12, Model::X540.generation()).unwrap()
}

#[test]
fn the_timer_counts_microseconds_milliseconds_and_seconds() {
    assert_eq!(free_running_timer(999), 0);
    assert_eq!(free_running_timer(1_002_003_000), 1 << 20 | 2 << 10 | 3);
    assert_eq!(free_running_timer(4_096_000_001_000), 1, "after 4096 seconds it starts anew");
}

#[test]
fn status_tells_how_many_vfs_there_are_and_whether_memory_is_reached() {
    let mut function = function();
    assert_eq!(function.read(0x8, 0), 1 << 18 | 12 << 10);
    function.config.write(4, &[4]);
    assert_eq!(function.read(0x8, 0), 1 << 19 | 1 << 18 | 12 << 10);
}

#[test]
fn registers_start_as_the_datasheet_says() {
    let mut function = function();
    for queue in 0..8 {
        let (rx, tx) = (0x1000 + 0x40 * queue, 0x2000 + 0x40 * queue);
        assert_eq!(function.read(rx + 0x14, 0), 0x402, "buffers of 2 KiB, headers of 256 bytes");
        assert_eq!(function.read(rx + 0x0c, 0), 0xa200);
        assert_eq!(function.read(tx + 0x0c, 0), 0x2a00);
        for offset in [rx, rx + 0x08, rx + 0x10, rx + 0x18, rx + 0x28, tx, tx + 0x28, tx + 0x38] {
            assert_eq!(function.read(offset, 0), 0, "{offset:#x}");
        }
    }
    for offset in [0x000, 0x100, 0x108, 0x140, 0x2fc, 0x300, 0x3190, 0x820] {
        assert_eq!(function.read(offset, 0), 0, "{offset:#x}");
    }
}

#[test]
fn a_reset_stops_queues_and_keeps_what_silicon_keeps() {
    let mut function = function();
    let written = [
        (0x1000, 0x8000, 0),
        (0x1008, 0x1000, 0),
        (0x1010, 5, 5),
        (0x1018, 7, 7),
        (0x1014, 0x0200_0402, 0x0200_0402),
        (0x1028, 0x4200_0000, 0x4000_0000),
        (0x11c0, 0x8000, 0),
        (0x11e8, 0x0200_0000, 0),
        (0x2018, 9, 9),
        (0x2028, 0x0301_0820, 0x0101_0820),
        (0x2038, 0x9000, 0x9000),
        (0x0300, 0x2000_0000, 0x2000_0000),
        (0x0108, 7, 0),
        (0x0200, 5, 0),
    ];
    for (offset, value, _) in written {
        assert_eq!(function.write(offset, value, 0), Effect::None);
        assert_eq!(function.read(offset, 0), value, "{offset:#x}");
    }
    assert_eq!(function.write(0, 1 << 26, 0), Effect::Reset);
    assert_eq!(function.write(0, !(1 << 26), 0), Effect::None);
    assert_eq!(function.read(0, 0), 0, "the bit clears itself");
    function.config.write(4, &[4]);
    let epoch = function.epoch;
    function.reset();
    assert_ne!(function.epoch, epoch);
    for (offset, _, kept) in written {
        assert_eq!(function.read(offset, 0), kept, "{offset:#x}");
    }
    assert!(function.config.is_bus_master());
    function.function_level_reset();
    assert!(!function.config.is_bus_master());
    for offset in [0x180, 0x1038, 0x3000, 0x3100, 0x323c] {
        function.write(offset, 5, 0);
    }
    function.device_reset();
    assert_eq!((function.read(0x1014, 0), function.read(0x300, 0)), (0x402, 0));
    for offset in [0x180, 0x1038, 0x2018, 0x3000, 0x3100, 0x323c] {
        assert_eq!(function.read(offset, 0), 0, "{offset:#x}");
    }
}

#[test]
fn statistics_are_exact_when_read_and_not_writable() {
    let mut function = function();
    function.counters.rx_packets = 3;
    function.counters.tx_octets = 1 << 33;
    assert_eq!(function.read(0x101c, 0), 3);
    assert_eq!((function.read(0x2020, 0), function.read(0x2024, 0)), (0, 2));
    function.write(0x101c, 77, 0);
    assert_eq!(function.read(0x101c, 0), 3, "neither writing nor reading changes it");
    function.reset();
    assert_eq!(function.read(0x101c, 0), 3);
    function.device_reset();
    function.counters.rx_packets = 4;
    assert_eq!((function.read(0x101c, 0), function.read(0x2024, 0)), (1, 0));
}

#[test]
fn what_is_gone_reads_as_all_ones() {
    let mut function = function();
    let registers = std::sync::Arc::clone(&function.registers);
    function.suffer(crate::Fault::Removal { vf: 3 });
    for offset in [0x0, 0x8, 0x10, 0x100, 0x2fc, 0x1018, 0x2028, 0x3ffc] {
        function.write(offset, 0, 0);
        assert_eq!(function.read(offset, 0), u32::MAX, "{offset:#x}");
    }
    assert_eq!(registers.load(0x2018), u32::MAX, "to those who have mapped it, too");
    assert!(!function.may_dma());
}

#[test]
fn odd_offsets_and_those_beyond_the_bar_are_no_registers() {
    let mut function = function();
    for offset in [1, 0x1002, 0x4000, usize::MAX, usize::MAX - 3] {
        assert_eq!(function.write(offset, 1 << 26, 0), Effect::None);
        assert_eq!(function.read(offset, 0), u32::MAX, "{offset:#x}");
    }
}
