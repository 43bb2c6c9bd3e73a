//! Binding to vfio-pci and giving back: what is written, in which order, and what is put back when
//! a step fails.

mod fixtures;

use barline::Error;
use barline::sriov::Host;
use fixtures::kernel::{FakeKernel, Fault};
use fixtures::{NVME, PF, Tree, vf};

/// A PF with one VF in group 20, bound to `driver`.
fn with_vf(driver: Option<&str>) -> Tree {
    let tree = Tree::with_pf();
    tree.add_vf(PF, 0, 20);
    tree.bind(&vf(0), driver);
    tree
}

fn driver(tree: &Tree, address: &str) -> Option<String> {
    let device = barline::pci::PciDevice::open(&tree.root(), address.parse().unwrap()).unwrap();
    device.driver().unwrap()
}

fn overridden(tree: &Tree, address: &str) -> String {
    tree.text(address, "driver_override").trim_end().to_string()
}

const VF: &str = "0000:01:10.0";

#[test]
fn from_no_driver() {
    let tree = with_vf(None);
    let host = Host::with(tree.root(), FakeKernel::new(&tree));
    let bound = host.bind(VF.parse().unwrap(), false).unwrap();
    assert_eq!((bound.before, bound.group), (None, Some(20)));
    assert_eq!(
        host.sysfs().log(),
        ["0000:01:10.0/driver_override=vfio-pci", "drivers/vfio-pci/bind=0000:01:10.0"]
    );
    assert_eq!(driver(&tree, VF).as_deref(), Some("vfio-pci"));
}

#[test]
fn from_a_kernel_driver() {
    let tree = with_vf(Some("igbvf"));
    let host = Host::with(tree.root(), FakeKernel::new(&tree));
    let bound = host.bind(VF.parse().unwrap(), false).unwrap();
    assert_eq!(bound.before.as_deref(), Some("igbvf"));
    assert_eq!(
        host.sysfs().log(),
        [
            "0000:01:10.0/driver_override=vfio-pci",
            "drivers/igbvf/unbind=0000:01:10.0",
            "drivers/vfio-pci/bind=0000:01:10.0",
        ]
    );
}

#[test]
fn what_is_bound_stays_untouched() {
    let tree = with_vf(Some("vfio-pci"));
    let host = Host::with(tree.root(), FakeKernel::new(&tree));
    let bound = host.bind(VF.parse().unwrap(), false).unwrap();
    assert_eq!(bound.before.as_deref(), Some("vfio-pci"));
    assert!(host.sysfs().log().is_empty());
}

#[test]
fn refusals_before_anything_is_written() {
    let tree = with_vf(Some("igbvf"));
    let host = Host::with(tree.root(), FakeKernel::new(&tree));
    let error = host.bind(PF.parse().unwrap(), false).unwrap_err();
    assert!(matches!(error, Error::NotVf { .. }) && error.to_string().contains("--force"));
    let error = host.bind("0000:09:00.0".parse().unwrap(), true).unwrap_err();
    assert!(matches!(error, Error::NoDevice { .. }), "{error}");
    std::fs::remove_dir_all(tree.sys("bus/pci/drivers/vfio-pci")).unwrap();
    let error = host.bind(VF.parse().unwrap(), false).unwrap_err();
    assert!(matches!(error, Error::NoVfioDriver { .. }) && error.to_string().contains("modprobe"));
    assert!(host.sysfs().log().is_empty());
    assert_eq!(driver(&tree, VF).as_deref(), Some("igbvf"));
}

#[test]
fn a_whole_device_by_force() {
    let tree = Tree::with_pf();
    let host = Host::with(tree.root(), FakeKernel::new(&tree));
    let bound = host.bind(PF.parse().unwrap(), true).unwrap();
    assert_eq!((bound.before.as_deref(), bound.group), (Some("igb"), Some(10)));
    assert_eq!(driver(&tree, PF).as_deref(), Some("vfio-pci"));
}

