//! A child made by fork, which runs no other program and drops what it has a copy of.

use softnic::{Broken, Host, Spec};
use testkit::in_child;

#[test]
fn a_child_leaves_its_parents_adapter_alone() {
    let folder = tempfile::tempdir().unwrap();
    let share = folder.path().join("adapter");
    let spec = Spec::parse(&format!("uplink=sink,share={}", share.display())).unwrap();
    let host = Host::open(&spec).unwrap();
    host.with(|adapter| adapter.open(0).is_ok()).unwrap();
    let mut host = Some(host);
    // The thread is at work at some of these moments, and has the adapter locked.
    for _ in 0..20 {
        let left = in_child(|| {
            let host = host.take().expect("it is here");
            let refused = host.with(|adapter| adapter.close(0)) == Err(Broken::Elsewhere);
            let moved = host.step_once(0).is_ok();
            drop(host);
            refused && !moved && share.exists()
        });
        assert!(left, "the child did not end, or had the adapter");
    }
    // To others it is as it was: here, and driven.
    let other = Host::open(&spec).unwrap();
    assert!(other.with(|adapter| adapter.open(0).is_err()).unwrap());
    assert!(other.with(|adapter| adapter.open(1).is_ok()).unwrap());
    let host = host.expect("the child had a copy");
    host.with(|adapter| adapter.close(0)).unwrap();
    assert!(other.with(|adapter| adapter.open(0).is_ok()).unwrap());
    drop((host, other));
    assert!(!share.exists(), "the last one has removed it");
}
