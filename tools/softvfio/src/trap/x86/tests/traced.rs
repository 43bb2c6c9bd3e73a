//! A trace: all pages are trapped, and each access is a line.

use std::process::Command;

use softnic::BAR_LEN;

use super::device::{Bar, Device};

const VARIABLE: &str = "BARLINE_SOFT_TRACE";
const NAME: &str = "trap::x86::tests::traced::each_access_is_a_line_of_the_file";

#[test]
fn each_access_is_a_line_of_the_file() {
    // Whether there is a trace is decided once, so this runs once more, in a process of its own.
    if std::env::var_os(VARIABLE).is_some() {
        return access();
    }
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    let run = command.args(["--exact", NAME]).env(VARIABLE, "trace").current_dir(&directory);
    let child = run.output().unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    let trace = std::fs::read_to_string(directory.path().join("trace")).unwrap();
    let lines = trace.lines().map(|line| line.split_once(' ').unwrap());
    let (processes, lines): (Vec<_>, Vec<_>) = lines.unzip();
    assert_eq!(
        lines,
        [
            "vf0 read VFMAILBOX 02fc 07070707",
            "vf0 write VFRDT(1) 1058 0000002a",
            "vf0 read VFRDT(1) 1058 0000002a",
            "vf0 write VFMBMEM(0) 0200 0707070707070708",
            "vf0 read - 3ffc 07",
        ]
    );
    assert_eq!(processes, vec![processes[0]; 5]);
    assert_ne!(processes[0], std::process::id().to_string());
}

/// What the trace is of.
fn access() {
    let device = Device::new(&[7; BAR_LEN]);
    let bar = Bar::new(&device);
    let register = |offset| bar.pointer::<u32>(offset);
    // A program may be somewhere else by now.
    std::env::set_current_dir("/").unwrap();
    // SAFETY: registers.
    unsafe {
        register(0x2fc).read_volatile();
        register(0x1058).write_volatile(42);
        assert_eq!(register(0x1058).read_volatile(), 42);
        bar.pointer::<u64>(0x200).write_volatile(0x0707_0707_0707_0708);
        register(0x3ffc).cast::<u8>().read_volatile();
    }
    let expected = [
        (0x2fc, None),
        (0x1058, Some(42)),
        (0x1058, None),
        (0x200, Some(0x0707_0708)),
        (0x204, Some(0x0707_0707)),
        (0x3ffc, None),
    ];
    assert_eq!(device.accesses(), expected);
}
