//! Sends the packets of a pcap or pcapng file, as fast as the VF takes them or as they were recorded.
//!
//! Shows how to send packets of any length, and how to wait for a time without losing what is under
//! way. A real VF must be bound to vfio-pci (`barline bind BDF`):
//!
//! ```text
//! cargo run --release -p barline --example replay -- --read few.pcapng --loops 1000 soft:spoof=off
//! cargo run --release -p barline --example replay -- --read all.pcapng --as-recorded 0000:01:10.0
//! ```
//!
//! A PF lets its VFs send from their own addresses only, unless told otherwise (`ip link set PF vf N
//! spoofchk off`, or the option `spoof=off` of a software adapter).

mod common;

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use barline::{Config, FrameBatch};
use barline_device::DeviceName;
use clap::Parser;
use common::{Outcome, Stop};
use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::{Block, PcapNgReader};
use pcap_file::{DataLink, PcapError, TsResolution};

/// How a pcapng file begins.
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// A wait that is longer than this is slept, and the end of it waited out.
const SLEEP: Duration = Duration::from_millis(2);

/// Sends the packets of a file.
#[derive(Parser)]
#[command(name = "replay")]
struct Args {
    /// The device: a PCI address, or `soft` with or without options.
    #[arg(default_value_t)]
    device: DeviceName,
    /// The file to read: pcap, or pcapng.
    #[arg(short, long, value_name = "FILE")]
    read: PathBuf,
    /// How often the file is sent; 0 is without an end.
    #[arg(short, long, value_name = "N", default_value_t = 1)]
    loops: u64,
    /// Keep to the times between the packets.
    #[arg(long)]
    as_recorded: bool,
}

fn main() -> ExitCode {
    common::run(replay)
}

/// A packet, and when it was recorded.
struct Recorded {
    at: Duration,
    data: Vec<u8>,
    /// False for what was cut short.
    whole: bool,
}

fn replay(args: Args, stop: &Stop) -> Outcome {
    let name = args.read.display();
    let packets = load(&args.read).map_err(|error| format!("{name}: {error}"))?;
    let longest = packets.iter().map(|packet| packet.data.len()).max();
    let (Some(longest), Some(first)) = (longest, packets.first()) else {
        return Err(format!("{name}: no packet in it that was recorded whole").into());
    };
    let max_frame = u16::try_from(longest + 4)
        .map_err(|_| {
            format!("{name}: has a packet of {longest} bytes, more than any device sends")
        })?
        .max(1518);

    let config = Config { max_frame, ..Config::default() };
    let mut port = barline_device::open(&args.device, config)?.port;
    let mut queues = port.start()?;
    let tx = &mut queues.tx[0];
    let pool = port.pool();
    let mut batch = pool.batch(32);
    writeln!(stdout(), "{}: {}, link {}", port.name(), port.mac(), port.link())?;
    let mac = port.mac();
    if packets.iter().any(|packet| packet.data.get(6..12) != Some(&mac.0)) {
        writeln!(
            stdout(),
            "{name}: from other addresses than {mac}: a PF with a spoof check drops them"
        )?;
    }

    let start = Instant::now();
    let length = packets.last().map_or(Duration::ZERO, |last| last.at.saturating_sub(first.at));
    let (mut sent, mut round_start) = (0, Duration::ZERO);
    'rounds: while args.loops == 0 || sent < args.loops {
        for packet in &packets {
            let due = round_start.saturating_add(packet.at.saturating_sub(first.at));
            loop {
                let early = match args.as_recorded {
                    true => due.saturating_sub(start.elapsed()),
                    false => Duration::ZERO,
                };
                if early.is_zero() && add(&mut batch, &packet.data) {
                    break;
                }
                // It is not time yet, or the batch is full: the device takes what it has room for.
                if tx.push(&mut batch) == 0 {
                    // What shares the core can run: a software adapter, for one.
                    std::thread::yield_now();
                }
                if stop.is_due(&port, |_| ()) {
                    break 'rounds;
                }
                if early > SLEEP {
                    std::thread::sleep(SLEEP / 2);
                }
            }
        }
        sent += 1;
        round_start = round_start.saturating_add(length);
    }
    while !batch.is_empty() && !stop.is_due(&port, |_| ()) {
        tx.push(&mut batch);
    }
    tx.flush(&pool, Duration::from_secs(1));
    let seconds = start.elapsed().as_secs_f64();
    let stats = port.stats();
    let (sent, refused) = (stats.tx[0].completed, stats.tx[0].invalid);
    writeln!(
        stdout(),
        "{sent} packets in all in {seconds:.3} s, {refused} refused as too short or too long"
    )?;
    Ok(())
}

