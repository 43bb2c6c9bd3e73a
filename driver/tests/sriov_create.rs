//! Making and removing VFs: what is written, in which order, and what happens when a step fails.

mod fixtures;

use barline::Error;
use barline::sriov::Host;
use fixtures::kernel::{FakeKernel, Fault};
use fixtures::{NVME, PF, Tree, vf};

fn numbers(tree: &Tree) -> (String, String) {
    let read = |name| tree.text(PF, name).trim_end().to_string();
    (read("sriov_numvfs"), read("sriov_drivers_autoprobe"))
}

fn create(host: &Host<FakeKernel<'_>>, count: u16) -> Result<Vec<String>, Error> {
    let created = host.create(PF.parse().unwrap(), count)?;
    Ok(created.vfs.iter().map(ToString::to_string).collect())
}

#[test]
fn from_none_to_some() {
    let tree = Tree::with_pf();
    let host = Host::with(tree.root(), FakeKernel::new(&tree));
    assert_eq!(create(&host, 2).unwrap(), [vf(0), vf(1)]);
    assert_eq!(
        host.sysfs().log(),
        ["0000:01:00.0/sriov_drivers_autoprobe=0", "0000:01:00.0/sriov_numvfs=2"]
    );
    assert!(!tree.device(&vf(0)).join("driver").exists());
}

#[test]
fn from_some_to_others_goes_by_none() {
    let tree = Tree::with_pf();
    let host = Host::with(tree.root(), FakeKernel::new(&tree));
    create(&host, 2).unwrap();
    let before = host.sysfs().log().len();
    let created = host.create(PF.parse().unwrap(), 7).unwrap();
    assert_eq!((created.vfs.len(), created.before), (7, 2));
    assert_eq!(
        host.sysfs().log()[before..],
        ["0000:01:00.0/sriov_numvfs=0", "0000:01:00.0/sriov_numvfs=7"]
    );
}

#[test]
fn as_many_as_there_are_changes_nothing() {
    let tree = Tree::with_pf();
    tree.add_vf(PF, 0, 20);
    tree.bind(&vf(0), Some("igbvf"));
    let host = Host::with(tree.root(), FakeKernel::new(&tree));
    assert_eq!(create(&host, 1).unwrap(), [vf(0)]);
    assert!(host.sysfs().log().is_empty());
}

#[test]
fn destroying() {
    let tree = Tree::with_pf();
    let host = Host::with(tree.root(), FakeKernel::new(&tree));
    create(&host, 3).unwrap();
    assert_eq!(host.destroy(PF.parse().unwrap()).unwrap(), 3);
    assert_eq!(numbers(&tree), ("0".to_string(), "1".to_string()));
    let done = host.sysfs().log().len();
    assert_eq!(host.destroy(PF.parse().unwrap()).unwrap(), 0);
    assert_eq!(create(&host, 0).unwrap(), [""; 0]);
    assert_eq!(host.sysfs().log().len(), done);
}

#[test]
fn limits_are_known_before_anything_is_written() {
    let tree = Tree::with_pf();
    let first = tree.add_vf(PF, 0, 20);
    tree.function("0000:02:00.0", NVME);
    let host = Host::with(tree.root(), FakeKernel::new(&tree));

    let error = create(&host, 8).unwrap_err();
    assert!(matches!(error, Error::TooManyVfs { wanted: 8, most: 7, .. }), "{error}");
    let error = host.create(first.parse().unwrap(), 1).unwrap_err();
    assert_eq!(error.to_string(), "0000:01:10.0: a VF itself: ask its PF, 0000:01:00.0");
    let error = host.create("0000:02:00.0".parse().unwrap(), 1).unwrap_err();
    assert!(matches!(&error, Error::NotPf { physfn: None, .. }), "{error}");
    assert!(error.to_string().contains("firmware"));
    let error = host.create("0000:09:00.0".parse().unwrap(), 1).unwrap_err();
    assert!(matches!(error, Error::NoDevice { .. }), "{error}");
    tree.set(PF, "sriov_totalvfs", "0\n");
    assert!(create(&host, 1).unwrap_err().to_string().contains("allows none"));
    assert!(host.sysfs().log().is_empty());
}

