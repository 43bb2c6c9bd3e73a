//! A transmit ring, and what is done to it.

use arbitrary::{Arbitrary, Result, Unstructured};
use barline_fuzz::model::{Ip, Traffic};
use barline_fuzz::{Formats, program, range, traffic};
use barline_ring::Layout;

#[derive(Debug)]
pub struct Case {
    pub format: Formats,
    pub len: usize,
    pub max_packet: usize,
    pub max_chain: usize,
    pub layout: Layout,
    pub capacity: usize,
    pub limits: [usize; 2],
    pub buffers: usize,
    pub ops: Vec<Op>,
}

#[derive(Debug)]
pub enum Op {
    /// So many packets like this one.
    Plain(u8, Plain),
    /// So many packets that ask for the same, and one that differs in something.
    Asking(u8, Asking, Twist),
    Push,
    /// The device takes all of it, or so many descriptors.
    Step(Option<u8>),
    Reap(bool),
    Clear,
    Restart,
    /// It reports what it has not read.
    Early,
    Reporting(bool),
    Scribble(u16, [u64; 2]),
    MaxPacket(u32),
    Look(u16),
}

/// A packet of which nothing is asked but a tag.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Plain {
    pub len: u16,
    pub size: u8,
    pub tag: Option<u8>,
    /// What is cut off its first frame, or put before it, and how long that is then.
    pub front: i8,
    pub cut: Option<u16>,
}

/// A packet of which something is asked.
#[derive(Clone, Debug)]
pub struct Asking {
    pub traffic: Traffic,
    pub tag: Option<u16>,
    pub mss: Option<u16>,
}

/// How another packet differs.
#[derive(Arbitrary, Debug)]
pub enum Twist {
    TagInBytes,
    TagBeside,
    IpOptions,
    TcpOptions,
    Payload,
    Protocol,
}

impl Twist {
    pub fn applied(&self, asking: &Asking) -> Asking {
        let mut other = asking.clone();
        let traffic = &mut other.traffic;
        match self {
            Twist::TagInBytes => traffic.tags = vec![(0x8100, 7); 1 - traffic.tags.len().min(1)],
            Twist::TagBeside => other.tag = other.tag.map_or(Some(1), |_| None),
            Twist::IpOptions => {
                traffic.ip = match traffic.ip {
                    Ip::V4(options) => Ip::V4((options + 1) % 11),
                    Ip::V6(options) => Ip::V6((options + 1) % 4),
                }
            }
            Twist::TcpOptions => traffic.options = (traffic.options + 1) % 11,
            Twist::Payload => traffic.payload += 100,
            Twist::Protocol => traffic.protocol = if traffic.protocol == 17 { 6 } else { 17 },
        }
        other
    }
}

impl<'a> Arbitrary<'a> for Asking {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Asking> {
        let payload = *input.choose(&[64, 64, 900, 5000])?;
        Ok(Asking {
            traffic: traffic(input, payload)?,
            tag: input.arbitrary::<Option<u8>>()?.map(|tag| u16::from(tag) % 3),
            mss: *input.choose(&[None, None, Some(17), Some(100), Some(1460)])?,
        })
    }
}

impl<'a> Arbitrary<'a> for Op {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Op> {
        Ok(match range(input, 0..=31)? {
            0..=4 => Op::Plain(input.arbitrary()?, input.arbitrary()?),
            5..=9 => Op::Asking(input.arbitrary()?, input.arbitrary()?, input.arbitrary()?),
            10..=16 => Op::Push,
            17..=23 => Op::Step(input.arbitrary()?),
            24 => Op::Reap(input.arbitrary()?),
            25 => Op::Clear,
            26 => Op::Restart,
            27 => Op::Early,
            28 => Op::Reporting(input.arbitrary()?),
            29 => Op::Scribble(input.arbitrary()?, input.arbitrary()?),
            30 => Op::MaxPacket(input.arbitrary()?),
            _ => Op::Look(input.arbitrary()?),
        })
    }
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Case> {
        let bits = *input.choose(&[6, 6, 6, 6, 7, 7, 8, 9, 12])?;
        // The largest arenas take long to make.
        let kib: &[usize] = if bits < 8 { &[1, 1, 2, 3, 16] } else { &[1, 2] };
        let data_room = 1024 * input.choose(kib)?;
        let headroom = range(input, 0..=512)? * 2;
        Ok(Case {
            format: input.arbitrary()?,
            len: 1 << bits,
            max_packet: *input.choose(&[1514, 60, 16, 3000, 9724, 70_000])?,
            max_chain: range(input, 1..=40)?,
            layout: Layout { data_room, headroom },
            capacity: range(input, 1..=255)?,
            limits: [range(input, 0..=255)?, range(input, 0..=255)?],
            buffers: range(input, 32..=600)?,
            ops: program(input, 400)?,
        })
    }
}
