//! What testpmd's `show` commands print.

use std::collections::BTreeMap;

/// `show port stats` of one port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortStats {
    /// Frames received.
    pub rx_packets: u64,
    /// Frames for which no descriptor was free, where the device counts them.
    pub rx_missed: u64,
    /// Bytes of the frames received.
    pub rx_bytes: u64,
    /// Damaged frames received.
    pub rx_errors: u64,
    /// Times that DPDK had no buffer.
    pub rx_nombuf: u64,
    /// Frames sent.
    pub tx_packets: u64,
    /// Frames that could not be sent.
    pub tx_errors: u64,
    /// Bytes of the frames sent.
    pub tx_bytes: u64,
}

impl PortStats {
    #[track_caller]
    pub(super) fn read(text: &str) -> PortStats {
        let value = |name| number_after(text, name);
        PortStats {
            rx_packets: value("RX-packets:"),
            rx_missed: value("RX-missed:"),
            rx_bytes: value("RX-bytes:"),
            rx_errors: value("RX-errors:"),
            rx_nombuf: value("RX-nombuf:"),
            tx_packets: value("TX-packets:"),
            tx_errors: value("TX-errors:"),
            tx_bytes: value("TX-bytes:"),
        }
    }
}

/// What `stop` tells of all ports together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// Frames received.
    pub received: u64,
    /// Frames sent.
    pub sent: u64,
    /// Frames that the forwarding engine dropped since the port took no more.
    pub dropped: u64,
}

impl Forwarded {
    #[track_caller]
    pub(super) fn read(text: &str) -> Forwarded {
        // Each port has its own before.
        let at = text.find("Accumulated forward statistics for all ports");
        let text = &text[at.unwrap_or_else(|| panic!("no forward statistics in: {text}"))..];
        Forwarded {
            received: number_after(text, "RX-packets:"),
            sent: number_after(text, "TX-packets:"),
            dropped: number_after(text, "TX-dropped:"),
        }
    }
}

/// Lines of `name: value`.
#[derive(Clone, Debug, Default)]
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    pub(super) fn read(text: &str) -> Fields {
        let field = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_string(), value.trim().to_string()))
        };
        Fields(text.lines().filter_map(field).collect())
    }

    /// The value of that name.
    #[track_caller]
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("no `{name}` in {:?}", self.0))
    }

    /// The value of that name, which is a number.
    #[track_caller]
    pub fn number(&self, name: &str) -> u64 {
        let text = self.text(name);
        text.parse().unwrap_or_else(|_| panic!("`{name}` is no number: {text}"))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

#[track_caller]
fn number_after(text: &str, name: &str) -> u64 {
    let rest = text.split_once(name).map(|(_, rest)| rest.split_whitespace().next());
    let value = rest.flatten().and_then(|value| value.parse().ok());
    value.unwrap_or_else(|| panic!("no number `{name}` in: {text}"))
}

#[test]
fn counters_are_read_from_what_testpmd_prints() {
    let text = "
  ######################## NIC statistics for port 0  ########################
  RX-packets: 1234       RX-missed: 5          RX-bytes:  78976
  RX-errors: 6
  RX-nombuf:  7
  TX-packets: 99         TX-errors: 8          TX-bytes:  6336

  Throughput (since last show)
";
    let wanted = PortStats {
        rx_packets: 1234,
        rx_missed: 5,
        rx_bytes: 78976,
        rx_errors: 6,
        rx_nombuf: 7,
        tx_packets: 99,
        tx_errors: 8,
        tx_bytes: 6336,
    };
    assert_eq!(PortStats::read(text), wanted);

    let text = "
  ---------------------- Forward statistics for port 0  ----------------------
  RX-packets: 1              RX-dropped: 0             RX-total: 1
  TX-packets: 1              TX-dropped: 0             TX-total: 1
  ----------------------------------------------------------------------------
  +++++++++++++++ Accumulated forward statistics for all ports+++++++++++++++
  RX-packets: 12             RX-dropped: 0             RX-total: 12
  TX-packets: 10             TX-dropped: 2             TX-total: 12
";
    assert_eq!(Forwarded::read(text), Forwarded { received: 12, sent: 10, dropped: 2 });

    let fields = Fields::read("###### NIC extended statistics for port 0\nrx_good_packets: 3\n");
    assert_eq!(fields.number("rx_good_packets"), 3);
}