#[test]
fn each_errno_has_its_remedy() {
    for (errno, word) in [
        (libc::ENOMEM, "pci=realloc"),
        (libc::EIO, "pci=realloc"),
        (libc::EBUSY, "try again"),
        (libc::ENOENT, "load its kernel driver"),
        (libc::EPERM, "held by a guest"),
        (libc::ERANGE, "fewer"),
        (libc::EOPNOTSUPP, "switchdev"),
        (libc::ENOTTY, "dmesg"),
    ] {
        let tree = Tree::with_pf();
        let kernel = FakeKernel::new(&tree).fail("sriov_numvfs=4", Fault::Refuse(errno));
        let host = Host::with(tree.root(), kernel);
        let error = create(&host, 4).unwrap_err();
        assert!(
            matches!(&error, Error::Kernel { source, .. } if source.raw_os_error() == Some(errno)),
            "{error}"
        );
        assert!(error.to_string().contains(word), "{error}");
        assert_eq!(numbers(&tree), ("0".to_string(), "1".to_string()));
    }
}

#[test]
fn no_permission() {
    let tree = Tree::with_pf();
    let kernel = FakeKernel::new(&tree).fail("autoprobe=0", Fault::Open(libc::EACCES));
    let host = Host::with(tree.root(), kernel);
    let error = create(&host, 4).unwrap_err();
    assert!(matches!(error, Error::Permission { .. }), "{error}");
    assert!(error.to_string().ends_with("run as root"), "{error}");
    assert_eq!(host.sysfs().log().len(), 1);
}

#[test]
fn what_was_there_comes_back_when_the_kernel_refuses() {
    let tree = Tree::with_pf();
    for index in 0..2 {
        tree.add_vf(PF, index, 20);
    }
    let kernel = FakeKernel::new(&tree).fail("sriov_numvfs=5", Fault::Refuse(libc::ENOMEM));
    let host = Host::with(tree.root(), kernel);
    assert!(matches!(create(&host, 5).unwrap_err(), Error::Kernel { .. }));
    assert_eq!(
        host.sysfs().log(),
        [
            "0000:01:00.0/sriov_drivers_autoprobe=0",
            "0000:01:00.0/sriov_numvfs=0",
            "0000:01:00.0/sriov_numvfs=5",
            "0000:01:00.0/sriov_numvfs=2",
            "0000:01:00.0/sriov_drivers_autoprobe=1",
        ]
    );
    assert_eq!(numbers(&tree), ("2".to_string(), "1".to_string()));
}

#[test]
fn fewer_than_asked_for_is_a_failure() {
    let tree = Tree::with_pf();
    let kernel = FakeKernel::new(&tree).fail("sriov_numvfs=4", Fault::Fewer(3));
    let host = Host::with(tree.root(), kernel);
    let error = create(&host, 4).unwrap_err();
    assert!(error.to_string().contains("asked for 4 VFs, but the kernel counts 3"), "{error}");
    assert_eq!(numbers(&tree), ("0".to_string(), "1".to_string()));
}

#[test]
fn a_roll_back_that_fails_is_told() {
    let tree = Tree::with_pf();
    tree.add_vf(PF, 0, 20);
    let kernel = FakeKernel::new(&tree)
        .fail("sriov_numvfs=5", Fault::Refuse(libc::ENOMEM))
        .fail("sriov_numvfs=1", Fault::Refuse(libc::EIO));
    let host = Host::with(tree.root(), kernel);
    let error = create(&host, 5).unwrap_err();
    assert!(matches!(error, Error::RollBack { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("pci=realloc") && text.contains("putting things back failed"), "{text}");
    // The switch is put back all the same.
    assert_eq!(numbers(&tree), ("0".to_string(), "1".to_string()));
}

#[test]
fn vfs_that_will_not_go() {
    let tree = Tree::with_pf();
    tree.add_vf(PF, 0, 20);
    let kernel = FakeKernel::new(&tree).fail("sriov_numvfs=0", Fault::Refuse(libc::EPERM));
    let host = Host::with(tree.root(), kernel);
    assert!(host.destroy(PF.parse().unwrap()).unwrap_err().to_string().contains("held by a guest"));
    let kernel = FakeKernel::new(&tree).fail("sriov_numvfs=0", Fault::Ignore);
    let host = Host::with(tree.root(), kernel);
    let error = host.destroy(PF.parse().unwrap()).unwrap_err();
    assert!(matches!(error, Error::Device { .. }), "{error}");
}

#[test]
fn a_kernel_without_the_autoprobe_switch() {
    let tree = Tree::with_pf();
    std::fs::remove_file(tree.device(PF).join("sriov_drivers_autoprobe")).unwrap();
    tree.add_vf(PF, 0, 20);
    let host = Host::with(tree.root(), FakeKernel::new(&tree));
    host.destroy(PF.parse().unwrap()).unwrap();
    assert_eq!(host.sysfs().log(), ["0000:01:00.0/sriov_numvfs=0"]);
}
