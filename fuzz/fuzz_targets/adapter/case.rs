//! What is done to the adapter.

use std::num::NonZeroU64;

use arbitrary::{Arbitrary, Result, Unstructured};
use barline_fuzz::datapath::rig::RAM;
use barline_fuzz::datapath::tx_ring::{self as tx};
use barline_fuzz::{program, range};
use softnic::{Fault, MailboxMood};

/// Pages of VF 0's memory.
pub const PAGES: usize = 64;
const BYTES: u64 = PAGES as u64 * 4096;

const MODELS: [&str; 4] = ["82599", "x540", "x550", "e610"];
const OPTIONS: [&str; 5] = ["", ",spoof=off", ",mdd=on", ",trust=on,promisc=on", ",rate=100"];

#[derive(Debug)]
pub struct Case {
    pub options: String,
    pub ops: Vec<Op>,
}

#[derive(Debug)]
pub enum Op {
    Transmit([u64; 2]),
    Doorbell,
    Arm(u8, u64),
    Register(usize, u32),
    Message([u32; 16], u32),
    Config(usize, Vec<u8>),
    Poke(u64, Vec<u8>),
    Wire { to: u8, len: usize, tag: Option<u16>, seed: u8 },
    Step,
    Pass(u64),
    Feed(usize),
    Reset,
    Happen(Fault),
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Case> {
        let model = *input.choose(&MODELS)?;
        let mut option = *input.choose(&OPTIONS)?;
        if option == ",mdd=on" && matches!(model, "82599" | "x540") {
            option = "";
        }
        Ok(Case { options: format!("vfs=2,model={model}{option}"), ops: program(input, 600)? })
    }
}

impl<'a> Arbitrary<'a> for Op {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Op> {
        Ok(match range(input, 0..=31)? {
            0..=7 => Op::Transmit(descriptor(input)?),
            8..=9 => Op::Doorbell,
            10..=11 => Op::Arm(input.arbitrary()?, address(input)?),
            12..=16 => Op::Register(register(input)?, value(input)?),
            17..=18 => Op::Message(message(input)?, *input.choose(&[1, 5, 4, 2, 0])?),
            19 => {
                let len = range(input, 0..=8)?.min(input.len());
                Op::Config(range(input, 0..=4200)?, input.bytes(len)?.to_vec())
            }
            20 => {
                let len = range(input, 0..=64)?.min(input.len());
                Op::Poke(
                    u64::from(input.arbitrary::<u32>()?) % (BYTES - 64),
                    input.bytes(len)?.to_vec(),
                )
            }
            21..=23 => Op::Wire {
                to: input.arbitrary()?,
                len: range(input, 14..=9724)?,
                tag: input.arbitrary()?,
                seed: input.arbitrary()?,
            },
            24..=26 => Op::Step,
            27 => Op::Pass(u64::from(input.arbitrary::<u32>()?) % 30_000_000),
            28 => Op::Feed(range(input, 0..=80)?),
            29 => Op::Reset,
            _ => Op::Happen(fault(input)?),
        })
    }
}

/// Inside the memory, about its end, or anything.
fn address(input: &mut Unstructured<'_>) -> Result<u64> {
    Ok(match range(input, 0..=7)? {
        0 => input.arbitrary()?,
        1 => RAM + BYTES - 1100 + range(input, 0..=1200)? as u64,
        2 => RAM - 32 + range(input, 0..=64)? as u64,
        _ => RAM + u64::from(input.arbitrary::<u32>()?) % BYTES,
    })
}

