//! The software adapter, as a hostile driver has it: any descriptors, registers, messages and
//! configuration on VF 0, any frames from the wire, and anything that can go wrong meanwhile. VF 0 has
//! an address space of its own, so that AddressSanitizer sees whatever reaches beside its memory. VF 1,
//! next to it, gets nothing that is not for it, and works at the end.
#![no_main]

mod case;
mod world;

use barline_fuzz::datapath::rig::frame;
use libfuzzer_sys::fuzz_target;
use softnic::Fault;

use case::{Case, Op};
use world::World;

/// Whether no PF and no administrator had a hand in it: VF 0 sends from its own address alone.
fn is_quiet(op: &Op) -> bool {
    !matches!(op, Op::Message(..) | Op::Happen(_) | Op::Register(..))
}

fuzz_target!(|case: Case| {
    let mut world = World::new(&case.options);
    let mut damaged = false;
    let strict = !case.options.contains("spoof=off") && case.ops.iter().all(is_quiet);
    for op in &case.ops {
        damaged |= matches!(op, Op::Happen(Fault::CorruptOneIn(Some(_))));
        world.apply(op);
        if strict {
            let from = world.macs[0];
            let mut end = world.rig.end.lock().expect("nothing panics");
            assert!(end.taken.drain(..).all(|frame| frame[6..12] == from), "from another address");
        }
        world.look_next_door(damaged);
    }
    // When all troubles are over, VF 1 works.
    let World { rig, .. } = &mut world;
    for fault in [
        Fault::PfInterface { up: true },
        Fault::Link { up: true },
        Fault::DropOneIn(None),
        Fault::DuplicateOneIn(None),
        Fault::SwapOneIn(None),
        Fault::CorruptOneIn(None),
        Fault::UplinkHeld { on: false },
    ] {
        rig.adapter.inject(fault);
    }
    for _ in 0..3 {
        rig.now += 20_000_000;
        rig.step();
    }
    let mac = rig.greet(1);
    world.neighbour.restart(&mut world.rig, 0);
    while !world.rig.end.lock().expect("nothing panics").to_send.is_empty() {
        world.rig.step();
        world.look_next_door(damaged);
    }
    let sent = frame(mac, [2; 6], 60, 1);
    world.rig.wire(&sent);
    world.rig.step();
    let last = world.neighbour.poll(&mut world.rig).pop();
    assert_eq!(last.map(|got| got.bytes), Some(sent), "the neighbour does not work any more");
});
