//! testpmd's counters, the driver's of the peer, and the adapter's: all tell the same.

use barline::MacAddress;

use crate::kit::frames::{self, Kind, Way};
use crate::kit::{Options, Paths, Peer, PortStats, Run, Testpmd};

#[test]
fn counters_agree_exactly() {
    for paths in Paths::ALL {
        // What io sends back has addresses that are not testpmd's.
        let run = Run::new("vfs=2,uplink=sink,spoof=off");
        let mut peer = Peer::open(&run, 0);
        let options = Options { paths, app: &["--forward-mode=io"], ..Options::VF1 };
        let mut testpmd = Testpmd::start(&run, &options);
        assert_eq!(testpmd.stats(0), PortStats::default(), "before anything was sent");
        testpmd.command("start");

        let group: MacAddress = "01:00:5e:01:02:03".parse().unwrap();
        peer.port.set_multicast(&[group]).unwrap();
        testpmd.command("mcast_addr add 0 01:00:5e:01:02:03");
        let [all, group] = [MacAddress([0xff; 6]), group].map(|to| Way { from: peer.mac(), to });
        let lens = frames::all_sizes();
        let done = peer.exchange((0..).zip(lens).map(|(number, len)| {
            let frame = frames::frame(Kind::Plain, all, number, len);
            (frame.clone(), frame)
        }));
        let multicast = peer.exchange((0..500).map(|number| {
            let frame = frames::frame(Kind::Plain, group, number, 60);
            (frame.clone(), frame)
        }));
        let frames = done.frames + multicast.frames;
        // Octets with FCS.
        let bytes = done.bytes + multicast.bytes + 4 * frames;

        let wanted = PortStats {
            rx_packets: frames,
            rx_bytes: bytes,
            tx_packets: frames,
            tx_bytes: bytes,
            ..PortStats::default()
        };
        assert_eq!(testpmd.stats(0), wanted);
        let xstats = testpmd.xstats(0);
        let number = |name| xstats.number(name);
        assert_eq!([number("rx_good_packets"), number("tx_good_packets")], [frames; 2]);
        assert_eq!([number("rx_good_bytes"), number("tx_good_bytes")], [bytes; 2]);
        // Broadcasts are not among them.
        assert_eq!(number("rx_multicast_packets"), multicast.frames);

        let (ours, device) = (peer.port.stats(), peer.counters());
        assert_eq!([ours.device.rx_packets, ours.device.tx_packets], [frames; 2]);
        assert_eq!([ours.device.rx_bytes, ours.device.tx_bytes], [bytes; 2]);
        assert_eq!([device.rx_packets, device.tx_packets], [frames; 2]);
        assert_eq!([device.rx_octets, device.tx_octets], [bytes; 2]);
        assert_eq!(device.rx_multicast, multicast.frames);
        assert_eq!(device.rx_no_descriptor + device.rx_oversize + device.tx_spoofed, 0);

        testpmd.command("clear port stats 0");
        assert_eq!(testpmd.stats(0), PortStats::default(), "cleared");
        testpmd.command("clear port xstats 0");
        let xstats = testpmd.xstats(0);
        let not_zero: Vec<_> = xstats.iter().filter(|(_, value)| value.parse() != Ok(0)).collect();
        assert_eq!(not_zero, [], "cleared");
        testpmd.quit();
    }
}
