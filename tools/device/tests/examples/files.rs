//! Files of packets.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use pcap_file::pcap::{PcapHeader, PcapPacket, PcapReader, PcapWriter};
use pcap_file::pcapng::{Block, PcapNgReader};
use tempfile::TempDir;

use crate::kit;

/// A directory, and the path of a file in it which has no comma or blank.
pub fn place(name: &str) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join(name);
    (dir, path)
}

/// Frames of every length from 60 bytes on, to all stations, each with its number.
pub fn frames(count: usize) -> Vec<Vec<u8>> {
    let frame = |number: usize| {
        let mut frame = vec![number as u8; 60 + number % (1514 - 60)];
        frame[..6].fill(0xff);
        frame[6..14].copy_from_slice(&[0x02, 0, 0, 0, 0xaa, 0xbb, 0x88, 0xb5]);
        frame[14..22].copy_from_slice(&(number as u64).to_be_bytes());
        frame
    };
    (0..count).map(frame).collect()
}

/// An adapter that plays a file to its VFs, each packet as soon as there is room for it.
pub fn plays(path: &Path) -> String {
    format!("uplink=pcap,pace=off,read={}", path.display())
}

/// Writes a pcap file, whose packets are so far apart.
pub fn write_pcap(path: &Path, frames: &[Vec<u8>], apart: Duration) {
    write_pcap_after(path, frames, apart, apart);
}

/// The same, with another distance between the first packet and the second.
pub fn write_pcap_after(path: &Path, frames: &[Vec<u8>], after: Duration, apart: Duration) {
    let header = PcapHeader { snaplen: 65535, ..PcapHeader::default() };
    let mut writer = PcapWriter::with_header(File::create(path).unwrap(), header).unwrap();
    let mut at = Duration::from_secs(1_000_000_000);
    for (number, frame) in frames.iter().enumerate() {
        at += if number == 1 { after } else { apart };
        writer.write_packet(&PcapPacket::new(at, frame.len() as u32, frame)).unwrap();
    }
}

/// The packets of a pcap or pcapng file.
pub fn read(path: &Path) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    if let Ok(mut reader) = PcapReader::new(File::open(path).unwrap()) {
        while let Some(packet) = reader.next_raw_packet() {
            packets.push(packet.unwrap().data.into_owned());
        }
        return packets;
    }
    let mut reader = PcapNgReader::new(File::open(path).unwrap()).unwrap();
    while let Some(block) = reader.next_block() {
        if let Block::EnhancedPacket(packet) = block.unwrap() {
            packets.push(packet.data.into_owned());
        }
    }
    packets
}

/// What tcpdump shows of a file, a line for each packet.
pub fn tcpdump(path: &Path) -> Vec<String> {
    kit::need("tcpdump", "tcpdump");
    let mut tcpdump = Command::new("tcpdump");
    // It gives up root's rights before it opens a file.
    let shown = tcpdump.args(["-entt", "-r", "-"]).stdin(File::open(path).unwrap()).output();
    let shown = shown.unwrap();
    // Standard error names the file and its link; anything else is a complaint.
    let said = String::from_utf8_lossy(&shown.stderr).into_owned();
    let complaints = said.lines().filter(|line| !line.starts_with("reading from file"));
    assert_eq!(complaints.collect::<Vec<_>>(), Vec::<&str>::new());
    assert!(shown.status.success());
    // Bytes that it does not understand are on lines of their own.
    let lines = String::from_utf8_lossy(&shown.stdout).into_owned();
    lines.lines().filter(|line| !line.starts_with('\t')).map(String::from).collect()
}
