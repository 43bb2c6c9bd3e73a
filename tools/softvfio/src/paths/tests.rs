use std::ffi::CString;
use std::fs::{self, File};
use std::os::fd::{AsRawFd, RawFd};
use std::path::PathBuf;

use super::*;

struct Run {
    dir: tempfile::TempDir,
    paths: Paths,
}

impl Run {
    fn new() -> Run {
        let dir = tempfile::tempdir().unwrap();
        for below in ["sys/bus/pci/devices", "sys/class/net/soft0", "dev/vfio"] {
            fs::create_dir_all(dir.path().join(below)).unwrap();
        }
        let paths = Paths::new(dir.path());
        Run { dir, paths }
    }

    fn at(&self, dir: RawFd, path: &str) -> Option<(String, Place)> {
        let mut into = PathBuffer::new();
        let path = CString::new(path).unwrap();
        let place = self.paths.redirect(dir, &path, &mut into).unwrap()?;
        let text = std::str::from_utf8(into.bytes()).unwrap();
        assert_eq!(into.as_c_str().to_str().unwrap(), text);
        let real = fs::canonicalize(self.dir.path()).unwrap();
        Some((text.replace(real.to_str().unwrap(), "RUN"), place))
    }

    fn of(&self, path: &str) -> Option<(String, Place)> {
        self.at(libc::AT_FDCWD, path)
    }

    fn dir(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }
}

fn to(path: &str, place: Place) -> Option<(String, Place)> {
    Some((path.to_string(), place))
}

#[test]
fn what_the_run_has_is_in_its_directory() {
    let run = Run::new();
    for path in [
        "/sys/bus/pci",
        "/sys/bus/pci/",
        "/sys/bus/pci/devices/0000:01:10.0/../config",
        "/sys/kernel/iommu_groups/1/devices",
        "/sys/class/iommu/dmar0",
        "/sys/class/vfio-dev/vfio0",
        "/sys/module/vfio_pci",
        "/sys/class/net",
        "/sys/class/net/soft0",
    ] {
        assert_eq!(run.of(path), to(&format!("RUN{path}"), Place::Sysfs), "{path}");
    }
    for path in ["/dev/vfio", "/dev/vfio/vfio", "/dev/vfio/12", "/dev/iommu"] {
        assert_eq!(run.of(path), to(&format!("RUN{path}"), Place::Node), "{path}");
    }
}

#[test]
fn all_else_is_the_machines() {
    let run = Run::new();
    for path in [
        "/",
        "",
        "/sys",
        "/sys/bus",
        "/sys/bus/pci_express",
        "/sys/bus/pcix/devices",
        "/sys/devices/pci0000:00",
        "/sys/devices/pci0000:00/0000:00:01.0/virtio0",
        "/sys/class/net/eth0",
        "/sys/class/vfio/../net/eth0/device",
        "/dev/vfiox",
        "/dev/null",
        "/etc/sys/bus/pci",
        "/sys/../etc/hosts",
    ] {
        let found = run.of(path);
        // A room is left only by its own directory's links.
        let expected = path.contains("vfio/..").then(|| (format!("RUN{path}"), Place::Sysfs));
        assert_eq!(found, expected, "{path}");
    }
}

#[test]
fn dots_and_slashes_on_the_way_do_not_hide_a_room() {
    let run = Run::new();
    for path in
        ["//sys//bus/./pci/devices", "/sys/class/../bus/pci/devices", "/../sys/bus/pci/devices"]
    {
        assert_eq!(run.of(path), to("RUN/sys/bus/pci/devices", Place::Sysfs), "{path}");
    }
}

#[test]
fn relative_paths_start_at_a_directory() {
    let run = Run::new();
    let sys = File::open("/sys").unwrap();
    let bus = File::open("/sys/bus").unwrap();
    let devices = to("RUN/sys/bus/pci/devices", Place::Sysfs);
    assert_eq!(run.at(sys.as_raw_fd(), "bus/pci/devices"), devices);
    assert_eq!(run.at(sys.as_raw_fd(), "./bus/pci/devices"), devices);
    assert_eq!(run.at(bus.as_raw_fd(), "pci/devices"), devices);
    assert_eq!(run.at(bus.as_raw_fd(), "../bus/pci/devices"), devices);
    assert_eq!(run.at(bus.as_raw_fd(), "cpu"), None);
    assert_eq!(run.at(bus.as_raw_fd(), "../class"), None);
    assert_eq!(run.at(-1, "pci"), None);
    assert_eq!(run.of("bus/pci"), None, "no such directory of this package");
}

#[test]
fn below_a_redirected_directory_only_the_way_out_is_redirected() {
    let run = Run::new();
    let dir = File::open(run.dir("sys/bus/pci/devices")).unwrap();
    assert_eq!(run.at(dir.as_raw_fd(), "pci"), None);
    assert_eq!(run.at(dir.as_raw_fd(), "../drivers"), to("RUN/sys/bus/pci/drivers", Place::Sysfs));
    assert_eq!(
        run.at(dir.as_raw_fd(), "../../cpu/devices"),
        to("/sys/bus/cpu/devices", Place::Outside)
    );
    assert_eq!(
        run.at(dir.as_raw_fd(), "../../../class/net"),
        to("RUN/sys/class/net", Place::Sysfs)
    );
}

#[test]
fn the_runs_paths_have_their_names_outside() {
    let run = Run::new();
    let real = fs::canonicalize(run.dir.path()).unwrap();
    let outside = |below: &str| {
        let path = format!("{}{below}", real.display());
        run.paths.outside(path.as_bytes()).map(|found| String::from_utf8(found.to_vec()).unwrap())
    };
    assert_eq!(outside("/sys/bus/pci").as_deref(), Some("/sys/bus/pci"));
    assert_eq!(outside("/dev/vfio/1").as_deref(), Some("/dev/vfio/1"));
    assert_eq!(outside("/plane"), None);
    assert_eq!(outside(""), None);
    assert_eq!(run.paths.outside(b"/sys/bus/pci"), None);
}

#[test]
fn a_path_that_gets_too_long_is_refused_as_the_kernel_does() {
    let run = Run::new();
    let path = CString::new(format!("/sys/bus/pci/{}", "a/".repeat(2040))).unwrap();
    assert!(path.count_bytes() < libc::PATH_MAX as usize);
    let mut into = PathBuffer::new();
    assert_eq!(run.paths.redirect(libc::AT_FDCWD, &path, &mut into), Err(libc::ENAMETOOLONG));
    let path = CString::new("/sys/../tmp/".to_string() + &"a/".repeat(4000)).unwrap();
    assert_eq!(run.paths.redirect(libc::AT_FDCWD, &path, &mut into), Err(libc::ENAMETOOLONG));
}
