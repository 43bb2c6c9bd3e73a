//! Files of packets that a software adapter plays (`uplink=pcap`): whole ones, broken ones, and bytes
//! that were never one. What a whole file holds is played, in order, to the last frame; of anything
//! else, frames of lengths that a wire has, as many as are counted.
#![no_main]

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};
use barline_fuzz::uplink::Vfs;
use barline_fuzz::{program, range};
use libfuzzer_sys::fuzz_target;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::{DataLink, Endianness, TsResolution};
use softnic::Spec;
use softnic::uplink;
use tempfile::TempDir;

/// Where the file is.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

#[derive(Debug)]
struct Case {
    file: File,
    /// What becomes of it then: bytes that are changed, and where it ends.
    patches: Vec<(u16, u8)>,
    end: Option<u16>,
    pace: bool,
    again: bool,
}

#[derive(Debug)]
enum File {
    Pcap { big: bool, nanoseconds: bool, link: u32, packets: Vec<Packet> },
    PcapNg { big: bool, resolution: Option<u8>, links: Vec<u32>, packets: Vec<Packet> },
    Bytes(Vec<u8>),
}

#[derive(Arbitrary, Clone, Debug)]
struct Packet {
    time: u32,
    len: u16,
    interface: u8,
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Case> {
        let whole = range(input, 0..=2)? == 0;
        let patches = if whole { 0 } else { range(input, 0..=6)? };
        let patches = (0..patches).map(|_| input.arbitrary()).collect::<Result<_>>()?;
        let end = if whole { None } else { input.arbitrary()? };
        let (pace, again) = input.arbitrary()?;
        let link = |input: &mut Unstructured<'a>| Ok(*input.choose(&[1, 1, 1, 1, 0, 101, 228])?);
        let file = match range(input, 0..=4)? {
            0 | 1 => File::Pcap {
                big: input.arbitrary()?,
                nanoseconds: input.arbitrary()?,
                link: link(input)?,
                packets: program(input, 60)?,
            },
            2 | 3 => File::PcapNg {
                big: input.arbitrary()?,
                resolution: input.arbitrary()?,
                links: (0..range(input, 0..=3)?).map(|_| link(input)).collect::<Result<_>>()?,
                packets: program(input, 60)?,
            },
            _ => File::Bytes(program(input, 4096)?),
        };
        Ok(Case { file, patches, end, pace, again })
    }
}

impl Packet {
    /// Its bytes: of most lengths that there are, and some that there are not.
    fn bytes(&self) -> Vec<u8> {
        let len = match self.len {
            0..=0x3fff => self.len % 100,
            0x4000..=0xbfff => self.len % 2000,
            _ => self.len % 10_000,
        };
        (0..len).map(|i| (i ^ self.len) as u8).collect()
    }

    /// What a wire makes of it.
    fn frame(&self) -> Option<Vec<u8>> {
        let mut bytes = self.bytes();
        let fits = (14..=9728).contains(&bytes.len());
        bytes.resize(bytes.len().max(60), 0);
        fits.then_some(bytes)
    }
}

fn endianness(big: bool) -> Endianness {
    if big { Endianness::Big } else { Endianness::Little }
}

