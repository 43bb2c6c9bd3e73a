//! testpmd with its memory in hugepages, which is how DPDK is used but in tests.

use testkit::Hugepages;

use crate::kit::frames::{self, Kind, Way};
use crate::kit::{Memory, Options, Paths, Peer, Run, Testpmd};

/// KiB of hugepages that a testpmd with [`Memory::Huge`] has at least, and the pages that it may take: its
/// memory can end within one.
const KIB: u64 = 128 << 10;
const PAGES: u64 = 128 / 2 + 8;

/// KiB of hugepages that a process uses, and that it has locked for devices (proc_pid_status(5)).
fn used(process: u32) -> [u64; 2] {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    ["HugetlbPages:", "VmLck:"].map(|name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    })
}

#[test]
fn frames_of_all_sizes_go_through_hugepages_and_back() {
    let _pages = Hugepages::free(PAGES);
    for paths in Paths::ALL {
        let run = Run::new("vfs=2,uplink=sink");
        let mut peer = Peer::open(&run, 0);
        let app: &[&str] = &["--forward-mode=macswap"];
        let options = Options { paths, memory: Memory::Huge, app, ..Options::VF1 };
        let mut testpmd = Testpmd::start(&run, &options);
        testpmd.assert_plain(paths);
        let [hugepages, locked] = used(testpmd.process());
        assert!(hugepages >= KIB && locked >= KIB, "{hugepages} KiB, of which {locked} locked");
        let way = Way { from: peer.mac(), to: testpmd.mac(0) };
        let mut frames = 0;
        // With its rings and buffers set up anew, too.
        for _ in 0..3 {
            testpmd.command("start");
            let lens = frames::all_sizes().chain(frames::imix(1000));
            let done = peer.exchange((0..).zip(lens).map(|(number, len)| {
                let frame = frames::frame(Kind::Udp4, way, number, len);
                (frame.clone(), frames::swap_macs(frame))
            }));
            testpmd.stop_after(done.frames);
            frames += done.frames;
            testpmd.command("port stop 0");
            testpmd.command("port start 0");
        }
        let stats = testpmd.stats(0);
        assert_eq!((stats.rx_packets, stats.tx_packets), (frames, frames), "{stats:?}");
        testpmd.quit();
    }
}
