//! What `capture` writes.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::files::{frames, place, plays, read, tcpdump, write_pcap};
use crate::kit::{example, run, start};

#[test]
fn tcpdump_reads_what_capture_wrote() {
    let (_dir, file) = place("in.pcap");
    let out = file.with_file_name("out.pcapng");
    let frames = frames(1400);
    write_pcap(&file, &frames, Duration::ZERO);
    let device = format!("soft:vfs=1,{}", plays(&file));
    let finished = run("capture", &format!("--write {} --count 1400 {device}", out.display()));
    assert!(finished.status.success(), "{}", finished.output);
    assert_eq!(finished.number(" packets in all"), 1400);
    assert_eq!(read(&out), frames);
    let lines = tcpdump(&out);
    assert_eq!(lines.len(), frames.len());
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    for (line, frame) in lines.iter().zip(&frames) {
        let what = "02:00:00:00:aa:bb > ff:ff:ff:ff:ff:ff, ethertype Unknown (0x88b5)";
        let length = format!("length {}:", frame.len());
        assert!(line.contains(what) && line.contains(&length), "{line}");
        let second: u64 = line.split('.').next().unwrap().parse().unwrap();
        assert!((now - 60..=now).contains(&second), "{line}");
    }
}

#[test]
fn a_snap_length_cuts_packets_and_keeps_their_length() {
    let (_dir, out) = place("out.pcapng");
    let args = format!("--write {} --snap-length 40 --count 500 soft:size=512", out.display());
    assert!(run("capture", &args).status.success());
    assert!(read(&out).iter().all(|packet| packet.len() == 40));
    let lines = tcpdump(&out);
    assert_eq!(lines.len(), 500);
    assert!(lines.iter().all(|line| line.contains("length 508: ")), "{}", lines[0]);
}

#[test]
fn packets_over_several_buffers_are_whole() {
    let (_dir, out) = place("out.pcapng");
    let args = format!("--write {} --max-frame 9018 --count 100 soft:size=9018", out.display());
    let finished = run("capture", &args);
    assert!(finished.status.success(), "{}", finished.output);
    assert!(read(&out).iter().all(|packet| packet.len() == 9014));
    assert_eq!(tcpdump(&out).len(), 100);
}

#[test]
fn vlans_and_the_frames_of_others_are_captured_if_wanted() {
    let (_dir, file) = place("in.pcap");
    let out = file.with_file_name("out.pcapng");
    let mut frames = frames(30);
    for (n, frame) in frames.iter_mut().enumerate() {
        match n % 3 {
            0 => {
                frame.splice(12..12, [0x81, 0x00, 0x60, 0x07]);
            }
            1 => frame[..6].copy_from_slice(&[0x02, 0, 0, 0, 0, 0x77]),
            _ => (),
        }
    }
    write_pcap(&file, &frames, Duration::ZERO);
    let capture = |model: &str, args: &str| {
        let device = format!("soft:vfs=1,{},{model}", plays(&file));
        run("capture", &format!("--write {} {args} {device}", out.display()))
    };
    let only = |kinds: &[usize]| {
        let wanted = frames.iter().enumerate().filter(|(n, _)| kinds.contains(&(n % 3)));
        wanted.map(|(_, frame)| frame.clone()).collect::<Vec<_>>()
    };
    let finished = capture("model=82599", "--count 20 --vlan 7 --vlan 9");
    assert!(finished.status.success(), "{}", finished.output);
    assert_eq!(read(&out), only(&[0, 2]));
    let tagged = tcpdump(&out);
    assert_eq!(tagged.iter().filter(|line| line.contains("vlan 7, p 3")).count(), 10);

    let finished = capture("model=x540,trust=on,promisc=on", "--count 30 --vlan 7 --promiscuous");
    assert!(finished.status.success(), "{}", finished.output);
    assert_eq!(read(&out), frames);
    // An 82599 has no such thing for its VFs.
    let refused = capture("model=82599", "--promiscuous");
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.output.contains("the PF refused"), "{}", refused.output);
}

#[test]
fn it_ends_when_it_should() {
    let (_dir, out) = place("out.pcapng");
    let args = format!("--write {} --bytes 100000", out.display());
    let finished = run("capture", &args);
    assert!(finished.status.success(), "{}", finished.output);
    let len = fs::metadata(&out).unwrap().len();
    assert!((99_900..=100_000).contains(&len), "{len}");
    assert_eq!(tcpdump(&out).len() as u64, finished.number(" packets in all"));

    let finished = run("capture", &format!("--write {} --seconds 1", out.display()));
    assert!(finished.status.success(), "{}", finished.output);
    assert_eq!(read(&out).len() as u64, finished.number(" packets in all"));

    let mut capture =
        start(example("capture", &format!("--write {} soft:uplink=sink", out.display())));
    capture.wait_for("link up");
    assert!(capture.stop().contains("0 packets in all"));
    assert_eq!(tcpdump(&out).len(), 0);
}

/// A disk that is full within a block, and one that is full from the start.
#[test]
fn on_a_full_disk_what_was_written_can_be_read() {
    let (_dir, out) = place("out.pcapng");
    let capture = example("capture", "");
    // Of files, at most so many blocks of 512 bytes; what a write beyond says is an error, not a signal.
    let line = format!(
        "trap '' XFSZ; ulimit -f 1001; exec {} --write {}",
        capture.get_program().display(),
        out.display()
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]);
    let finished = start(shell).finish();
    assert_eq!(finished.status.code(), Some(1), "{}", finished.output);
    let complaint = finished.output.lines().last().unwrap();
    let named = complaint.starts_with(&format!("capture: {}: File too large", out.display()));
    assert!(named, "{complaint}");
    assert_eq!(tcpdump(&out).len() as u64, finished.number(" packets before"));
    assert!(fs::metadata(&out).unwrap().len() > 200_000);

    let finished = run("capture", "--write /dev/full");
    assert_eq!(finished.status.code(), Some(1));
    assert!(finished.output.contains("/dev/full: No space left on device"), "{}", finished.output);
}

#[test]
fn a_pipe_will_do_and_a_kill_leaves_whole_packets() {
    crate::kit::need("tcpdump", "tcpdump");
    let capture = example("capture", "");
    let line = format!(
        "{} --write /dev/stdout 2>/dev/null | tcpdump -nr - -c 10 2>/dev/null",
        capture.get_program().display()
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]);
    assert_eq!(start(shell).finish().output.lines().count(), 10);

    let (_dir, out) = place("out.pcapng");
    let mut capture = start(example("capture", &format!("--write {}", out.display())));
    capture.wait_for("link up");
    while fs::metadata(&out).unwrap().len() < 1_000_000 {
        std::thread::sleep(Duration::from_millis(5));
    }
    capture.kill();
    capture.finish();
    assert!(tcpdump(&out).len() > 1000);
}
