//! Reads packets from a file, pcap or pcapng.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::{Block, PcapNgReader};
use pcap_file::{DataLink, PcapError};

use crate::uplink::UplinkError;

/// How a pcapng file begins (its section header's type).
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// A file that is read once.
pub(super) enum Source {
    Pcap(PcapReader<File>),
    PcapNg(PcapNgReader<File>),
}

/// A packet and when it was recorded.
pub(super) struct Packet {
    /// Nanoseconds since some time that is the same for all packets of a file.
    pub(super) time: u64,
    pub(super) bytes: Vec<u8>,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Source, UplinkError> {
        let failed = |source| UplinkError::File { key: "read", path: path.into(), source };
        let open = || File::open(path).map_err(|error| failed(PcapError::IoError(error)));
        let mut start = Vec::new();
        open()?
            .take(4)
            .read_to_end(&mut start)
            .map_err(|error| failed(PcapError::IoError(error)))?;
        if start == PCAPNG {
            return Ok(Source::PcapNg(PcapNgReader::new(open()?).map_err(failed)?));
        }
        let reader = PcapReader::new(open()?).map_err(failed)?;
        match reader.header().datalink {
            DataLink::ETHERNET => Ok(Source::Pcap(reader)),
            link => Err(UplinkError::LinkType { path: path.into(), link: link.into() }),
        }
    }

    /// The next packet of an Ethernet; none at the end of the file, or where it is damaged.
    pub(super) fn next(&mut self) -> Option<Result<Packet, PcapError>> {
        match self {
            Source::Pcap(reader) => Some(reader.next_packet()?.map(|packet| Packet {
                time: nanoseconds(packet.timestamp),
                bytes: packet.data.into_owned(),
            })),
            Source::PcapNg(reader) => next_of_blocks(reader),
        }
    }
}

fn next_of_blocks(reader: &mut PcapNgReader<File>) -> Option<Result<Packet, PcapError>> {
    loop {
        let packet = match reader.next_block()? {
            Ok(Block::EnhancedPacket(packet)) => packet.into_owned(),
            Ok(_) => continue,
            Err(error) => return Some(Err(error)),
        };
        let Some(interface) = reader.packet_interface(&packet) else { continue };
        if interface.linktype == DataLink::ETHERNET {
            // The crate takes every timestamp for nanoseconds.
            let time = in_nanoseconds(nanoseconds(packet.timestamp), interface);
            return Some(Ok(Packet { time, bytes: packet.data.into_owned() }));
        }
    }
}

/// A timestamp in the units of its interface (pcapng, 4.2, `if_tsresol`; microseconds if not said).
fn in_nanoseconds(ticks: u64, interface: &InterfaceDescriptionBlock) -> u64 {
    let resolution = interface.options.iter().find_map(|option| match option {
        InterfaceDescriptionOption::IfTsResol(resolution) => Some(*resolution),
        _ => None,
    });
    let resolution = resolution.unwrap_or(6);
    let exponent = u32::from(resolution & 0x7f);
    let ticks = u128::from(ticks) * 1_000_000_000;
    let per_second = match resolution & 0x80 {
        0 => 10u128.checked_pow(exponent),
        _ => 1u128.checked_shl(exponent),
    };
    per_second.map_or(0, |per_second| (ticks / per_second) as u64)
}

fn nanoseconds(time: Duration) -> u64 {
    time.as_nanos() as u64
}
