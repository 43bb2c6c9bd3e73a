//! Requests to the device, made for any bytes: they are refused, with nothing changed, or a device can
//! follow them to the letter, and every checksum of what goes out is right.
#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use barline_fuzz::model::{Ip, Model, Rig, Traffic, check, packet_bytes};
use barline_fuzz::{Formats, OnRings, program, range, traffic};
use barline_ring::{FrameBatch, IpVersion, L4Protocol, PacketMut, Pool, Simd, TxConfig, TxOffload};
use libfuzzer_sys::fuzz_target;

#[derive(Debug)]
struct Case {
    format: Formats,
    bytes: Vec<u8>,
    ask: Ask,
    moves: Vec<Move>,
}

#[derive(Debug)]
enum Ask {
    Checksums,
    Segments(u16),
    Any(TxOffload),
}

/// What is done to the first frame after the request.
#[derive(Arbitrary, Debug)]
enum Move {
    Prepend(u8),
    TrimFront(u8),
    SetLen(u16),
    Clear,
}

fn bytes(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let kind = range(input, 0..=5)?;
    if kind == 0 {
        let len = range(input, 17..=4000)?;
        let seed = input.arbitrary()?;
        let start: Vec<u8> = program(input, 200)?;
        let mut bytes = packet_bytes(seed, len);
        bytes.iter_mut().zip(start).for_each(|(byte, other)| *byte = other);
        return Ok(bytes);
    }
    let traffic = traffic(input, 3000)?;
    let mut bytes = traffic.bytes();
    if kind == 1 {
        return Ok(bytes);
    }
    // Nearly right, and padded or cut.
    let (ip, l4) = (traffic.l2_len(), traffic.l2_len() + traffic.l3_len());
    for _ in 0..range(input, 0..=2)? {
        // EtherType; version and length, total length, fragments, protocol of both versions; ports,
        // length and data offset; anything.
        let any = range(input, 0..=140)?;
        let at = *input.choose(&[
            12,
            13,
            ip,
            ip + 2,
            ip + 3,
            ip + 4,
            ip + 5,
            ip + 6,
            ip + 7,
            ip + 9,
            ip + 41,
            l4 + 4,
            l4 + 5,
            l4 + 12,
            any,
        ])?;
        let value = input.arbitrary()?;
        bytes.get_mut(at).into_iter().for_each(|byte| *byte = value);
    }
    let change = range(input, 0..=40)?;
    if change > 20 {
        bytes.resize((bytes.len() + change - 30).max(17), 0);
    }
    Ok(bytes)
}

fn offload(input: &mut Unstructured<'_>) -> Result<TxOffload> {
    let tcp = L4Protocol::Tcp;
    Ok(TxOffload {
        l2_len: *input.choose(&[14, 14, 18, 22, 0, 13, 127, 128, usize::MAX])?,
        ip: *input.choose(&[IpVersion::V4, IpVersion::V6])?,
        l3_len: *input.choose(&[20, 20, 24, 40, 48, 60, 508, 512, 0, usize::MAX])?,
        ip_checksum: input.arbitrary()?,
        l4: *input.choose(&[None, Some(tcp), Some(L4Protocol::Udp), Some(L4Protocol::Sctp)])?,
        l4_len: *input.choose(&[0, 8, 12, 20, 32, 60, 64, usize::MAX])?,
        mss: *input.choose(&[None, None, Some(0), Some(17), Some(1460), Some(u16::MAX)])?,
    })
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Case> {
        let format = input.arbitrary()?;
        let ask = match range(input, 0..=4)? {
            0 | 1 => Ask::Checksums,
            2 => Ask::Segments(*input.choose(&[0, 16, 17, 100, 1460, 16383, 16384])?),
            _ => Ask::Any(offload(input)?),
        };
        let moves = range(input, 0..=8)?.saturating_sub(5);
        let moves = (0..moves).map(|_| input.arbitrary()).collect::<Result<_>>()?;
        Ok(Case { format, ask, moves, bytes: bytes(input)? })
    }
}

/// What was asked for, and the bytes as they are then.
type Asked = (TxOffload, Vec<u8>);

fn all(packet: &PacketMut<'_>) -> Vec<u8> {
    packet.as_ref().frames().flat_map(|frame| frame.data().to_vec()).collect()
}

