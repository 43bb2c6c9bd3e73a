//! Files of packets.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pcap_file::pcap::{PcapHeader, PcapPacket, PcapReader, PcapWriter};
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::{DataLink, TsResolution};

use super::wire::Vfs;
use super::{open, uplink};

/// Milliseconds, and a frame of so many bytes for a VF.
type Recorded = (u64, usize, usize);

fn frame(vf: usize, len: usize) -> Vec<u8> {
    let mut frame = vec![vf as u8; len];
    let mac = Vfs::mac_of(vf);
    let both = len.min(6);
    frame[..both].copy_from_slice(&mac[..both]);
    frame
}

fn write(path: &Path, packets: &[Recorded]) {
    let header = PcapHeader { ts_resolution: TsResolution::NanoSecond, ..PcapHeader::default() };
    let mut writer = PcapWriter::with_header(fs::File::create(path).unwrap(), header).unwrap();
    for (at, vf, len) in packets {
        let time = Duration::from_secs(1_700_000_000) + Duration::from_millis(*at);
        writer.write_packet(&PcapPacket::new(time, *len as u32, &frame(*vf, *len))).unwrap();
    }
}

fn lens(wire: &Vfs) -> Vec<usize> {
    wire.frames.iter().map(Vec::len).collect()
}

#[test]
fn packets_come_at_their_distances() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    // A runt is filled up; what is no frame or too long is left out.
    write(
        &path,
        &[(0, 0, 42), (10, 0, 100), (10, 1, 13), (10, 1, 10_000), (20, 1, 9728), (21, 0, 60)],
    );
    let mut player = uplink(&format!("uplink=pcap,read={}", path.display()));
    let mut wire = Vfs::with_room(&[0, 0]);
    let start = 77_000_000;
    assert_eq!(player.poll(start, 64, &mut wire), 1);
    assert_eq!(player.poll(start + 9_999_999, 64, &mut wire), 0);
    assert_eq!(player.poll(start + 10_000_000, 64, &mut wire), 1);
    assert_eq!(player.poll(start + 30_000_000, 64, &mut wire), 2);
    assert_eq!(player.poll(start + 90_000_000, 64, &mut wire), 0, "it is over");
    assert_eq!(lens(&wire), [60, 100, 9728, 60]);
    assert_eq!(wire.frames[0][42..], [0; 18]);
    let counters = player.counters();
    assert_eq!((counters.sent.frames, counters.unusable), (4, 2));
}

#[test]
fn without_a_pace_they_wait_for_room_and_a_loop_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    write(&path, &[(0, 0, 60), (5000, 1, 61), (6000, 0, 62)]);
    let options = format!("uplink=pcap,pace=off,read={}", path.display());
    let mut player = uplink(&options);
    let mut wire = Vfs::with_room(&[9, 0]);
    assert_eq!(player.poll(0, 64, &mut wire), 1);
    wire.room[1] = 9;
    assert_eq!(player.poll(0, 64, &mut wire), 2);
    assert_eq!(player.poll(0, 64, &mut wire), 0);
    let mut player = uplink(&format!("{options},loop=on"));
    let mut wire = Vfs::with_room(&[1000, 1000]);
    assert_eq!(player.poll(0, 7, &mut wire), 7);
    assert_eq!(lens(&wire), [60, 61, 62, 60, 61, 62, 60]);
}

#[test]
fn a_pcapng_file_is_played_too_in_the_units_of_its_interface() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    for (resolution, per_ms) in [(None, 1000), (Some(9), 1_000_000), (Some(0x8a), 1)] {
        let mut writer = PcapNgWriter::new(fs::File::create(&path).unwrap()).unwrap();
        for linktype in [DataLink::ETHERNET, DataLink::IPV4] {
            let options =
                resolution.map(InterfaceDescriptionOption::IfTsResol).into_iter().collect();
            let interface = InterfaceDescriptionBlock { linktype, snaplen: 0, options };
            writer.write_pcapng_block(interface).unwrap();
        }
        // About 1 ms is 1/1024 s.
        for (interface_id, at, len) in [(0, 0, 60), (1, 0, 61), (0, 10, 62)] {
            writer
                .write_pcapng_block(EnhancedPacketBlock {
                    interface_id,
                    timestamp: Duration::from_nanos(1_000_000 + at * per_ms),
                    original_len: len,
                    data: frame(0, len as usize).into(),
                    options: Vec::new(),
                })
                .unwrap();
        }
        let mut player = uplink(&format!("uplink=pcap,read={}", path.display()));
        let mut wire = Vfs::with_room(&[9]);
        assert_eq!(player.poll(5, 64, &mut wire), 1);
        assert_eq!(player.poll(9_000_000, 64, &mut wire), 0, "{resolution:?}");
        assert_eq!(player.poll(10_000_005, 64, &mut wire), 1, "{resolution:?}");
        assert_eq!(lens(&wire), [60, 62], "the other interface is no Ethernet");
    }
}

