//! A port on a device whose registers say anything, whose PF answers anything, and on which one call of
//! the kernel's may fail: opened, started, used, reset and closed. Errors are told; nothing panics, no
//! mapping is left behind, and the device works for who comes next.
#![no_main]
#![allow(unsafe_code)]

mod case;
mod world;

use std::ffi::c_char;
use std::time::Duration;

use barline::{Config, MacAddress, Port, Queues, Rss, Simd};
use barline_fuzz::{Liar, Lie};
use libfuzzer_sys::fuzz_target;

use case::{Case, Op, Options, Trouble};
use world::{ROOM, World, arena};

impl Case {
    fn config(&self) -> Config {
        let [rx_queues, tx_queues] = self.queues;
        let Options { max_frame, standard, mac, vlan_strip, simd, rss } = &self.options;
        let simds: Vec<Simd> = Simd::available().collect();
        Config {
            rx_queues,
            tx_queues,
            rx_ring: 64,
            tx_ring: 64,
            max_frame: if *standard { 1518 } else { *max_frame },
            mac: mac.map(MacAddress),
            vlan_strip: *vlan_strip && self.model.is_some(),
            rss: rss.map(|entries| Rss::spread(rx_queues, usize::from(entries))),
            arena: Some(arena()),
            simd: simds.get(usize::from(*simd)).copied(),
            ..Config::default()
        }
    }

    /// What a port tells of its device is possible, whatever that said.
    fn plausible(&self, port: &Port) {
        let info = port.info();
        let most = if self.model.is_none() { 2 } else { 4 };
        assert!((1..=most).contains(&info.queues), "{} queues", info.queues);
        assert!((1518..=9728).contains(&info.max_frame), "frames of {} bytes", info.max_frame);
        assert!(port.mac().is_unicast(), "{}", port.mac());
    }

    /// Whether a queue may seem not to be off: its memory is never given back then.
    fn may_keep_memory(&self) -> bool {
        let control = |lie: &Lie| matches!(lie.offset, 0x2828 | 0x2928 | 0x3828 | 0x3928);
        let gone = |op: &Op| matches!(op, Op::Happen(Trouble::Lying(what, true)) if what % 7 == 4);
        self.lies.iter().any(control) || self.ops.iter().any(gone)
    }

    fn use_port(&self, world: &World, port: &mut Port) {
        let pool = port.pool();
        let mut batch = pool.batch(64);
        let mut queues = Queues { rx: Vec::new(), tx: Vec::new() };
        for op in &self.ops {
            let result = match op {
                Op::Start => port.start().map(|started| {
                    queues.rx.extend(started.rx);
                    queues.tx.extend(started.tx);
                }),
                Op::Stop(rx) if *rx => queues.rx.iter_mut().try_for_each(|queue| queue.stop()),
                Op::Stop(_) => queues.tx.iter_mut().try_for_each(|queue| queue.stop()),
                Op::Again(rx) if *rx => queues.rx.iter_mut().try_for_each(|queue| queue.start()),
                Op::Again(_) => queues.tx.iter_mut().try_for_each(|queue| queue.start()),
                Op::Drop => {
                    queues = Queues { rx: Vec::new(), tx: Vec::new() };
                    Ok(())
                }
                Op::Send(count, len) => {
                    for _ in 0..count % 70 {
                        if let Some(mut packet) = batch.alloc(usize::from(len % 5000)) {
                            packet.frames().for_each(|mut frame| frame.data().fill(0x22));
                        }
                    }
                    for queue in &mut queues.tx {
                        let before = batch.len();
                        let taken = queue.push(&mut batch);
                        assert_eq!(batch.len(), before - taken);
                    }
                    batch.clear();
                    Ok(())
                }
                Op::Incoming(count, len) => {
                    let frame = || vec![0x33; usize::from(len % 9000) + 1];
                    (0..count % 70).for_each(|_| world.incoming(frame()));
                    Ok(())
                }
                Op::Step(count) => {
                    (0..=count % 4).for_each(|_| world.step());
                    Ok(())
                }
                Op::Poll => {
                    for queue in &mut queues.rx {
                        queue.poll(&mut batch);
                        for frame in batch.frames() {
                            assert!((1..=ROOM).contains(&frame.data().len()));
                        }
                        batch.clear();
                    }
                    Ok(())
                }
                Op::Reap => {
                    for queue in &mut queues.tx {
                        queue.reap(&pool);
                    }
                    Ok(())
                }
                Op::Flush => {
                    for queue in &mut queues.tx {
                        queue.flush(&pool, Duration::from_micros(10));
                    }
                    Ok(())
                }
                Op::Wait => {
                    queues.rx.iter_mut().try_for_each(|queue| queue.wait(Duration::ZERO).map(drop))
                }
                Op::Look(offset) => {
                    let _ = (port.stats(), port.xstats(), port.registers(), port.link());
                    let _ = (port.mac(), port.info(), port.rss());
                    let offset = usize::from(*offset % 100);
                    for queue in &queues.rx {
                        assert_eq!(queue.descriptor(offset).is_ok(), offset < 64);
                    }
                    for queue in &queues.tx {
                        assert_eq!(queue.descriptor(offset).is_ok(), offset < 64);
                        assert!(queue.pending() < 64);
                    }
                    Ok(())
                }
                Op::Mac(mac) => port.set_mac(MacAddress(*mac)),
                Op::Unicast(count) => port.set_unicast(&addresses(*count, 2)),
                Op::Multicast(count) => port.set_multicast(&addresses(*count, 3)),
                Op::Vlan(id, on) => port.set_vlan(*id, *on),
                Op::Strip(on) => port.set_vlan_strip(*on),
                Op::AllMulticast(on) => port.set_all_multicast(*on),
                Op::Promiscuous(on) => port.set_promiscuous(*on),
                Op::MaxFrame(len) => port.set_max_frame(*len),
                Op::Spread(entries) => {
                    port.set_rss(&Rss::spread(self.queues[0], usize::from(*entries)))
                }
                Op::Reset => {
                    port.reset();
                    Ok(())
                }
                Op::Happen(trouble) => {
                    world.happen(trouble);
                    Ok(())
                }
            };
            result.err().iter().for_each(told);
        }
        batch.clear();
        while port.events().try_recv().is_ok_and(|event| !event.to_string().is_empty()) {}
    }
}

