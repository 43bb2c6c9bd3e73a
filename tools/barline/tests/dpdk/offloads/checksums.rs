//! testpmd's csum engine: it counts wrong checksums, and has the adapter put right ones into all that it
//! sends.

use super::packets::{Ip, L4, Packet, Sum, checksums};
use super::setup::{Setup, Wanted};
use super::wire::PEER;
use crate::kit::Paths;

/// The packets, each once for each way in which its checksums can be wrong; then how many of these
/// testpmd takes for wrong: IPv4 headers, and what is behind them.
fn packets(mac: softnic::Mac) -> (Vec<(Packet, Vec<u8>)>, [u64; 2]) {
    let mut all = Vec::new();
    let mut wrong = [0; 2];
    for ip in [Ip::V4, Ip::V4Options, Ip::V6] {
        for l4 in [L4::Tcp, L4::Udp, L4::UdpUnsummed, L4::Sctp] {
            // testpmd has IPv4 alone in mind when it looks whether SCTP is for the adapter.
            if (ip, l4) == (Ip::V6, L4::Sctp) {
                continue;
            }
            // testpmd leaves SCTP to the adapter where the upper byte of IPv4's length is a multiple of 4.
            // The CRC ends with the frame, so that there may be no padding behind the packet.
            let payloads = if l4 == L4::Sctp { [52, 100, 104, 1004] } else { [0, 1, 52, 1400] };
            for payload in payloads {
                let packet = Packet::new(PEER, mac, ip, l4, payload);
                for sums in [&[][..], &[Sum::Ip], &[Sum::L4], &[Sum::Ip, Sum::L4]] {
                    let has = |sum| match sum {
                        Sum::Ip => ip != Ip::V6,
                        Sum::L4 => l4 != L4::UdpUnsummed,
                    };
                    if sums.iter().all(|sum| has(*sum)) {
                        wrong[0] += u64::from(sums.contains(&Sum::Ip));
                        wrong[1] += u64::from(sums.contains(&Sum::L4));
                        all.push((packet.clone(), packet.with_wrong(sums)));
                    }
                }
            }
        }
    }
    (all, wrong)
}

/// The number behind a name in what `stop` prints first, which is of the only port.
#[track_caller]
fn counted(text: &str, name: &str) -> u64 {
    let rest = text.split_once(name).unwrap_or_else(|| panic!("no `{name}` in: {text}")).1;
    rest.split_whitespace().next().and_then(|number| number.parse().ok()).expect(name)
}

#[test]
fn wrong_checksums_are_counted_and_right_ones_put_in() {
    for model in ["82599", "x550"] {
        for paths in Paths::ALL {
            let adapter = format!("model={model}");
            let app = ["--enable-rx-cksum"];
            let mut setup =
                Setup::start(&Wanted { adapter: &adapter, app: &app, ..Wanted::plain(paths) });
            setup.reconfigure(&[
                "csum set ip hw 0",
                "csum set udp hw 0",
                "csum set tcp hw 0",
                "csum set sctp hw 0",
                "csum parse-tunnel off 0",
            ]);
            setup.uses(false, true);
            setup.forward("csum");
            let (packets, wrong) = packets(setup.mac);
            let got = setup.exchange(packets.iter().map(|(_, frame)| (frame.clone(), 1)));
            assert_eq!(got.len(), packets.len());
            for (n, ((packet, _), got)) in packets.iter().zip(&got).enumerate() {
                let right = Packet { from: setup.mac, to: PEER, ..packet.clone() };
                assert!(
                    *got == right.bytes(),
                    "{model}, {paths:?}, packet {n}: {right:?}\n{got:02x?}"
                );
                let has_ip = packet.ip != Ip::V6;
                let has_l4 = matches!(packet.l4, L4::Tcp | L4::Udp);
                let (ip, l4) = (has_ip.then_some(true), has_l4.then_some(true));
                assert_eq!(checksums(got), (ip, l4), "{model}, {paths:?}, packet {n}");
            }
            let told = setup.testpmd.command("stop");
            let told = ["Bad-ipcsum:", "Bad-l4csum:"].map(|name| counted(&told, name));
            assert_eq!(told, wrong, "{model}, {paths:?}");
            setup.testpmd.quit();
        }
    }
}
