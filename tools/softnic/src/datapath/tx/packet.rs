//! A packet as its descriptors describe it, checked before anything is read of it.

use super::descriptor::{Context, Data, Descriptor};
use super::malformed::Malformed;
use crate::offload::{Layer4, Segmentation};
use crate::plane::FRAME_MAX;

/// Most descriptors of a packet (82599 datasheet 7.2.3.2.4).
pub(super) const PIECES_MAX: usize = 40;

/// Shortest packet: PAYLEN cannot be less (Linux's `ixgbe_xmit_frame` pads to it).
pub(super) const PACKET_MIN: usize = 17;

/// Longest headers that a context can name: MACLEN, IPLEN and L4LEN.
const HEADERS_MAX: usize = 0x7f + 0x1ff + 0xff;

/// Longest packet: with TSE, PAYLEN and headers.
pub(super) const PACKET_MAX: usize = (1 << 18) - 1 + HEADERS_MAX;

/// The two contexts of a queue.
pub(super) type Contexts = [Option<Context>; 2];

/// The pieces of a packet, from its first descriptor on.
#[derive(Debug)]
pub(super) struct Pieces {
    pieces: [(u64, usize); PIECES_MAX],
    count: usize,
    first: Option<Data>,
    total: usize,
}

/// What is to be done with a packet's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Bytes of all pieces.
    pub(super) len: usize,
    /// Tag to put in.
    pub(super) vlan: Option<u16>,
    pub(super) work: Work,
}

/// What is to be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Checksums: of an IPv4 header from..to, and of layer 4 from there on.
    Checksums { ip: Option<(usize, usize)>, l4: Option<(usize, Layer4)> },
    /// Segments.
    Segments(Segmentation),
}

impl Pieces {
    /// None yet.
    pub(super) fn new() -> Pieces {
        Pieces { pieces: [(0, 0); PIECES_MAX], count: 0, first: None, total: 0 }
    }

    /// Adds a descriptor's piece. True if the packet ends with it.
    pub(super) fn add(&mut self, words: [u64; 2]) -> Result<bool, Malformed> {
        let Descriptor::Data(data) = Descriptor::parse(words)? else { return Err(Malformed::Type) };
        let piece = self.pieces.get_mut(self.count).ok_or(Malformed::NoEnd)?;
        if data.len == 0 {
            return Err(Malformed::Empty);
        }
        *piece = (data.iova, data.len);
        self.count += 1;
        self.total += data.len;
        self.first.get_or_insert(data);
        Ok(data.ends)
    }

    /// Address and length of each piece.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, usize)> {
        self.pieces[..self.count].iter().copied()
    }

    /// What the packet's first descriptor asks for, if that makes sense. `demanding`: every packet needs
    /// a context.
    pub(super) fn plan(&self, contexts: &Contexts, demanding: bool) -> Result<Plan, Malformed> {
        let Some(data) = self.first else { return Err(Malformed::Type) };
        if !data.inserts_fcs {
            return Err(Malformed::NoFcs);
        }
        if data.context > 1 {
            return Err(Malformed::ContextIndex);
        }
        let context = contexts[data.context];
        if demanding && !(data.checks_context && context.is_some()) {
            return Err(Malformed::ContextUnchecked);
        }
        if data.other {
            return Err(Malformed::Offload);
        }
        let needs_context = data.vlan || data.ip_checksum || data.l4_checksum;
        let context = match context {
            None if data.segments => return Err(Malformed::SegmentationWithoutContext),
            None if needs_context => return Err(Malformed::NoContext),
            context => context,
        };
        let vlan = context.filter(|_| data.vlan).map(|context| context.vlan);
        let work = match context {
            Some(context) if data.segments => Work::Segments(self.segmentation(&data, &context)?),
            context => self.checksums(&data, context)?,
        };
        Ok(Plan { len: self.total, vlan, work })
    }

    fn segmentation(&self, data: &Data, context: &Context) -> Result<Segmentation, Malformed> {
        let Context { mac, ip, l4, mss, v4, .. } = *context;
        let kind = match context.kind {
            Some(kind @ (Layer4::Tcp | Layer4::Udp)) if !context.other => kind,
            _ => return Err(Malformed::Offload),
        };
        let shortest = if kind == Layer4::Tcp { 20 } else { 8 };
        let headers = mac + ip + l4;
        if mac < 14 || ip < if v4 { 20 } else { 40 } || l4 < shortest || headers >= self.total {
            return Err(Malformed::Headers);
        }
        if data.payload != self.total - headers {
            return Err(Malformed::PayloadLength);
        }
        if mss == 0 {
            return Err(Malformed::SegmentSize);
        }
        if headers + mss.min(data.payload) > FRAME_MAX - TAG_ROOM {
            return Err(Malformed::Long);
        }
        let (ip_checksum, l4_checksum) = (data.ip_checksum, data.l4_checksum);
        Ok(Segmentation { mac, ip, l4, mss, v4, kind, ip_checksum, l4_checksum })
    }

    fn checksums(&self, data: &Data, context: Option<Context>) -> Result<Work, Malformed> {
        if data.payload != self.total {
            return Err(Malformed::PayloadLength);
        }
        if self.total < PACKET_MIN {
            return Err(Malformed::Short);
        }
        if self.total > FRAME_MAX - TAG_ROOM {
            return Err(Malformed::Long);
        }
        let (mut ip, mut l4) = (None, None);
        if let Some(context) = context {
            let end = context.mac + context.ip;
            if data.ip_checksum {
                if context.mac < 14 || context.ip < 20 || end > self.total {
                    return Err(Malformed::Headers);
                }
                ip = Some((context.mac, end));
            }
            if data.l4_checksum {
                let kind = context.kind.filter(|_| !context.other).ok_or(Malformed::Offload)?;
                if context.mac < 14 || end + kind.needed() > self.total {
                    return Err(Malformed::Headers);
                }
                l4 = Some((end, kind));
            }
        }
        Ok(Work::Checksums { ip, l4 })
    }
}

/// Room that the longest frame leaves for the tag that the switch puts in.
const TAG_ROOM: usize = crate::offload::TAG;