#[test]
fn what_leaves_is_recorded_with_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let mut recorder = uplink(&format!("uplink=pcap,write={}", path.display()));
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    recorder.take(500, &frame(0, 60));
    recorder.take(1_500_000_500, &frame(1, 9728));
    // Others can read it while it goes on.
    recorder.poll(1_700_000_000, 64, &mut Vfs::with_room(&[]));
    let mut reader = PcapReader::new(fs::File::open(&path).unwrap()).unwrap();
    let first = reader.next_packet().unwrap().unwrap().into_owned();
    let second = reader.next_packet().unwrap().unwrap().into_owned();
    assert!(reader.next_packet().is_none());
    assert_eq!((&*first.data, &*second.data), (&frame(0, 60)[..], &frame(1, 9728)[..]));
    assert_eq!(second.timestamp - first.timestamp, Duration::from_millis(1500));
    assert!(first.timestamp >= before && first.timestamp < before + Duration::from_secs(10));
    assert_eq!((recorder.counters().received.frames, recorder.counters().dropped), (2, 0));
    recorder.take(2_000_000_000, &frame(0, 64));
    drop(recorder);
    let mut reader = PcapReader::new(fs::File::open(&path).unwrap()).unwrap();
    let mut count = 0;
    while reader.next_packet().is_some() {
        count += 1;
    }
    assert_eq!(count, 3, "the rest comes at the end");
}

#[test]
fn a_file_that_cannot_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let refused = |options: String| open(&options).err().expect(&options).to_string();
    let read = format!("uplink=pcap,read={}", path.display());
    assert!(refused(read.clone()).contains("a.pcap: "));
    fs::write(&path, "no packets").unwrap();
    assert!(refused(read.clone()).contains("a.pcap: "));
    let header = PcapHeader { datalink: DataLink::IPV4, ..PcapHeader::default() };
    PcapWriter::with_header(fs::File::create(&path).unwrap(), header).unwrap();
    assert!(refused(read.clone()).contains("link type 228"));
    let written = folder.path().join("kept");
    fs::write(&written, "what was there").unwrap();
    refused(format!("{read},write={}", written.display()));
    assert_eq!(fs::read(&written).unwrap(), b"what was there", "not emptied for nothing");
    assert!(
        refused("uplink=pcap,write=/nowhere/a.pcap".into()).starts_with("write=/nowhere/a.pcap: ")
    );
}

#[test]
fn a_damaged_file_ends_where_it_is_damaged_and_a_disk_that_is_full_ends_recording() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    write(&path, &[(0, 0, 60), (0, 0, 61)]);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    for (options, frames) in [("", 1), (",loop=on", 2)] {
        let mut player = uplink(&format!("uplink=pcap,pace=off,read={}{options}", path.display()));
        let mut wire = Vfs::with_room(&[9]);
        assert_eq!(player.poll(0, 2, &mut wire), frames);
    }
    // Only a header, again and again.
    fs::write(&path, &whole[..24]).unwrap();
    let mut player = uplink(&format!("uplink=pcap,pace=off,loop=on,read={}", path.display()));
    assert_eq!(player.poll(0, 64, &mut Vfs::with_room(&[9])), 0);
    let error = open("uplink=pcap,write=/dev/full").err().unwrap().to_string();
    assert!(error.starts_with("write=/dev/full: "), "{error}");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(&whole).unwrap();
}
