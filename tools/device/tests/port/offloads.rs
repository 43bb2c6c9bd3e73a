//! What the device does to packets that are sent, as the VF that gets them sees it.

use barline::Flags;

use crate::kit::{End, Pair};
use crate::packets::{Flow, L4, checksums, spoil, tcp, udp};

/// The models, and whether they look into frames that come from another VF: before the X550 none does.
const MODELS: [(&str, bool); 4] =
    [("82599", false), ("x540", false), ("x550", true), ("e610", true)];

impl Pair {
    fn way(&self) -> Flow {
        Flow { from: self.ends[1].port.mac(), to: self.ends[0].port.mac(), port: 4000 }
    }

    /// The packets that VF 0 has got, with the flags of their first frames.
    fn with_flags(&mut self) -> Vec<(Vec<u8>, Flags)> {
        self.settle();
        let End { queues, pool, .. } = &mut self.ends[0];
        let mut batch = pool.batch(64);
        queues.rx[0].poll(&mut batch);
        let flags = batch.packets().map(|packet| packet.head().flags());
        crate::kit::read(&batch).into_iter().zip(flags).collect()
    }
}

#[test]
fn checksums_are_inserted_and_checked() {
    for (model, parses) in MODELS {
        let mut pair = Pair::new(&format!("vfs=2,model={model}"));
        let way = pair.way();
        for right in [tcp(way, 7, b"some payload"), udp(way, b"odd number of bytes")] {
            assert_eq!(checksums(&right), (true, true));
            pair.ends[1].send_with(&spoil(right.clone()), |packet| {
                packet.request_checksums().unwrap();
            });
            // As it is, for comparison.
            pair.ends[1].send(&spoil(right.clone()));
            let got = pair.with_flags();
            assert_eq!(got.len(), 2, "{model}");
            assert_eq!(checksums(&got[0].0), (true, true), "{model}");
            assert!(got[0].0 == right, "{model}: only the checksums are different");
            assert_eq!(checksums(&got[1].0), (false, false), "{model}");
            let good = Flags::IP_GOOD | Flags::L4_GOOD;
            assert_eq!(got[0].1.contains(good), parses, "{model}");
            assert_eq!(got[1].1.contains(Flags::IP_BAD), parses, "{model}");
            assert!(!got[1].1.contains(Flags::L4_GOOD), "{model}");
        }
    }
}

#[test]
fn tcp_segments_are_cut_to_size() {
    for (model, parses) in MODELS {
        let mut pair = Pair::new(&format!("vfs=2,model={model}"));
        let payload: Vec<u8> = (0..20_000_u32).map(|i| (i * 7) as u8).collect();
        pair.ends[1].send_with(&tcp(pair.way(), 1000, &payload), |packet| {
            packet.request_segmentation(1400).unwrap();
        });
        let got = pair.with_flags();
        assert_eq!(got.len(), payload.len().div_ceil(1400), "{model}");
        let mut sequence = 1000;
        let mut whole: Vec<u8> = Vec::new();
        for (segment, flags) in &got {
            assert_eq!(checksums(segment), (true, true), "{model}");
            assert_eq!(flags.contains(Flags::TCP | Flags::L4_GOOD), parses, "{model}");
            let number = u32::from_be_bytes(segment[L4 + 4..L4 + 8].try_into().unwrap());
            assert_eq!(number, sequence, "{model}");
            let data = &segment[L4 + 20..];
            sequence += data.len() as u32;
            whole.extend(data);
        }
        assert!(whole == payload, "{model}");
    }
}

#[test]
fn a_packet_over_several_buffers_is_sent_and_received_whole() {
    let mut pair = Pair::new("vfs=2");
    for end in &mut pair.ends {
        end.port.set_max_frame(9018).unwrap();
    }
    let right = udp(pair.way(), &[0x5a; 8000]);
    let spoilt = spoil(right.clone());
    crate::kit::until("the new limit is in force", || {
        pair.ends[1].send_with(&spoilt, |packet| {
            packet.request_checksums().unwrap();
        });
        let got = pair.with_flags();
        assert!(got.iter().all(|(packet, _)| *packet == right));
        !got.is_empty()
    });
}
