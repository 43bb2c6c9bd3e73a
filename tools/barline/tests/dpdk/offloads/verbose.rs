//! What testpmd prints of each packet that it receives (`set verbose 1`; DPDK `app/test-pmd/util.c`).

use std::time::Instant;

use softnic::Mac;

use crate::kit::{LIMIT, Testpmd};

/// A packet as DPDK has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub from: Mac,
    pub ether_type: u16,
    pub len: usize,
    pub segments: usize,
    pub hash: Option<u32>,
    pub vlan: Option<u16>,
    /// What the device says that it is, such as `L2_ETHER L3_IPV4 L4_UDP`.
    pub packet_type: String,
    pub queue: usize,
    /// Such as `IP_CKSUM_GOOD`.
    flags: Vec<String>,
}

impl Seen {
    /// Whether it has a flag, without `RTE_MBUF_F_RX_`.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|other| other == flag)
    }

    /// Which of these it has: good or bad, or neither, which DPDK calls unknown.
    #[track_caller]
    pub fn sum(&self, which: &str) -> Option<bool> {
        match (self.has(&format!("{which}_CKSUM_GOOD")), self.has(&format!("{which}_CKSUM_BAD"))) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
            (true, true) => panic!("both good and bad: {self:?}"),
        }
    }
}

/// Where what testpmd prints from now on begins.
pub fn mark(testpmd: &Testpmd) -> usize {
    testpmd.log().len()
}

/// Waits until so many packets were printed from a mark on; returns all.
#[track_caller]
pub fn wait(testpmd: &Testpmd, mark: usize, count: usize) -> Vec<Seen> {
    let start = Instant::now();
    loop {
        let seen = read(&testpmd.log()[mark..]);
        if seen.len() >= count {
            return seen;
        }
        if start.elapsed() > LIMIT {
            testpmd.fail(&format!("{} of {count} packets were received", seen.len()));
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// The packets in a text whose end may be missing.
#[track_caller]
fn read(text: &str) -> Vec<Seen> {
    let whole = &text[..text.rfind('\n').map_or(0, |at| at + 1)];
    let mut seen = Vec::new();
    let mut lines = whole.lines();
    while let Some(line) = lines.next() {
        let Some(at) = line.find("  src=") else { continue };
        let Some(flags) = lines.next() else { break };
        let flags = flags.strip_prefix("  ol_flags: ");
        let flags = flags.unwrap_or_else(|| panic!("no flags behind: {line}"));
        let flags =
            flags.split_whitespace().map(|flag| flag.replace("RTE_MBUF_F_RX_", "")).collect();
        seen.push(packet(&line[at..], flags));
    }
    seen
}

#[track_caller]
fn packet(line: &str, flags: Vec<String>) -> Seen {
    let optional = |name: &str| {
        let rest = line.split_once(name)?.1;
        Some(rest.split(" - ").next().unwrap_or(rest).trim())
    };
    let field = |name: &str| optional(name).unwrap_or_else(|| panic!("no `{name}` in: {line}"));
    let decimal = |name: &str| field(name).parse::<usize>().unwrap();
    let hex = |text: &str| {
        u32::from_str_radix(text.trim_start_matches("0x"), 16)
            .unwrap_or_else(|_| panic!("`{text}` in: {line}"))
    };
    let mut from = Mac::default();
    for (byte, text) in from.iter_mut().zip(field("src=").split(':')) {
        *byte = hex(text) as u8;
    }
    Seen {
        from,
        ether_type: hex(field(" - type=")) as u16,
        len: decimal(" - length="),
        segments: decimal(" - nb_segs="),
        hash: optional(" - RSS hash=").map(hex),
        vlan: optional(" - VLAN tci=").map(|text| hex(text) as u16),
        packet_type: optional(" - hw ptype: ").unwrap_or_default().to_string(),
        queue: hex(field(" - Receive queue=")) as usize,
        flags,
    }
}

#[test]
fn packets_are_read_from_what_testpmd_prints() {
    let text = "\
testpmd> port 0/queue 1: received 2 packets
  src=02:00:00:00:00:EE - dst=02:09:00:00:00:01 - pool=mb_pool_0 - type=0x0800 - length=60 - nb_segs=1 - RSS hash=0x51ccc178 - RSS queue=0x1 - VLAN tci=0x64 - hw ptype: L2_ETHER L3_IPV4 L4_TCP  - sw ptype: L2_ETHER L3_IPV4 L4_TCP  - l2_len=14 - l3_len=20 - l4_len=20 - Receive queue=0x1
  ol_flags: RTE_MBUF_F_RX_VLAN RTE_MBUF_F_RX_RSS_HASH RTE_MBUF_F_RX_L4_CKSUM_BAD RTE_MBUF_F_RX_IP_CKSUM_GOOD RTE_MBUF_F_RX_OUTER_L4_CKSUM_UNKNOWN 
  src=02:00:00:00:00:EF - dst=02:09:00:00:00:01 - pool=mb_pool_0 - type=0x8100 - length=9014 - nb_segs=5 - sw ptype: L2_ETHER_VLAN  - l2_len=18 - Receive queue=0x0
  ol_flags: RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN RTE_MBUF_F_RX_OUTER_L4_CKSUM_UNKNOWN 
  src=02:00:00:00:00:F0 - dst=02:09";
    let [first, second] = &read(text)[..] else { panic!("two whole ones: {:?}", read(text)) };
    assert_eq!((first.from, first.ether_type), ([2, 0, 0, 0, 0, 0xee], 0x0800));
    assert_eq!((first.len, first.segments, first.queue), (60, 1, 1));
    assert_eq!((first.hash, first.vlan), (Some(0x51cc_c178), Some(100)));
    assert_eq!(first.packet_type, "L2_ETHER L3_IPV4 L4_TCP");
    assert_eq!((first.sum("IP"), first.sum("L4")), (Some(true), Some(false)));
    assert!(first.has("VLAN") && !second.has("VLAN"));
    assert_eq!((second.len, second.segments, second.hash, second.vlan), (9014, 5, None, None));
    assert_eq!((&*second.packet_type, second.sum("IP"), second.sum("L4")), ("", None, None));
}
