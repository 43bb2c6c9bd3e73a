//! What the examples count is what came, and what they send is what they say.

use std::process::Command;
use std::time::Duration;

use crate::files::{frames, place, plays, read, write_pcap, write_pcap_after};
use crate::kit::{example, number, run, start};

const NEXT_HOP: [[u8; 6]; 2] = [[2, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 1]];

#[test]
fn rx_count_counts_what_came() {
    let (_dir, file) = place("in.pcap");
    write_pcap(&file, &frames(5000), Duration::ZERO);
    let device = format!("soft:vfs=1,{}", plays(&file));
    let mut counter = start(example("rx_count", &device));
    let told = |output: &str, what| {
        let lines = output.lines().filter(|line| line.ends_with(" bytes/s"));
        lines.map(|line| number(line, what)).sum::<u64>()
    };
    counter.wait_until("5000 packets", |output| told(output, " packets/s") == 5000);
    let output = counter.stop();
    assert!(output.contains("\n5000 packets in all"), "{output}");
    let bytes: usize = frames(5000).iter().map(Vec::len).sum();
    assert_eq!(told(&output, " bytes/s"), bytes as u64);
}

#[test]
fn rx_count_sees_the_generator_by_default() {
    let mut counter = start(example("rx_count", ""));
    counter.wait_for("packets/s");
    let output = counter.stop();
    assert!(output.starts_with("soft: ") && output.contains("link up"), "{output}");
    assert!(number(&output, " packets in all") >= number(&output, " packets/s"), "{output}");
    assert!(number(&output, " packets/s") > 1000, "{output}");
}

#[test]
fn tx_flood_sends_as_many_as_it_says() {
    let (_dir, file) = place("out.pcap");
    let device = format!("soft:uplink=pcap,write={}", file.display());
    let mut flood = start(example("tx_flood", &device));
    flood.wait_for("packets/s");
    let said = number(&flood.stop(), " packets in all");
    let sent = read(&file);
    assert_eq!(sent.len() as u64, said);
    let first = &sent[0];
    assert!(first.len() == 60 && first[12..14] == [0x88, 0xb5], "{first:x?}");
    assert!(sent.iter().all(|frame| frame == first));
}

#[test]
fn l2fwd_forwards_everything_with_the_addresses_of_its_next_hops() {
    let (_dir, file) = place("in.pcap");
    let out = file.with_file_name("out.pcap");
    // The first one may go before both are there; the others after that.
    let all = frames(1001);
    write_pcap_after(&file, &all, Duration::from_secs(3), Duration::from_millis(1));
    let soft = format!("soft:uplink=pcap,read={},write={}", file.display(), out.display());
    let mut forwarder = start(example("l2fwd", &format!("{soft} {soft},vf=1")));
    forwarder.wait_for(",vf=1: ");
    std::thread::sleep(Duration::from_secs(5));
    let said = forwarder.stop();
    let forwarded = read(&out);
    for next_hop in NEXT_HOP {
        // Each frame went to both VFs, since it was for all stations.
        let of: Vec<_> = forwarded.iter().filter(|frame| frame[..6] == next_hop).collect();
        let of = &of[of.len().saturating_sub(1000)..];
        assert!(of.iter().map(|frame| &frame[12..]).eq(all[1..].iter().map(|frame| &frame[12..])));
    }
    let lines = || said.lines().filter(|line| line.contains(" received, "));
    let received: u64 = lines().map(|line| number(line, " received")).sum();
    let sent: u64 = lines().map(|line| number(line, " sent")).sum();
    let forwarded = forwarded.len() as u64;
    assert_eq!((received, sent), (forwarded, forwarded), "{said}");
}

#[test]
fn replay_sends_each_packet_as_it_is_and_as_often_as_wanted() {
    let (_dir, file) = place("in.pcap");
    let out = file.with_file_name("out.pcap");
    let frames = frames(1400);
    write_pcap(&file, &frames, Duration::ZERO);
    let args = format!(
        "--read {} --loops 3 soft:spoof=off,uplink=pcap,write={}",
        file.display(),
        out.display()
    );
    let finished = run("replay", &args);
    assert!(finished.status.success(), "{}", finished.output);
    assert_eq!(finished.number(" packets in all"), 3 * frames.len() as u64);
    assert!(finished.output.contains("from other addresses"), "{}", finished.output);
    assert!(read(&out).iter().eq(frames.iter().cycle().take(3 * frames.len())));
}

#[test]
fn replay_keeps_to_the_recorded_times() {
    let (_dir, file) = place("in.pcap");
    write_pcap(&file, &frames(11), Duration::from_millis(50));
    let args =
        format!("--read {} --as-recorded --loops 2 soft:spoof=off,uplink=sink", file.display());
    let finished = run("replay", &args);
    let seconds: f64 = finished
        .output
        .split("in all in ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1.0..30.0).contains(&seconds), "{}", finished.output);
    assert_eq!(finished.number(" packets in all"), 22);
}

#[test]
fn replay_leaves_out_what_was_cut_short() {
    use pcap_file::pcap::{PcapPacket, PcapWriter};
    let (_dir, path) = place("in.pcap");
    let mut writer = PcapWriter::new(std::fs::File::create(&path).unwrap()).unwrap();
    let frame = &frames(1)[0];
    for len in [60, 1514, 60] {
        writer.write_packet(&PcapPacket::new(Duration::ZERO, len, frame)).unwrap();
    }
    drop(writer);
    let finished = run("replay", &format!("--read {} soft:spoof=off", path.display()));
    assert_eq!(finished.number(" packets are cut short"), 1);
    assert_eq!(finished.number(" packets in all"), 2);
}

/// Whatever is in a file, there is an end, and no panic.
#[test]
fn replay_survives_damaged_files() {
    let (_dir, pcap) = place("in.pcap");
    write_pcap(&pcap, &frames(20), Duration::from_micros(1));
    let pcapng = pcap.with_file_name("in.pcapng");
    let device = format!("soft:vfs=1,{}", plays(&pcap));
    let args = format!("--write {} --count 20 {device}", pcapng.display());
    assert!(run("capture", &args).status.success());
    let damaged = pcap.with_file_name("damaged");
    let mut state = 1_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    for file in [&pcap, &pcapng] {
        let sound = std::fs::read(file).unwrap();
        for _ in 0..40 {
            let mut bytes = sound.clone();
            // Most of what can go wrong is in the headers.
            for _ in 0..=random(3) {
                let within = if random(2) == 0 { 200 } else { bytes.len() };
                bytes[random(within)] = random(256) as u8;
            }
            bytes.truncate(bytes.len() - random(3) * random(40));
            std::fs::write(&damaged, &bytes).unwrap();
            let finished = run("replay", &format!("--read {} soft:spoof=off", damaged.display()));
            assert!(matches!(finished.status.code(), Some(0 | 1)), "{}", finished.output);
        }
    }
}

#[test]
fn a_reader_that_goes_away_ends_them_without_a_word() {
    let rx_count = example("rx_count", "");
    let line = format!("{} | head -n 2", rx_count.get_program().display());
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]);
    let finished = start(shell).finish();
    assert_eq!(finished.output.lines().count(), 2, "{}", finished.output);
}