impl File {
    fn bytes(&self) -> Vec<u8> {
        match self {
            File::Bytes(bytes) => bytes.clone(),
            File::Pcap { big, nanoseconds, link, packets } => {
                let header = PcapHeader {
                    datalink: DataLink::from(*link),
                    ts_resolution: match nanoseconds {
                        true => TsResolution::NanoSecond,
                        false => TsResolution::MicroSecond,
                    },
                    endianness: endianness(*big),
                    ..PcapHeader::default()
                };
                let mut writer = PcapWriter::with_header(Vec::new(), header).expect("memory");
                for packet in packets {
                    let bytes = packet.bytes();
                    let time = Duration::from_micros(packet.time.into());
                    let packet = PcapPacket::new(time, bytes.len() as u32, &bytes);
                    writer.write_packet(&packet).expect("memory");
                }
                writer.into_writer()
            }
            File::PcapNg { big, resolution, links, packets } => {
                let mut writer =
                    PcapNgWriter::with_endianness(Vec::new(), endianness(*big)).expect("memory");
                for link in links {
                    let options = resolution.map(InterfaceDescriptionOption::IfTsResol);
                    let block = InterfaceDescriptionBlock {
                        linktype: DataLink::from(*link),
                        snaplen: 0,
                        options: options.into_iter().collect(),
                    };
                    writer.write_pcapng_block(block).expect("memory");
                }
                for packet in packets.iter().filter(|_| !links.is_empty()) {
                    let bytes = packet.bytes();
                    let block = EnhancedPacketBlock {
                        interface_id: u32::from(packet.interface) % links.len() as u32,
                        timestamp: Duration::from_nanos(packet.time.into()),
                        original_len: bytes.len() as u32,
                        data: Cow::Owned(bytes),
                        options: Vec::new(),
                    };
                    writer.write_pcapng_block(block).expect("memory");
                }
                writer.into_inner()
            }
        }
    }

    /// What is to be played of it; `None` if nobody can say.
    fn frames(&self) -> Option<Vec<Vec<u8>>> {
        match self {
            File::Bytes(_) => None,
            File::Pcap { packets, .. } => Some(packets.iter().filter_map(Packet::frame).collect()),
            File::PcapNg { links, packets, .. } => {
                let ethernet = |packet: &&Packet| {
                    links.get(usize::from(packet.interface) % links.len().max(1)) == Some(&1)
                };
                Some(packets.iter().filter(ethernet).filter_map(Packet::frame).collect())
            }
        }
    }
}

impl Case {
    fn is_whole(&self) -> bool {
        self.patches.is_empty() && self.end.is_none()
    }

    fn write(&self) -> PathBuf {
        let mut bytes = self.file.bytes();
        let len = bytes.len().max(1);
        for (at, value) in &self.patches {
            // The headers are at the start.
            let at = if at & 1 == 0 { usize::from(*at) / 2 % 64 } else { usize::from(*at) };
            bytes.get_mut(at % len).into_iter().for_each(|byte| *byte = *value);
        }
        bytes.truncate(self.end.map_or(len, |end| usize::from(end) % len));
        let path = FOLDER.path().join("file");
        fs::write(&path, bytes).expect("room for the file");
        path
    }
}

fuzz_target!(|case: Case| {
    let path = case.write();
    let switch = |on| if on { "on" } else { "off" };
    let (pace, again) = (switch(case.pace), switch(case.again));
    let options = format!("uplink=pcap,pace={pace},loop={again},read={}", path.display());
    let spec = Spec::parse(&options).expect("they are right");
    let mut player = match uplink::open(&spec.uplink, 0) {
        Ok(player) => player,
        Err(error) => {
            assert!(error.to_string().contains(&path.display().to_string()));
            let other_link = matches!(case.file, File::Pcap { link, .. } if link != 1);
            return assert!(!case.is_whole() || other_link || matches!(case.file, File::Bytes(_)));
        }
    };
    let mut wire = Vfs::with_room(&[usize::MAX, usize::MAX]);
    let mut sent = 0;
    for step in 0..4 {
        // All is due in a century, at the latest.
        let now = if step == 0 { 0 } else { u64::MAX / 2 };
        let count = player.poll(now, 64, &mut wire);
        assert!(count <= 64);
        sent += count;
        assert_eq!(wire.frames.len(), sent);
    }
    assert_eq!(player.counters().sent.frames, sent as u64);
    assert!(wire.frames.iter().all(|frame| (60..=9728).contains(&frame.len())));
    if let (Some(frames), true) = (case.file.frames(), case.is_whole()) {
        assert!(sent >= frames.len(), "{sent} of {} frames", frames.len());
        assert!(case.again || sent == frames.len());
        assert!(wire.frames.iter().zip(frames.iter().cycle()).all(|(got, frame)| got == frame));
    }
});