/// An error says something, on one line.
fn told(error: &barline::Error) {
    let text = error.to_string();
    assert!(!text.is_empty() && !text.contains('\n'), "{text}");
}

fn addresses(count: u8, first: u8) -> Vec<MacAddress> {
    (0..count % 40).map(|n| MacAddress([first, 0, 0, 0, 1, n])).collect()
}

/// Frames go out, and on a device that has somebody at the other end, come in.
fn exercise(world: &World) {
    let config = Config { rx_ring: 64, tx_ring: 64, arena: Some(arena()), ..Config::default() };
    let mut port = Port::on(world.transport(), config).expect("the device is free, and works");
    let mut queues = port.start().expect("it works");
    let pool = port.pool();
    let mut batch = pool.batch(32);
    let mut frame = [[0x02, 0, 0, 0, 0xff, 1], port.mac().0].concat();
    frame.resize(100, 0x5a);
    batch.alloc(frame.len()).expect("buffers").copy_from(&frame);
    assert_eq!(queues.tx[0].push(&mut batch), 1);
    world.step();
    if let World::Igbvf(fake) = world {
        assert_eq!(fake.model().sent.pop().as_ref(), Some(&frame));
        fake.model().incoming.push_back(frame.clone());
    }
    world.step();
    assert_eq!(queues.rx[0].poll(&mut batch), 1, "one frame comes");
    assert_eq!(
        batch.packets().next().map(|packet| packet.head().data()[14..].to_vec()),
        Some(frame[14..].to_vec())
    );
}

/// What LeakSanitizer is not to tell: a queue that may not be off keeps its memory, for ever.
// SAFETY: the sanitizer asks for a function of this name, which gives a text that ends with a zero.
#[unsafe(no_mangle)]
extern "C" fn __lsan_default_suppressions() -> *const c_char {
    c"leak:dma::memory::Memory*::carve".as_ptr()
}

fuzz_target!(|case: Case| {
    let mut case = case;
    let world = World::new(case.model);
    let keeps = case.may_keep_memory();
    let liar = Liar::new(world.transport(), std::mem::take(&mut case.lies), case.failing);
    match Port::on(liar, case.config()) {
        Err(error) => told(&error),
        Ok(mut port) => {
            case.plausible(&port);
            case.use_port(&world, &mut port);
        }
    }
    if let World::Igbvf(fake) = &world {
        let left = &fake.model().left;
        assert!(keeps || case.failing.is_some() || left.is_empty(), "not put to rest: {left:?}");
    }
    let left = world.mappings();
    assert!(keeps || left == 0, "memory stays mapped");
    world.mend();
    exercise(&world);
    assert_eq!(world.mappings(), left, "memory stays mapped");
});
