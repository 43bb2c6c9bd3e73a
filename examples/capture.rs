//! Writes what a VF receives to a pcapng file, for tcpdump, Wireshark and the like.
//!
//! Shows how to look at packets over several frames, and at tags that the device took out. A VF
//! receives what is sent to it, to its groups and to all, with `--vlan` also in these VLANs, and with
//! `--promiscuous` everything, which most PFs refuse. A real one must be bound to vfio-pci (`barline bind
//! BDF`):
//!
//! ```text
//! cargo run --release -p barline --example capture -- --write few.pcapng --count 100
//! cargo run --release -p barline --example capture -- 0000:01:10.0 --write all.pcapng
//! cargo run --release -q -p barline --example capture -- --write /dev/stdout | tcpdump -nr - -c 10
//! ```
//!
//! It runs until Ctrl-C or until what `--count`, `--seconds` or `--bytes` say. At any time the file
//! holds whole packets only, also on a full disk, or if the program is killed.

mod common;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use barline::{Config, Packet};
use barline_device::DeviceName;
use clap::Parser;
use common::{Outcome, Stop};
use pcap_file::DataLink;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};

/// Bytes that are kept before they are written, and how long they are kept at most.
const BUFFER: usize = 256 * 1024;
const KEPT: Duration = Duration::from_millis(200);

/// Writes what a VF receives to a pcapng file.
#[derive(Parser)]
#[command(name = "capture")]
struct Args {
    /// The device: a PCI address, or `soft` with or without options.
    #[arg(default_value_t)]
    device: DeviceName,
    /// The file to write; one that is there is overwritten.
    #[arg(short, long, value_name = "FILE")]
    write: PathBuf,
    /// Bytes of each packet that are kept, at most.
    #[arg(short, long, value_name = "BYTES", default_value_t = 65535)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=65535))]
    snap_length: u32,
    /// Longest frame that is received, with FCS: 64 to what the device takes.
    #[arg(long, value_name = "BYTES", default_value_t = 1518)]
    #[arg(value_parser = clap::value_parser!(u16).range(64..))]
    max_frame: u16,
    /// Receive frames of this VLAN, too, 0 to 4095; may be given several times.
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u16).range(..=4095))]
    vlan: Vec<u16>,
    /// Receive all frames, if the PF allows it.
    #[arg(long)]
    promiscuous: bool,
    /// Leave after so many packets.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Leave after so many seconds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: Option<u64>,
    /// Leave before the file has more bytes than these.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    bytes: Option<u64>,
}

fn main() -> ExitCode {
    common::run(capture)
}

fn capture(args: Args, stop: &Stop) -> Outcome {
    let config = Config { max_frame: args.max_frame, ..Config::default() };
    let mut port = barline_device::open(&args.device, config)?.port;
    for id in &args.vlan {
        port.set_vlan(*id, true)?;
    }
    if args.promiscuous {
        port.set_promiscuous(true)?;
        port.set_all_multicast(true)?;
    }
    let mut recording = Recording::create(&args, port.name())?;
    let mut queues = port.start()?;
    let rx = &mut queues.rx[0];
    let pool = port.pool();
    let mut batch = pool.batch(64);
    // Standard output may be the file.
    eprintln!("{}: {}, link {}", port.name(), port.mac(), port.link());

    let start = Instant::now();
    let over = |started: Instant| args.seconds.is_some_and(|n| started.elapsed().as_secs() >= n);
    let mut full = false;
    while !full && !over(start) && !stop.is_due(&port, |_| ()) {
        if rx.poll(&mut batch) == 0 {
            // What shares the core can run: a software adapter, for one.
            std::thread::yield_now();
        }
        // The time of a burst is when it was found.
        let now = SystemTime::UNIX_EPOCH.elapsed()?;
        full = !batch.packets().all(|packet| recording.add(now, packet));
        batch.clear();
        recording.write_if_due()?;
    }
    recording.write()?;
    let Recording { packets, written, .. } = recording;
    eprintln!("{packets} packets in all, {written} bytes in {}", args.write.display());
    Ok(())
}

/// A pcapng file.
struct Recording<'a> {
    args: &'a Args,
    file: File,
    /// Whole blocks, not in the file yet.
    blocks: PcapNgWriter<Vec<u8>>,
    /// Packets in the file and in `blocks`.
    packets: u64,
    /// Bytes in the file, whole blocks, and the packets among them.
    written: u64,
    safe: u64,
    last_write: Instant,
    scratch: Vec<u8>,
}

impl Recording<'_> {
    fn create<'a>(args: &'a Args, device: &str) -> Result<Recording<'a>, String> {
        let path = args.write.display();
        let file = File::create(&args.write).map_err(|error| format!("{path}: {error}"))?;
        let interface = InterfaceDescriptionBlock {
            linktype: DataLink::ETHERNET,
            snaplen: args.snap_length,
            // Timestamps count nanoseconds.
            options: vec![
                InterfaceDescriptionOption::IfName(device.into()),
                InterfaceDescriptionOption::IfTsResol(9),
            ],
        };
        let blocks = PcapNgWriter::new(Vec::new()).and_then(|mut blocks| {
            blocks.write_pcapng_block(interface)?;
            Ok(blocks)
        });
        let mut recording = Recording {
            args,
            file,
            blocks: blocks.map_err(|error| format!("{path}: {error}"))?,
            packets: 0,
            written: 0,
            safe: 0,
            last_write: Instant::now(),
            scratch: Vec::new(),
        };
        recording.write()?;
        Ok(recording)
    }

    /// Adds a packet; false if that was one too many.
    fn add(&mut self, at: Duration, packet: Packet<'_>) -> bool {
        let Recording { args, scratch, .. } = self;
        scratch.clear();
        packet.frames().for_each(|frame| scratch.extend_from_slice(frame.data()));
        // A tag that the device took out goes back behind the two addresses (IEEE 802.1Q).
        if let Some(tag) = packet.head().vlan().filter(|_| scratch.len() >= 12) {
            let [high, low] = tag.to_be_bytes();
            scratch.splice(12..12, [0x81, 0x00, high, low]);
        }
        let original_len = scratch.len() as u32;
        scratch.truncate(args.snap_length as usize);
        let block = EnhancedPacketBlock {
            interface_id: 0,
            timestamp: at,
            original_len,
            data: scratch.as_slice().into(),
            options: Vec::new(),
        };
        let before = self.blocks.get_ref().len();
        // Writing to memory does not fail.
        let added = self.blocks.write_pcapng_block(block).is_ok();
        let len = self.written + self.blocks.get_ref().len() as u64;
        if !added || args.bytes.is_some_and(|most| len > most) {
            self.blocks.get_mut().truncate(before);
            return false;
        }
        self.packets += 1;
        args.count != Some(self.packets)
    }

    fn write_if_due(&mut self) -> Result<(), String> {
        let due = self.blocks.get_ref().len() >= BUFFER || self.last_write.elapsed() >= KEPT;
        if due { self.write() } else { Ok(()) }
    }

    /// Writes the blocks to the file: all, or none.
    fn write(&mut self) -> Result<(), String> {
        let blocks = self.blocks.get_mut();
        if let Err(error) = self.file.write_all(blocks) {
            // A part of a block would end what can be read. A pipe cannot be cut, and need not.
            let _ = self.file.set_len(self.written);
            let path = self.args.write.display();
            return Err(format!("{path}: {error}; the {} packets before are in it", self.safe));
        }
        self.written += blocks.len() as u64;
        self.safe = self.packets;
        self.last_write = Instant::now();
        blocks.clear();
        Ok(())
    }
}