#[test]
fn a_vf_that_is_bound_comes_back_when_vfio_refuses_it() {
    for errno in [libc::EBUSY, libc::EINVAL, libc::ENODEV, libc::EAGAIN] {
        let tree = with_vf(Some("igbvf"));
        // As `create` leaves it: without its name as override, igbvf would not get the VF back.
        tree.set(PF, "sriov_drivers_autoprobe", "0\n");
        let kernel =
            FakeKernel::new(&tree).fail("vfio-pci/bind=0000:01:10.0", Fault::Refuse(errno));
        let host = Host::with(tree.root(), kernel);
        let error = host.bind(VF.parse().unwrap(), false).unwrap_err();
        assert!(
            matches!(&error, Error::Kernel { source, .. } if source.raw_os_error() == Some(errno)),
            "{error}"
        );
        assert_eq!(
            host.sysfs().log(),
            [
                "0000:01:10.0/driver_override=vfio-pci",
                "drivers/igbvf/unbind=0000:01:10.0",
                "drivers/vfio-pci/bind=0000:01:10.0",
                "0000:01:10.0/driver_override=igbvf",
                "drivers/igbvf/bind=0000:01:10.0",
                "0000:01:10.0/driver_override=",
            ]
        );
        assert_eq!(driver(&tree, VF).as_deref(), Some("igbvf"));
        assert_eq!(overridden(&tree, VF), "(null)");
    }
}

#[test]
fn an_override_of_before_comes_back() {
    let tree = with_vf(None);
    tree.set(VF, "driver_override", "igbvf\n");
    let kernel = FakeKernel::new(&tree).fail("vfio-pci/bind=0000:01:10.0", Fault::Ignore);
    let host = Host::with(tree.root(), kernel);
    let error = host.bind(VF.parse().unwrap(), false).unwrap_err();
    assert!(matches!(error, Error::Device { .. }), "{error}");
    assert!(error.to_string().contains("bound to no driver, though"), "{error}");
    assert_eq!((driver(&tree, VF), overridden(&tree, VF)), (None, "igbvf".to_string()));
}

#[test]
fn a_driver_that_keeps_the_vf() {
    for fault in [Fault::Ignore, Fault::Refuse(libc::EPERM), Fault::Open(libc::EACCES)] {
        let tree = with_vf(Some("igbvf"));
        let kernel = FakeKernel::new(&tree).fail("igbvf/unbind=0000:01:10.0", fault);
        let host = Host::with(tree.root(), kernel);
        host.bind(VF.parse().unwrap(), false).unwrap_err();
        assert_eq!(
            host.sysfs().log(),
            [
                "0000:01:10.0/driver_override=vfio-pci",
                "drivers/igbvf/unbind=0000:01:10.0",
                "0000:01:10.0/driver_override=",
            ]
        );
        assert_eq!(driver(&tree, VF).as_deref(), Some("igbvf"));
        assert_eq!(overridden(&tree, VF), "(null)");
    }
}