/// Appends a packet to a batch that has room for it.
fn add(batch: &mut FrameBatch<'_>, data: &[u8]) -> bool {
    batch.alloc(data.len()).map(|mut packet| packet.copy_from(data)).is_some()
}

/// Reads a file; what was recorded in part only is left out.
fn load(path: &Path) -> Result<Vec<Recorded>, Box<dyn Error>> {
    let mut file = File::open(path)?;
    let mut magic = [0; 4];
    file.read_exact(&mut magic).map_err(|_| "neither pcap nor pcapng")?;
    let reader = magic.chain(file);
    let loaded = if magic == PCAPNG { pcapng(reader) } else { pcap(reader) };
    let mut packets = loaded.map_err(|error| match error {
        PcapError::IoError(error) => error.to_string(),
        error => error.to_string(),
    })?;
    let all = packets.len();
    packets.retain(|packet| packet.whole);
    if packets.len() < all {
        writeln!(
            stdout(),
            "{}: {} packets are cut short: left out",
            path.display(),
            all - packets.len()
        )?;
    }
    Ok(packets)
}

fn pcap(reader: impl Read) -> Result<Vec<Recorded>, PcapError> {
    let mut reader = PcapReader::new(reader)?;
    let header = reader.header();
    ethernet(header.datalink)?;
    let unit = if header.ts_resolution == TsResolution::NanoSecond { 1 } else { 1000 };
    let mut packets = Vec::new();
    while let Some(packet) = reader.next_raw_packet() {
        let packet = packet?;
        let at = Duration::from_secs(packet.ts_sec.into())
            + Duration::from_nanos(u64::from(packet.ts_frac) * unit);
        let whole = packet.incl_len >= packet.orig_len;
        packets.push(Recorded { at, data: packet.data.into_owned(), whole });
    }
    Ok(packets)
}

fn pcapng(reader: impl Read) -> Result<Vec<Recorded>, PcapError> {
    let mut reader = PcapNgReader::new(reader)?;
    let mut packets: Vec<Recorded> = Vec::new();
    while let Some(block) = reader.next_block() {
        let (at, original_len, data) = match block?.into_owned() {
            Block::EnhancedPacket(packet) => {
                let unknown = PcapError::InvalidInterfaceId(packet.interface_id);
                let interface = reader.packet_interface(&packet).ok_or(unknown)?;
                let at = time(interface, packet.timestamp.as_nanos());
                (at, packet.original_len, packet.data)
            }
            // It has no time: that of the one before.
            Block::SimplePacket(packet) => {
                let at = packets.last().map_or(Duration::ZERO, |packet| packet.at);
                (at, packet.original_len, packet.data)
            }
            Block::InterfaceDescription(interface) => {
                ethernet(interface.linktype)?;
                continue;
            }
            _ => continue,
        };
        let (mut data, original_len) = (data.into_owned(), original_len as usize);
        let whole = data.len() >= original_len;
        // A simple packet's data ends with what fills its block.
        data.truncate(original_len);
        packets.push(Recorded { at, data, whole });
    }
    Ok(packets)
}

fn ethernet(link: DataLink) -> Result<(), PcapError> {
    match link {
        DataLink::ETHERNET => Ok(()),
        _ => Err(PcapError::InvalidField("the packets are of another link than Ethernet")),
    }
}

/// A time in the interface's units, microseconds if it does not say (if_tsresol of the pcapng draft).
fn time(interface: &InterfaceDescriptionBlock<'_>, units: u128) -> Duration {
    let told = interface.options.iter().find_map(|option| match option {
        InterfaceDescriptionOption::IfTsResol(told) => Some(*told),
        _ => None,
    });
    let a_second = match told.unwrap_or(6) {
        power @ 0..0x80 => 10_u128.checked_pow(power.into()),
        power => 1_u128.checked_shl(u32::from(power & 0x7f)),
    };
    // With finer units than these all times are 0.
    let nanos = a_second.map_or(0, |a_second| units * 1_000_000_000 / a_second);
    Duration::from_nanos(nanos.min(u64::MAX.into()) as u64)
}
