//! A receive ring, and what is done to it.

use arbitrary::{Arbitrary, Result, Unstructured};
use barline_fuzz::wire::{Lie, Spec};
use barline_fuzz::{Formats, program, range};
use barline_ring::Layout;

#[derive(Debug)]
pub struct Case {
    pub format: Formats,
    pub len: usize,
    pub max_chain: usize,
    pub layout: Layout,
    pub capacities: [usize; 2],
    pub limit: usize,
    pub spare: usize,
    pub ops: Vec<Op>,
}

#[derive(Debug)]
pub enum Op {
    /// So many packets like this one come by the wire, and the device takes them or does not yet.
    Wire(u8, Packet),
    /// The device takes all of it, or so many pieces.
    Step(Option<u8>),
    Poll(bool),
    Clear(bool),
    Restart,
    Strip(bool),
    Scribble(u16, Words),
    Look(u16),
}

#[derive(Arbitrary, Debug)]
pub struct Packet {
    pub len: u16,
    pub vlan: Option<u16>,
    pub rss: Option<(u8, u32)>,
    pub types: u8,
    /// Of one packet in four.
    pub lie: Option<Option<Untruth>>,
}

/// As [`Lie`].
#[derive(Arbitrary, Debug)]
pub enum Untruth {
    Length(u16),
    LengthAboutRoom(i8),
    Empty,
    Endless,
    Damaged,
    EmptyEnd,
    Never(u8),
    Garbage([u64; 2]),
    PlausibleGarbage([u64; 2]),
}

#[derive(Arbitrary, Debug)]
pub enum Words {
    Any([u64; 2]),
    /// Done, perhaps the end, with a length that may pass.
    Plausible(u64, bool, u16, u16),
    Zero,
}

impl<'a> Arbitrary<'a> for Op {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Op> {
        Ok(match range(input, 0..=23)? {
            0..=6 => Op::Wire(input.arbitrary()?, input.arbitrary()?),
            7..=13 => Op::Poll(input.arbitrary()?),
            14..=15 => Op::Step(input.arbitrary()?),
            16..=17 => Op::Clear(input.arbitrary()?),
            18..=20 => Op::Scribble(input.arbitrary()?, input.arbitrary()?),
            21 => Op::Strip(input.arbitrary()?),
            22 => Op::Look(input.arbitrary()?),
            _ => Op::Restart,
        })
    }
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Case> {
        let bits = *input.choose(&[6, 6, 6, 6, 7, 7, 8, 9, 12])?;
        // The largest arenas take long to make.
        let kib: &[usize] = if bits < 8 { &[1, 1, 2, 3, 16] } else { &[1, 2] };
        let data_room = 1024 * input.choose(kib)?;
        // Half of them with a device that only lies about packets.
        let scribbles = input.arbitrary()?;
        let headroom = range(input, 0..=512)? * 2;
        let mut case = Case {
            format: input.arbitrary()?,
            len: 1 << bits,
            max_chain: *input.choose(&[1, 2, 3, 8, 40, usize::MAX])?,
            layout: Layout { data_room, headroom },
            capacities: [range(input, 0..=255)?, range(input, 0..=15)?],
            limit: range(input, 0..=300)?,
            spare: range(input, 32..=255)?,
            ops: program(input, 400)?,
        };
        case.ops.retain(|op| scribbles || !matches!(op, Op::Scribble(..)));
        Ok(case)
    }
}

impl Packet {
    pub fn spec(&self, room: usize) -> Spec {
        let garbage = |[first, second]: [u64; 2]| {
            Lie::Garbage([first, second & !(0xffff << 32) | 0x3 | 0x100 << 32])
        };
        let lie = self.lie.as_ref().and_then(Option::as_ref).map(|lie| match *lie {
            Untruth::Length(len) => Lie::Length(len),
            Untruth::LengthAboutRoom(n) => Lie::Length((room as i32 + i32::from(n)) as u16),
            Untruth::Empty => Lie::Length(0),
            Untruth::Endless => Lie::Endless,
            Untruth::Damaged => Lie::Damaged,
            Untruth::EmptyEnd => Lie::EmptyEnd,
            // Nothing comes behind one that is not done, until the ring is restarted.
            Untruth::Never(n) if n < 32 => Lie::Never,
            Untruth::Never(_) => Lie::Damaged,
            Untruth::Garbage([first, second]) if first & 7 != 0 => {
                Lie::Garbage([first, second | 1])
            }
            Untruth::Garbage(words) => Lie::Garbage(words),
            Untruth::PlausibleGarbage(words) => garbage(words),
        });
        Spec {
            len: 17 + usize::from(self.len / 2) % if self.len & 1 == 0 { 100 } else { 4 * room },
            vlan: self.vlan,
            rss: self.rss.map(|(kind, hash)| (1 + kind % 15, hash)),
            types: self.types,
            lie,
        }
    }
}

impl Words {
    pub fn words(&self, room: usize) -> [u64; 2] {
        match *self {
            Words::Any(words) => words,
            Words::Plausible(first, end, len, rest) => {
                let len = u64::from(len) % (room as u64 + 2);
                [first, 1 | u64::from(end) << 1 | len << 32 | u64::from(rest) << 48]
            }
            Words::Zero => [0, 0],
        }
    }
}
