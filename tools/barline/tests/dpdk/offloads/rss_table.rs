//! RSS of X550 and later, whose VFs have key and table in registers of their own.

use super::rss::{flows, spread};
use super::setup::{Setup, Wanted};
use super::toeplitz::{MICROSOFT, Ports};
use crate::kit::Paths;

/// Entries of the table (VFRETA).
const TABLE: usize = 64;

const ALL_PORTS: Ports = Ports { tcp: true, udp: true };

/// The key that testpmd says the port has.
#[track_caller]
fn key(setup: &mut Setup) -> [u8; 40] {
    let told = setup.testpmd.command("show port 0 rss-hash key");
    let digits =
        told.split_once("RSS key:").unwrap_or_else(|| panic!("no key in: {told}")).1.trim();
    let digits = digits.split_whitespace().next().unwrap_or_default();
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect(digits);
    let bytes: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
    bytes.try_into().expect(digits)
}

/// The table that testpmd says the port has.
#[track_caller]
fn table(setup: &mut Setup) -> Vec<usize> {
    let told = setup.testpmd.command(&format!("show port 0 rss reta {TABLE} (0xffffffffffffffff)"));
    let entries = told.lines().filter_map(|line| {
        let (at, queue) =
            line.strip_prefix("RSS RETA configuration: hash index=")?.split_once(", queue=")?;
        Some((at.trim().parse::<usize>().unwrap(), queue.trim().parse::<usize>().unwrap()))
    });
    let (at, queues): (Vec<usize>, Vec<usize>) = entries.unzip();
    assert!(at.into_iter().eq(0..TABLE), "{told}");
    queues
}

#[test]
fn a_vf_has_key_table_and_fields_of_its_own() {
    for (model, paths) in [
        ("x550", Paths::Vector),
        ("x550", Paths::Scalar),
        ("x552", Paths::Vector),
        ("x553", Paths::Scalar),
    ] {
        let adapter = format!("model={model}");
        let wanted = Wanted { adapter: &adapter, queues: 4, ..Wanted::plain(paths) };
        let mut setup = Setup::start(&wanted);
        setup.uses(false, false);
        setup.commands(&["set fwd rxonly", "set verbose 1", "start"]);
        let packets = flows(setup.mac, 40);
        // DPDK's own key; the queues in turn.
        let first = key(&mut setup);
        let in_turn: Vec<usize> = (0..TABLE).map(|at| at % 4).collect();
        assert_eq!(table(&mut setup), in_turn);
        spread(&setup, &packets, &first, &in_turn, Ports { tcp: false, udp: false });

        // Ports count, too.
        setup.commands(&["port config all rss all"]);
        spread(&setup, &packets, &first, &in_turn, ALL_PORTS);
        setup.commands(&["port config all rss udp"]);
        let told = setup.testpmd.command("show port 0 rss-hash");
        assert!(told.contains("ipv4-udp") && !told.contains("tcp"), "{told}");

        // Another key.
        let digits: String = MICROSOFT.iter().map(|byte| format!("{byte:02x}")).collect();
        setup.commands(&[
            &format!("port config 0 rss-hash-key ipv4 {digits}"),
            "port config all rss all",
        ]);
        assert_eq!(key(&mut setup), MICROSOFT);
        spread(&setup, &packets, &MICROSOFT, &in_turn, ALL_PORTS);

        // Another table, set in part: two of four entries of a register each time.
        let mut other = in_turn.clone();
        let mut entries = Vec::new();
        for at in (0..TABLE).filter(|at| at % 4 < 2) {
            other[at] = 3 - at / 4 % 2;
            entries.push(format!("({at},{})", other[at]));
        }
        for some in entries.chunks(8) {
            setup.commands(&[&format!("port config 0 rss reta {}", some.join(","))]);
        }
        assert_eq!(table(&mut setup), other);
        spread(&setup, &packets, &MICROSOFT, &other, ALL_PORTS);
        setup.testpmd.quit();
    }
}
