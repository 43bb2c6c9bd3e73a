//! A configuration, what the device says, and what is done to the port.

use arbitrary::{Arbitrary, Result, Unstructured};
use barline_fuzz::{Lie, program, range};

/// STATUS, the mailbox, and of the queues control, head, tail and counters.
const IGBVF: [u64; 22] = [
    0x8, 0xc40, 0xc40, 0x800, 0x800, 0x804, 0x808, 0x80c, 0x2828, 0x2928, 0x3828, 0x3928, 0x2810,
    0x3810, 0x2818, 0x3818, 0xf10, 0xf14, 0xf18, 0xf34, 0xf3c, 0x2830,
];
/// The same of the other family, and LINKS.
const IXGBEVF: [u64; 28] = [
    0x8, 0x10, 0x2fc, 0x2fc, 0x200, 0x200, 0x204, 0x208, 0x20c, 0x210, 0x214, 0x218, 0x21c, 0x220,
    0x1028, 0x1068, 0x2028, 0x2068, 0x1010, 0x2010, 0x1018, 0x2018, 0x101c, 0x1020, 0x1024, 0x201c,
    0x3000, 0x3200,
];
const MODELS: [&str; 4] = ["82599", "x540", "x550", "e610"];

#[derive(Debug)]
pub struct Case {
    /// A model of the second family; `None` is an 82576.
    pub model: Option<&'static str>,
    pub lies: Vec<Lie>,
    pub failing: Option<u32>,
    pub queues: [u16; 2],
    pub options: Options,
    pub ops: Vec<Op>,
}

/// Of a configuration.
#[derive(Arbitrary, Debug)]
pub struct Options {
    pub max_frame: u16,
    pub standard: bool,
    pub mac: Option<[u8; 6]>,
    pub vlan_strip: bool,
    pub simd: u8,
    pub rss: Option<u8>,
}

#[derive(Debug)]
pub enum Op {
    Start,
    Stop(bool),
    Again(bool),
    Drop,
    Send(u8, u16),
    Incoming(u8, u16),
    Step(u8),
    Poll,
    Reap,
    Flush,
    Wait,
    Look(u16),
    Mac([u8; 6]),
    Unicast(u8),
    Multicast(u8),
    Vlan(u16, bool),
    Strip(bool),
    AllMulticast(bool),
    Promiscuous(bool),
    MaxFrame(u16),
    Spread(u8),
    Reset,
    Happen(Trouble),
}

/// What happens to the device.
#[derive(Arbitrary, Debug)]
pub enum Trouble {
    PfReset,
    PfReady,
    /// The PF says something.
    Word(u32),
    WantedBack,
    BusError,
    Link(bool),
    /// Write-backs are absurd, get lost, or come twice; the PF is silent, refuses, or holds the mailbox.
    Lying(u8, bool),
}

impl<'a> Arbitrary<'a> for Op {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Op> {
        Ok(match range(input, 0..=39)? {
            0..=3 => Op::Start,
            4..=7 => Op::Send(input.arbitrary()?, input.arbitrary()?),
            8..=10 => Op::Incoming(input.arbitrary()?, input.arbitrary()?),
            11..=14 => Op::Step(input.arbitrary()?),
            15..=18 => Op::Poll,
            19 => Op::Stop(input.arbitrary()?),
            20 => Op::Again(input.arbitrary()?),
            21 => Op::Drop,
            22 => Op::Reap,
            23 => Op::Flush,
            24 => Op::Wait,
            25..=26 => Op::Look(input.arbitrary()?),
            27 => Op::Mac(input.arbitrary()?),
            28 => Op::Unicast(input.arbitrary()?),
            29 => Op::Multicast(input.arbitrary()?),
            30 => Op::Vlan(input.arbitrary()?, input.arbitrary()?),
            31 => Op::Strip(input.arbitrary()?),
            32 => Op::AllMulticast(input.arbitrary()?),
            33 => Op::Promiscuous(input.arbitrary()?),
            34 => Op::MaxFrame(input.arbitrary()?),
            35 => Op::Spread(input.arbitrary()?),
            36 => Op::Reset,
            _ => Op::Happen(input.arbitrary()?),
        })
    }
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Case> {
        let model = *input.choose(&[None, None, None, Some(0), Some(1), Some(2), Some(3)])?;
        let registers = if model.is_none() { &IGBVF[..] } else { &IXGBEVF };
        let lies = range(input, 0..=8)?;
        let lies = (0..lies).map(|_| Lie::about(registers, input)).collect::<Result<_>>()?;
        let failing = range(input, 0..=40)? as u32;
        Ok(Case {
            model: model.map(|model: usize| MODELS[model]),
            lies,
            failing: (failing < 20).then_some(failing),
            queues: *input.choose(&[[1, 1], [2, 2], [1, 2], [2, 1], [4, 4]])?,
            options: input.arbitrary()?,
            ops: program(input, 60)?,
        })
    }
}