impl Case {
    /// Makes the request; what came of it, if it could be.
    fn ask(&self, packet: &mut PacketMut<'_>) -> Option<Asked> {
        let made = match &self.ask {
            Ask::Checksums => packet.request_checksums(),
            Ask::Segments(mss) => packet.request_segmentation(*mss),
            Ask::Any(offload) => packet.set_offload(offload).map(|()| *offload),
        };
        let asked = packet.as_ref().offload();
        match made {
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert_eq!(asked, None);
                assert!(all(packet) == self.bytes, "refused, and changed all the same");
                None
            }
            Ok(made) => {
                let asked = asked.expect("it was made");
                let segments = made.mss.is_some() && made.ip == IpVersion::V4;
                assert_eq!(asked, TxOffload { ip_checksum: made.ip_checksum || segments, ..made });
                assert!(asked.header_len() <= packet.head().data().len());
                Some((asked, all(packet)))
            }
        }
    }

    /// What is asked for a whole batch is asked for each of its packets.
    fn for_all(&self, mut batch: FrameBatch<'_>, asked: &Option<Asked>) {
        if !matches!(self.ask, Ask::Checksums) {
            return;
        }
        for _ in 0..3 {
            batch.alloc(self.bytes.len()).expect("buffers").copy_from(&self.bytes);
        }
        assert_eq!(batch.request_checksums(), if asked.is_some() { 0 } else { 3 });
        for packet in batch.packets_mut() {
            assert_eq!(packet.as_ref().offload(), asked.as_ref().map(|(offload, _)| *offload));
            assert!(all(&packet) == *asked.as_ref().map_or(&self.bytes, |(_, bytes)| bytes));
        }
    }

    /// What is asked for at once, and what is asked for in two steps, is the same.
    fn in_two_steps(&self, mut batch: FrameBatch<'_>, asked: &Option<Asked>) {
        let offload = match self.ask {
            Ask::Checksums => TxOffload::checksums(&self.bytes[..self.bytes.len().min(1024)]),
            Ask::Segments(mss) => {
                TxOffload::segmentation(&self.bytes[..self.bytes.len().min(1024)], mss)
            }
            Ask::Any(_) => return,
        };
        let mut packet = batch.alloc(self.bytes.len()).expect("buffers");
        packet.copy_from(&self.bytes);
        let made = offload.is_ok_and(|offload| packet.set_offload(&offload).is_ok());
        assert_eq!(made, asked.is_some(), "of one opinion");
        if let Some((offload, bytes)) = asked {
            assert_eq!(packet.as_ref().offload(), Some(*offload));
            assert!(*bytes == all(&packet), "the same headers");
        }
    }

    fn moved(&self, packet: &mut PacketMut<'_>) {
        for one in &self.moves {
            let mut head = packet.head();
            let _ = match one {
                Move::Prepend(n) => head.prepend(usize::from(*n)),
                Move::TrimFront(n) => head.trim_front(usize::from(*n)),
                Move::SetLen(n) => head.set_len(usize::from(*n)),
                Move::Clear => {
                    packet.clear_offload();
                    assert_eq!(packet.as_ref().offload(), None);
                    true
                }
            };
            if let Some(offload) = packet.as_ref().offload() {
                assert!(offload.header_len() <= packet.head().data().len());
                assert!((14..128).contains(&offload.l2_len));
            }
        }
    }

    /// What goes out has its checksums right, as far as they were asked for.
    fn judge(&self, sent: &[u8], asked: &TxOffload) {
        let like = Traffic {
            tags: vec![(0x8100, 0); asked.l2_len.saturating_sub(14) / 4],
            ip: match asked.ip {
                IpVersion::V4 => Ip::V4((asked.l3_len - 20) / 4),
                IpVersion::V6 => Ip::V6((asked.l3_len - 40) / 8),
            },
            protocol: match asked.l4 {
                Some(L4Protocol::Tcp) => 6,
                Some(L4Protocol::Udp) => 17,
                Some(L4Protocol::Sctp) => 132,
                None => 0,
            },
            options: 0,
            payload: 0,
            seed: 0,
        };
        // Headers of odd lengths can be asked for, too.
        if like.l2_len() == asked.l2_len && like.l3_len() == asked.l3_len {
            check(sent, &like, asked.ip_checksum, asked.l4.is_some());
        }
    }
}

impl OnRings for Case {
    fn run<F: Model>(&self) {
        let rig = Rig::new(128, 1024);
        let pool = Pool::new(&rig.arena, 0);
        let simd = Simd::best();
        let config = TxConfig { len: 64, max_packet: 20_000, max_chain: 8, simd };
        let (mut tx, mut device) = rig.tx::<F>(config);
        let mut batch = pool.batch(40);
        {
            let mut packet = batch.alloc(self.bytes.len()).expect("there are buffers");
            packet.copy_from(&self.bytes);
            let asked = self.ask(&mut packet);
            self.moved(&mut packet);
            self.in_two_steps(pool.batch(40), &asked);
            self.for_all(pool.batch(40), &asked);
        }
        let asked = batch.packets().next().and_then(|packet| packet.offload());
        let frames = batch.len();
        assert_eq!(tx.push(&mut batch), frames);
        // The model fails over headers that are not inside of what is sent.
        device.step(usize::MAX);
        let counters = tx.counters();
        assert_eq!(counters.packets.value() + counters.invalid.value(), 1);
        if let (Some(asked), true) = (asked, self.moves.is_empty()) {
            device.sent.iter().for_each(|sent| self.judge(&sent.bytes, &asked));
        }
        drop(batch);
        rig.release_tx(tx, device);
        drop(pool);
        rig.check_all_home();
    }
}

fuzz_target!(|case: Case| case.format.run(&case));
