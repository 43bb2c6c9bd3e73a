//! What stands in sysfs.

use arbitrary::{Arbitrary, Result, Unstructured};
use barline_fuzz::fixtures::{config, vf};
use barline_fuzz::{program, range, text};

/// Attributes that something is read of.
const ATTRIBUTES: [&str; 15] = [
    "vendor",
    "device",
    "subsystem_vendor",
    "subsystem_device",
    "class",
    "revision",
    "numa_node",
    "driver_override",
    "resource",
    "sriov_totalvfs",
    "sriov_numvfs",
    "sriov_drivers_autoprobe",
    "net/eth0/address",
    "config",
    "virtfn0",
];
const LINKS: [&str; 6] = ["driver", "iommu_group", "physfn", "virtfn0", "virtfn1", "virtfn70000"];
const TEXTS: [&str; 14] = [
    "",
    "\n",
    "0\n",
    "-1\n",
    "0x8086\n",
    "0x\n",
    "0x10000000000000000\n",
    "8\n",
    "65536\n",
    "(null)\n",
    "vfio-pci\n",
    "0x0 0x0 0x0\n",
    "52:54:00:00:00:01\n",
    "../0000:01:10.0",
];
/// Where the lists of the fixtures begin, their entries, and where there is hardly room for one.
const ENTRIES: [u16; 15] = [
    0x34, 0x40, 0x50, 0x70, 0xa0, 0xf0, 0xf8, 0xfc, 0x100, 0x140, 0x150, 0x160, 0x1d0, 0xfd0, 0xffc,
];
const NUMBERS: [u64; 7] = [0, 1, 0xfe00_0000, 0xfe01_ffff, 0x4_0200, 0x14_220c, u64::MAX];
const LINE: &str = "0x00000000fe000000 0x00000000fe01ffff 0x0000000000040200\n";

#[derive(Debug)]
pub struct Case {
    pub config: Vec<Config>,
    pub edits: Vec<Edit>,
}

#[derive(Debug)]
pub enum Edit {
    Write(usize, &'static str, Vec<u8>),
    Link(usize, &'static str, String),
    Remove(usize, &'static str),
}

/// Configuration space of one function.
#[derive(Debug)]
pub struct Config {
    pub kind: u8,
    pub len: usize,
    /// Words that are overwritten, and where the standard list begins then, with which entry.
    pub patches: Vec<(u16, u32)>,
    pub first: Option<(u16, u32)>,
}

impl<'a> Arbitrary<'a> for Config {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Config> {
        let len = match range(input, 0..=7)? {
            0 => usize::from(input.arbitrary::<u16>()?) % 5000,
            1 => 64,
            2 => 256,
            _ => 4096,
        };
        let patches = range(input, 0..=12)?;
        let place = |input: &mut Unstructured<'a>| {
            let anywhere = input.arbitrary::<u16>()?;
            Ok(if anywhere & 3 == 0 { anywhere >> 2 } else { *input.choose(&ENTRIES)? })
        };
        let patch = |input: &mut Unstructured<'a>| {
            // An entry of a list that points to another one, or anything.
            let id = *input.choose(&[0x01, 0x05, 0x10, 0x11, 0x0d, 0x0e, 0x0f, 0xff])?;
            let value = match range(input, 0..=3)? {
                0 => u32::from(place(input)?) << 20 | 1 << 16 | id,
                1 => u32::from(place(input)?) << 8 & 0xff00 | id,
                2 => place(input)?.into(),
                _ => input.arbitrary()?,
            };
            Ok((place(input)?, value))
        };
        let patches = (0..patches).map(|_| patch(input)).collect::<Result<_>>()?;
        let first = if input.arbitrary()? { Some(patch(input)?) } else { None };
        Ok(Config { kind: input.arbitrary()?, len, patches, first })
    }
}

impl Config {
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = match self.kind % 4 {
            0 => config::vf(),
            1 => config::plain(),
            _ => config::pf(),
        };
        bytes.resize(self.len, 0);
        let pointer = self.first.map(|(at, _)| (0x34, at.into()));
        for (at, value) in self.patches.iter().chain(&pointer).chain(&self.first) {
            let at = usize::from(*at) & 0xffc;
            if let Some(word) = bytes.get_mut(at..at + 4) {
                word.copy_from_slice(&value.to_le_bytes());
            }
        }
        bytes
    }
}

impl<'a> Arbitrary<'a> for Edit {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Edit> {
        let function = range(input, 0..=2)?;
        Ok(match range(input, 0..=7)? {
            0 => Edit::Link(function, input.choose(&LINKS)?, target(input)?),
            1 => Edit::Remove(function, input.choose(&LINKS)?),
            2 => Edit::Remove(function, input.choose(&ATTRIBUTES)?),
            3 => {
                let mut table = LINE.repeat(range(input, 0..=14)?);
                let line = [0; 3].map(|_: u8| input.choose(&NUMBERS).copied());
                let [start, end, flags] = line;
                table.insert_str(0, &format!("{:#x} {:#x} {:#x}\n", start?, end?, flags?));
                if input.arbitrary()? {
                    let at = range(input, 0..=table.len())?;
                    table.insert_str(at, &text(input, 24)?);
                }
                Edit::Write(function, "resource", table.into_bytes())
            }
            4 => {
                let len = range(input, 0..=40)?.min(input.len());
                Edit::Write(function, input.choose(&ATTRIBUTES)?, input.bytes(len)?.to_vec())
            }
            5 => {
                let number = format!("{:#x}\n", input.arbitrary::<u64>()? >> range(input, 0..=63)?);
                Edit::Write(function, input.choose(&ATTRIBUTES)?, number.into_bytes())
            }
            _ => {
                let text = *input.choose(&TEXTS)?;
                Edit::Write(function, input.choose(&ATTRIBUTES)?, text.into())
            }
        })
    }
}

/// Where a link may lead.
fn target(input: &mut Unstructured<'_>) -> Result<String> {
    Ok(match range(input, 0..=3)? {
        0 => format!("../{}", vf(range(input, 0..=3)? as u16)),
        1 => format!("../../../kernel/iommu_groups/{}", input.arbitrary::<u64>()?),
        2 => (*input.choose(&["../0000:01:00.0", "/", ".", "..", "../0000:ff:1f.7"])?).to_string(),
        _ => text(input, 20)?.replace(['\0', '/'], "_"),
    })
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Case> {
        let config = (0..3).map(|_| input.arbitrary()).collect::<Result<_>>()?;
        Ok(Case { config, edits: program(input, 12)? })
    }
}
