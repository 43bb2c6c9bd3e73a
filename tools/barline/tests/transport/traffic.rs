//! The driver at work through the preload library.

use barline::{Event, LinkState, Port};

use testkit::until;

use crate::census::Census;
use crate::inside::inside;
use crate::node::{Node, VF0, VF1, arena, config, exchange};
use crate::{log, soft};

#[test]
fn two_vfs_exchange_frames() {
    inside("traffic::two_vfs_exchange_frames", "vfs=2,uplink=sink", || {
        log::begin();
        let arena = arena();
        let (mut a, mut b) = (Node::start(VF0, &arena).unwrap(), Node::start(VF1, &arena).unwrap());
        assert_eq!((a.port.name(), b.port.name()), (VF0, VF1));
        assert_ne!(a.mac(), b.mac());
        assert_eq!(a.port.link(), LinkState::Up { mbps: 10_000, full_duplex: true });
        exchange(&mut a, &mut b, 4000);
        let (sent, got) = (a.port.stats(), b.port.stats());
        assert_eq!((sent.tx[0].packets, got.rx[0].packets), (4000, 4000));
        assert_eq!(log::warnings(), "");
    });
}

#[test]
fn the_generator_feeds_a_vf() {
    inside("traffic::the_generator_feeds_a_vf", "vfs=1,uplink=gen,size=64", || {
        let arena = arena();
        let mut node = Node::start(VF0, &arena).unwrap();
        let mut got = 0;
        until("many frames come", || {
            let frames = node.poll();
            assert!(frames.iter().all(|frame| frame.len() == 60 && frame[..6] == node.mac().0));
            got += frames.len();
            got > 100_000
        });
    });
}

/// A packet that comes wakes who sleeps: an interrupt by MSI-X and eventfd.
#[test]
fn an_interrupt_wakes_a_worker() {
    inside("traffic::an_interrupt_wakes_a_worker", "vfs=2,uplink=sink", || {
        let arena = arena();
        let (mut a, mut b) = (Node::start(VF0, &arena).unwrap(), Node::start(VF1, &arena).unwrap());
        for number in 0..3 {
            let bytes = crate::node::frame(b.mac(), a.mac(), number);
            std::thread::scope(|scope| {
                let woken = scope.spawn(|| b.rx.wait(testkit::LONG).unwrap());
                a.send(&bytes);
                assert!(woken.join().unwrap(), "frame {number}");
            });
            assert_eq!(b.take(1), [bytes]);
        }
    });
}

/// Every kind of call that the driver knows how to make is made here, so that the injected errors
/// reach all of them.
#[test]
fn the_driver_makes_all_its_calls() {
    inside("traffic::the_driver_makes_all_its_calls", "vfs=2,uplink=sink", || {
        let (made, ()) = soft::calls_of(crate::errors::round_of_all);
        for call in [
            "open-container",
            "open-group",
            "VFIO_GET_API_VERSION",
            "VFIO_CHECK_EXTENSION",
            "VFIO_SET_IOMMU",
            "VFIO_IOMMU_GET_INFO",
            "VFIO_IOMMU_MAP_DMA",
            "VFIO_IOMMU_UNMAP_DMA",
            "VFIO_GROUP_GET_STATUS",
            "VFIO_GROUP_SET_CONTAINER",
            "VFIO_GROUP_UNSET_CONTAINER",
            "VFIO_GROUP_GET_DEVICE_FD",
            "VFIO_DEVICE_GET_INFO",
            "VFIO_DEVICE_GET_REGION_INFO",
            "VFIO_DEVICE_GET_IRQ_INFO",
            "VFIO_DEVICE_SET_IRQS",
            "VFIO_DEVICE_RESET",
            "mmap",
            "read-config",
            "write-config",
            "eventfd",
            "close",
        ] {
            assert!(made.iter().any(|name| name == call), "{call} is not among {made:?}");
        }
        assert!(!made.iter().any(|name| name == "ioctl"), "an ioctl that VFIO does not have");
    });
}

#[test]
fn ports_open_and_close_again_and_again() {
    inside("traffic::ports_open_and_close_again_and_again", "vfs=2,uplink=sink", || {
        let arena = arena();
        let round = || {
            let (mut a, mut b) =
                (Node::start(VF0, &arena).unwrap(), Node::start(VF1, &arena).unwrap());
            exchange(&mut a, &mut b, 32);
        };
        round();
        let before = Census::now();
        for _ in 0..20 {
            round();
            before.holds_again("a round");
            let census = arena.buffers().census();
            assert_eq!((census.depot, census.quarantined), (census.total, 0));
        }
    });
}

#[test]
fn a_vf_has_one_owner() {
    inside("traffic::a_vf_has_one_owner", "vfs=2,uplink=sink", || {
        let arena = arena();
        let node = Node::start(VF0, &arena).unwrap();
        let error = Port::open_with(VF0, config(&arena)).unwrap_err().to_string();
        assert!(error.contains(VF0) && error.contains("busy"), "{error}");
        // Another process is told who has it.
        let barline = env!("CARGO_BIN_EXE_barline");
        let words = ["bench", "rx", "--vf", VF0, "--seconds", "1"];
        let output = std::process::Command::new(barline).args(words).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains("is busy"), "{error}");
        assert!(error.contains(&format!("(pid {})", std::process::id())), "{error}");
        assert!(!node.port.events().try_iter().any(|event| event != Event::PfReset), "undisturbed");
    });
}
