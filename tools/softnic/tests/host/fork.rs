//! A child made by fork, which runs no other program and drops what it has a copy of.
#![allow(unsafe_code)]

use softnic::{Broken, Host, Spec};

/// Runs `child` in a child; whether it returned true within ten seconds.
fn in_child(child: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child calls what works after a fork of a process with threads: glibc's allocator
    // does, and what is tested is that no lock is taken that another thread may hold. It ends without
    // running destructors of this process.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "{}", std::io::Error::last_os_error());
    if pid == 0 {
        // SAFETY: as above; a child that waits for ever is ended by its alarm.
        unsafe {
            libc::alarm(10);
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child));
            libc::_exit(if done.unwrap_or(false) { 0 } else { 1 });
        }
    }
    let mut status = 0;
    // SAFETY: writes the status of a child of ours.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

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