#[test]
fn no_permission_changes_nothing() {
    let tree = with_vf(Some("igbvf"));
    let kernel = FakeKernel::new(&tree).fail("override=vfio-pci", Fault::Open(libc::EACCES));
    let host = Host::with(tree.root(), kernel);
    let error = host.bind(VF.parse().unwrap(), false).unwrap_err();
    assert!(matches!(&error, Error::Permission { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("driver_override") && text.ends_with("run as root"), "{text}");
    assert_eq!(host.sysfs().log().len(), 1);
}

#[test]
fn no_iommu() {
    let tree = with_vf(Some("igbvf"));
    std::fs::remove_file(tree.device(VF).join("iommu_group")).unwrap();
    let host = Host::with(tree.root(), FakeKernel::new(&tree));
    let error = host.bind(VF.parse().unwrap(), false).unwrap_err();
    assert!(matches!(error, Error::NoIommu { .. }), "{error}");
    assert_eq!(driver(&tree, VF).as_deref(), Some("igbvf"));
}

#[test]
fn a_roll_back_that_fails_is_told_and_goes_on() {
    let tree = with_vf(Some("igbvf"));
    let kernel = FakeKernel::new(&tree)
        .fail("vfio-pci/bind=0000:01:10.0", Fault::Refuse(libc::EINVAL))
        .fail("igbvf/bind=0000:01:10.0", Fault::Refuse(libc::ENOMEM));
    let host = Host::with(tree.root(), kernel);
    let error = host.bind(VF.parse().unwrap(), false).unwrap_err();
    assert!(matches!(error, Error::RollBack { .. }), "{error}");
    assert_eq!((driver(&tree, VF), overridden(&tree, VF)), (None, "(null)".to_string()));
}

#[test]
fn giving_back() {
    let tree = with_vf(None);
    let host = Host::with(tree.root(), FakeKernel::new(&tree));
    host.bind(VF.parse().unwrap(), false).unwrap();
    let done = host.sysfs().log().len();
    let unbound = host.unbind(VF.parse().unwrap(), false).unwrap();
    assert_eq!((unbound.before.as_deref(), unbound.driver), (Some("vfio-pci"), None));
    assert_eq!(
        host.sysfs().log()[done..],
        ["drivers/vfio-pci/unbind=0000:01:10.0", "0000:01:10.0/driver_override="]
    );
    let done = host.sysfs().log().len();
    host.unbind(VF.parse().unwrap(), false).unwrap();
    assert_eq!(host.sysfs().log().len(), done);
}

#[test]
fn giving_back_to_a_kernel_driver() {
    let tree = with_vf(Some("vfio-pci"));
    tree.set(VF, "driver_override", "vfio-pci\n");
    // As `create` leaves it: the kernel gives no VF to any driver.
    tree.set(PF, "sriov_drivers_autoprobe", "0\n");
    let host = Host::with(tree.root(), FakeKernel::new(&tree));
    let unbound = host.unbind(VF.parse().unwrap(), true).unwrap();
    assert_eq!(unbound.driver.as_deref(), Some("igbvf"));
    assert_eq!(
        host.sysfs().log(),
        [
            "drivers/vfio-pci/unbind=0000:01:10.0",
            "0000:01:10.0/driver_override=",
            "0000:01:00.0/sriov_drivers_autoprobe=1",
            "drivers_probe=0000:01:10.0",
            "0000:01:00.0/sriov_drivers_autoprobe=0",
        ]
    );
}

#[test]
fn the_autoprobe_switch_is_put_back_though_probing_fails() {
    let tree = with_vf(None);
    tree.set(PF, "sriov_drivers_autoprobe", "0\n");
    let kernel =
        FakeKernel::new(&tree).fail("drivers_probe=0000:01:10.0", Fault::Refuse(libc::EIO));
    let host = Host::with(tree.root(), kernel);
    assert!(host.unbind(VF.parse().unwrap(), true).is_err());
    assert_eq!(tree.text(PF, "sriov_drivers_autoprobe"), "0\n");
}

#[test]
fn what_a_kernel_driver_has_stays_with_it() {
    let tree = with_vf(Some("igbvf"));
    tree.function("0000:02:00.0", NVME);
    let host = Host::with(tree.root(), FakeKernel::new(&tree));
    let unbound = host.unbind(VF.parse().unwrap(), true).unwrap();
    assert_eq!(unbound.driver.as_deref(), Some("igbvf"));
    assert!(host.sysfs().log().is_empty());
}

#[test]
fn a_vf_that_will_not_leave_vfio() {
    let tree = with_vf(Some("vfio-pci"));
    tree.set(VF, "driver_override", "vfio-pci\n");
    let kernel = FakeKernel::new(&tree).fail("vfio-pci/unbind=0000:01:10.0", Fault::Ignore);
    let host = Host::with(tree.root(), kernel);
    assert!(matches!(host.unbind(VF.parse().unwrap(), false), Err(Error::Device { .. })));
    assert_eq!(overridden(&tree, VF), "vfio-pci");
    let kernel = FakeKernel::new(&tree).fail("driver_override=", Fault::Ignore);
    let host = Host::with(tree.root(), kernel);
    let error = host.unbind(VF.parse().unwrap(), false).unwrap_err();
    assert!(error.to_string().contains("still vfio-pci"), "{error}");
}
