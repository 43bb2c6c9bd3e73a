//! Which of a VF's queues gets a frame: receive-side scaling (82599 datasheet 7.1.2.8).

use std::sync::Arc;

use crate::RegisterFile;
use crate::datapath::registers::{MRQC_ENABLE, VFMRQC, VFRETA, VFRSSRK};
use crate::offload::{Flow, KEY, Network, Toeplitz, Transport};
use crate::pf::rss;
use crate::regs::VFPSRTYPE;

/// Packets that are hashed (MRQC and VFMRQC, `IXGBE_MRQC_RSS_FIELD_*`).
const FIELD_IPV4_TCP: u32 = 1 << 16;
const FIELD_IPV4: u32 = 1 << 17;
const FIELD_IPV6: u32 = 1 << 20;
const FIELD_IPV6_TCP: u32 = 1 << 21;
const FIELD_IPV4_UDP: u32 = 1 << 22;
const FIELD_IPV6_UDP: u32 = 1 << 23;

/// What a PF has hashed: Linux's ixgbe leaves UDP ports out, since fragments do not have them.
const PF_FIELDS: u32 = FIELD_IPV4 | FIELD_IPV4_TCP | FIELD_IPV6 | FIELD_IPV6_TCP;

/// RSS types of a write-back (`IXGBE_RXDADV_RSSTYPE_*`).
const TYPE_IPV4_TCP: u32 = 1;
const TYPE_IPV4: u32 = 2;
const TYPE_IPV6_TCP: u32 = 3;
const TYPE_IPV6: u32 = 5;
const TYPE_IPV4_UDP: u32 = 7;
const TYPE_IPV6_UDP: u32 = 8;

/// Where a VF's number of queues is in VFPSRTYPE, as a power of two (RQPL).
const RQPL_SHIFT: u32 = 29;

/// Words of the registers VFRSSRK and VFRETA.
const KEY_WORDS: usize = KEY / 4;
const TABLE_WORDS: usize = 16;

/// What RSS has made of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Steered {
    pub(super) queue: usize,
    /// RSS type; 0 if there is no hash.
    pub(super) kind: u32,
    pub(super) hash: u32,
}

/// One VF's RSS.
#[derive(Debug)]
pub(super) struct Steering {
    /// The PF's hash, or that of the VF's own key.
    toeplitz: Arc<Toeplitz>,
    fields: u32,
    /// Queues by the lower bits of the hash: a power of two of them.
    table: Vec<u8>,
    /// The queues in it, by bit.
    reach: u32,
    /// VFMRQC, VFRSSRK and VFRETA as they were last seen, where the VF has them.
    own: Option<[u32; 1 + KEY_WORDS + TABLE_WORDS]>,
    /// VFPSRTYPE as it was last seen.
    psrtype: Option<u32>,
    queues: usize,
}

impl Steering {
    /// RSS over `queues` queues, a power of two, by the PF's set-up or the VF's own one.
    pub(super) fn new(pf: &Arc<Toeplitz>, own: bool, queues: usize) -> Steering {
        Steering {
            toeplitz: Arc::clone(pf),
            fields: 0,
            table: vec![0],
            reach: 1,
            own: own.then_some([0; 1 + KEY_WORDS + TABLE_WORDS]),
            psrtype: None,
            queues,
        }
    }

    /// Takes over what the driver has changed.
    pub(super) fn look(&mut self, registers: &RegisterFile) {
        match &mut self.own {
            Some(seen) => {
                let of = |at: usize| match at {
                    0 => VFMRQC,
                    _ if at <= KEY_WORDS => VFRSSRK + (at - 1) * 4,
                    _ => VFRETA + (at - 1 - KEY_WORDS) * 4,
                };
                let now = std::array::from_fn(|at| registers.load(of(at)));
                if *seen != now {
                    *seen = now;
                    self.set_up_own(now);
                }
            }
            None => {
                let psrtype = registers.load(VFPSRTYPE);
                if self.psrtype != Some(psrtype) {
                    self.psrtype = Some(psrtype);
                    self.set_up_shared(psrtype);
                }
            }
        }
    }

    /// The PF's table, of whose entries VFPSRTYPE says how many bits count.
    fn set_up_shared(&mut self, psrtype: u32) {
        let queues = (1usize << (psrtype >> RQPL_SHIFT)).min(self.queues);
        self.fields = PF_FIELDS;
        let table = (0..rss::TABLE_LEN).map(|at| (rss::table(at) & (queues - 1)) as u8);
        self.set_table(table.collect());
    }

    fn set_table(&mut self, table: Vec<u8>) {
        // What is not hashed comes to queue 0.
        self.reach = table.iter().fold(1, |reach, queue| reach | 1 << queue);
        self.table = table;
    }

    /// The VF's registers (X550 and later): 64 entries of a byte each.
    fn set_up_own(&mut self, words: [u32; 1 + KEY_WORDS + TABLE_WORDS]) {
        let enabled = words[0] & MRQC_ENABLE != 0;
        self.fields = if enabled { words[0] } else { 0 };
        let bytes =
            |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|w| w.to_le_bytes()).collect() };
        let (key, table) = words[1..].split_at(KEY_WORDS);
        if let Ok(key) = <[u8; KEY]>::try_from(bytes(key))
            && key != *self.toeplitz.key()
        {
            self.toeplitz = Arc::new(Toeplitz::new(key));
        }
        let last = self.queues - 1;
        self.set_table(if enabled {
            bytes(table).into_iter().map(|entry| entry & last as u8).collect()
        } else {
            vec![0]
        });
    }

    /// The queues that a frame can come to, by bit.
    pub(super) fn reach(&self) -> u32 {
        self.reach
    }

    /// The queue of a frame, which has the addresses and ports that `flow` says.
    #[inline]
    pub(super) fn steer(&self, frame: &[u8], flow: &Flow) -> Steered {
        let with_ports = |field: u32, kind: u32| (self.fields & field != 0).then_some((kind, 4));
        let without = |field: u32, kind: u32| (self.fields & field != 0).then_some((kind, 0));
        let (addresses, found) = match (flow.network, flow.transport) {
            (Network::Other, _) => return Steered::default(),
            (Network::V4, Transport::Tcp) => (8, with_ports(FIELD_IPV4_TCP, TYPE_IPV4_TCP)),
            (Network::V4, Transport::Udp) => (8, with_ports(FIELD_IPV4_UDP, TYPE_IPV4_UDP)),
            (Network::V4, Transport::Other) => (8, None),
            (Network::V6, Transport::Tcp) => (32, with_ports(FIELD_IPV6_TCP, TYPE_IPV6_TCP)),
            (Network::V6, Transport::Udp) => (32, with_ports(FIELD_IPV6_UDP, TYPE_IPV6_UDP)),
            (Network::V6, Transport::Other) => (32, None),
        };
        let plain = || match flow.network {
            Network::V4 => without(FIELD_IPV4, TYPE_IPV4),
            _ => without(FIELD_IPV6, TYPE_IPV6),
        };
        let Some((kind, ports)) = found.or_else(plain) else { return Steered::default() };
        let part = |at: u16, len: usize| frame.get(usize::from(at)..usize::from(at) + len);
        let (Some(addresses), Some(ports)) =
            (part(flow.addresses, addresses), part(flow.ports, ports))
        else {
            return Steered::default();
        };
        let hash = self.toeplitz.hash(addresses, ports);
        let queue = self.table[hash as usize & (self.table.len() - 1)];
        Steered { queue: usize::from(queue), kind, hash }
    }
}