/// Data that are nearly right, contexts, or anything.
fn descriptor(input: &mut Unstructured<'_>) -> Result<[u64; 2]> {
    let bits = [
        tx::EOP,
        tx::IFCS,
        tx::RS,
        tx::VLE,
        tx::TSE,
        tx::CC,
        tx::IXSM,
        tx::TXSM,
        tx::idx(1),
        tx::DEXT,
        tx::DD,
    ];
    Ok(match range(input, 0..=7)? {
        0 => input.arbitrary()?,
        1..=2 => {
            let (lengths, vlan, mss, rest): ([u8; 3], u16, u16, u16) = input.arbitrary()?;
            let [mac, ip, l4] = lengths.map(u64::from);
            let rest = u64::from(rest & 0x3f) << 9 | tx::idx(u64::from(rest) >> 15);
            tx::context([mac & 0x7f, ip * 2, l4], vlan, (mss % 2000).into(), rest)
        }
        _ => {
            let len = range(input, 0..=1100)?;
            let off = *input.choose(&[0, 0, 0, 0, 1, 40])?;
            let mut word = tx::DATA | tx::DEXT | tx::IFCS | tx::EOP | tx::RS | len as u64;
            word |= tx::paylen(len.saturating_sub(off));
            for _ in 0..range(input, 0..=5)?.saturating_sub(2) {
                word ^= *input.choose(&bits)?;
            }
            [address(input)?, word]
        }
    })
}

fn register(input: &mut Unstructured<'_>) -> Result<usize> {
    Ok(match range(input, 0..=7)? {
        0 => input.arbitrary()?,
        1..=2 => 4 * range(input, 0..=0x340 / 4)?,
        3 => 4 * range(input, 0..=0x1000)?,
        _ => {
            let block = *input.choose(&[0x1000, 0x2000])?;
            block + 0x40 * range(input, 0..=4)? + 4 * range(input, 0..=15)?
        }
    })
}

/// Values that switch things on as often as any others.
fn value(input: &mut Unstructured<'_>) -> Result<u32> {
    Ok(match range(input, 0..=7)? {
        0 => input.arbitrary()?,
        1 => address(input)? as u32,
        2 => 128 * range(input, 0..=40)? as u32,
        3 => range(input, 0..=80)? as u32,
        _ => *input.choose(&[0, 1 << 25, 1 << 26, 1 << 25 | 1 << 30, 1 << 25 | 2, u32::MAX])?,
    })
}

fn message(input: &mut Unstructured<'_>) -> Result<[u32; 16]> {
    let mut words = [0; 16];
    for word in &mut words {
        *word = if input.is_empty() { 0 } else { input.arbitrary()? };
    }
    words[0] = words[0] & 0x00ff_0000 | (words[0] % 0x14);
    Ok(words)
}

/// What happens to VF 0, or to all.
fn fault(input: &mut Unstructured<'_>) -> Result<Fault> {
    let vf = 0;
    let on = input.arbitrary()?;
    let one_in = NonZeroU64::new(range(input, 0..=3)? as u64);
    Ok(match range(input, 0..=17)? {
        0 => Fault::PfReset,
        1 => Fault::PfInterface { up: on },
        2 => Fault::Link { up: on },
        3 => Fault::PortVlan { vf, vlan: input.arbitrary()? },
        4 => Fault::Trust { vf, trusted: on },
        5 => Fault::Address { vf, mac: input.arbitrary()? },
        6 => {
            let late = MailboxMood::Late(u64::from(input.arbitrary::<u32>()?) % 4_000_000);
            let moods = [late, MailboxMood::Silent, MailboxMood::Refusing, MailboxMood::Holding];
            Fault::Mailbox {
                vf,
                mood: if on { *input.choose(&moods)? } else { MailboxMood::Prompt },
            }
        }
        7 => Fault::AbsurdWritebacks { vf, on },
        8 => Fault::LostWritebacks { vf, on },
        9 => Fault::RepeatedWritebacks { vf, on },
        10 => Fault::LostInterrupts { vf, on },
        11 => Fault::Removal { vf },
        12 => Fault::WantedBack { vf },
        13 => Fault::DropOneIn(one_in),
        14 => Fault::DuplicateOneIn(one_in),
        15 => Fault::SwapOneIn(one_in),
        16 => Fault::CorruptOneIn(one_in),
        _ => Fault::UplinkHeld { on },
    })
}
