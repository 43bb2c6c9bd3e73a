//! Memory that has vanished unseen while devices reach it.

use std::ptr;

use softnic::{Host, Spec};

use super::super::dma_mapped;
use super::super::kernel::{self, PAGE};
use super::{child, memory};

/// Does something as the adapter does it.
fn as_device<R>(act: impl FnOnce() -> R) -> R {
    let host = Host::open(&Spec::parse("drive=caller").unwrap()).unwrap();
    host.with(|_| act()).expect("it has not failed")
}

fn device_adds(at: usize) -> u8 {
    as_device(|| {
        let byte = ptr::with_exposed_provenance_mut::<u8>(at);
        // SAFETY: mapped for devices: an empty page takes its place if it is not there.
        unsafe {
            byte.write_volatile(byte.read_volatile().wrapping_add(1));
            byte.read_volatile()
        }
    })
}

fn map(at: usize) {
    dma_mapped(1, 0, ptr::with_exposed_provenance(at), PAGE).unwrap();
}

#[test]
fn devices_find_an_empty_page() {
    child(|| {
        let at = memory(1);
        map(at);
        assert_eq!(device_adds(at), 2);
        // SAFETY: nobody else uses it.
        unsafe { kernel::munmap(&(at..at + PAGE)) }.unwrap();
        assert_eq!(device_adds(at), 1);
        assert_eq!(device_adds(at), 2);
    });
}

#[test]
fn devices_reach_what_the_program_has_closed_against_itself() {
    child(|| {
        let at = memory(1);
        map(at);
        // SAFETY: nobody else uses it.
        unsafe { kernel::mprotect(&(at..at + PAGE), libc::PROT_NONE) }.unwrap();
        assert_eq!(device_adds(at), 2);
    });
}

#[test]
fn devices_go_on_behind_the_end_of_a_file() {
    child(|| {
        // SAFETY: new memory of a new file.
        unsafe {
            let fd = libc::memfd_create(c"pages".as_ptr(), 0);
            assert_eq!(libc::ftruncate(fd, PAGE as i64), 0);
            let both = libc::PROT_READ | libc::PROT_WRITE;
            let at = kernel::mmap(0, PAGE, both, libc::MAP_SHARED, fd, 0).unwrap();
            map(at);
            assert_eq!(device_adds(at), 1);
            assert_eq!(libc::ftruncate(fd, 0), 0);
            assert_eq!(device_adds(at), 1);
        }
    });
}

#[test]
fn a_program_finds_none() {
    crate::trap::forks_in_tests();
    let at = memory(1);
    // SAFETY: the child ends without running anything of its parent's.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        map(at);
        // SAFETY: no core file; it ends by the load.
        unsafe {
            let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            libc::setrlimit(libc::RLIMIT_CORE, &none);
            libc::alarm(10);
            _ = kernel::munmap(&(at..at + PAGE));
            ptr::with_exposed_provenance::<u8>(at).read_volatile();
            libc::_exit(0);
        }
    }
    let mut status = 0;
    // SAFETY: writes the status of a child of ours.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV, "{status:#x}");
}
