//! An administrator that drives nothing, beside a process that drives VFs.

use std::path::Path;

use softnic::{Administrator, Fault, Host, OrderError, Spec};

const VFLINKS: usize = 0x10;
const UP: u32 = 1 << 30;

fn spec() -> Spec {
    Spec::parse("vfs=2,uplink=sink,drive=caller,model=e610").unwrap()
}

fn administrator(path: &Path) -> Administrator {
    Administrator::join(path, &spec()).unwrap_or_else(|error| panic!("{error}"))
}

fn host(path: &Path) -> Host {
    let spec = Spec { share: Some(path.into()), ..spec() };
    Host::open(&spec).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_it_orders_the_vfs_of_others_see() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adapter");
    let mut administrator = administrator(&path);
    let host = host(&path);
    host.with(|adapter| adapter.open(0)).unwrap().unwrap();
    let mut now = 0;
    let mut read = |offset| {
        now += 1_000_000_000;
        host.step_once(now).unwrap();
        host.with(|adapter| adapter.read(0, offset)).unwrap()
    };
    assert_ne!(read(VFLINKS), u32::MAX);
    assert_eq!(administrator.order(Fault::Removal { vf: 0 }), Ok(()));
    assert_eq!(read(VFLINKS), u32::MAX, "it was pulled out");
}

#[test]
fn it_needs_neither_a_vf_nor_the_wire_and_remembers_while_nobody_has_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adapter");
    let spec = Spec::parse("vfs=1,uplink=gen,drive=caller").unwrap();
    let mut administrator = Administrator::join(&path, &spec).unwrap();
    let shared = Spec { share: Some(path.clone()), ..spec };
    let link = |steps: u64| {
        let host = Host::open(&shared).unwrap();
        host.with(|adapter| adapter.open(0)).unwrap().unwrap();
        (0..steps).for_each(|n| _ = host.step_once(n * 1_000_000).unwrap());
        host.with(|adapter| adapter.read(0, VFLINKS)).unwrap() & UP
    };
    assert_eq!(link(20), UP);
    administrator.order(Fault::Link { up: false }).unwrap();
    assert_eq!(link(20), 0, "the next process finds it as the last left it");
    administrator.order(Fault::Link { up: true }).unwrap();
    assert_eq!(link(20), UP);
    assert!(path.exists());
    drop(administrator);
    assert!(!path.exists(), "the last one removes the file");
}

#[test]
fn what_cannot_be_ordered_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut administrator = administrator(&folder.path().join("adapter"));
    let absent = Err(OrderError::Absent { vf: 2, vfs: 2 });
    assert_eq!(administrator.order(Fault::Trust { vf: 2, trusted: true }), absent);
    assert_eq!(administrator.order(Fault::Removal { vf: 2 }), absent);
    assert_eq!(administrator.order(Fault::Removal { vf: 1 }), Err(OrderError::Idle { vf: 1 }));
    let held = Fault::UplinkHeld { on: true };
    assert_eq!(administrator.order(held), Err(OrderError::Private(held)));
    assert_eq!(administrator.order(Fault::PfReset), Ok(()));
}

#[test]
fn any_number_can_be_there_beside_as_many_drivers_as_there_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adapter");
    let host = host(&path);
    let mut administrators: Vec<_> = (0..100).map(|_| administrator(&path)).collect();
    administrators[99].order(Fault::PfReset).unwrap();
    host.step_once(1).unwrap();
    drop(host);
    assert!(path.exists());
}
