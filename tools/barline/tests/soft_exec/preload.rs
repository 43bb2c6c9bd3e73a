//! What the preload library exports, as programs of C and of the shell call it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::kit::{BARLINE, Place, said};

/// Compiles a source of this directory with these options.
fn compile(dir: &Path, source: &str, options: &[&str]) -> PathBuf {
    let program = dir.join("program");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/soft_exec").join(source);
    let output =
        Command::new("cc").args(options).arg("-w").arg("-o").arg(&program).arg(source).output();
    let output = output.expect("cc: install a C compiler (apt-get install gcc libc6-dev)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

fn check(options: &[&str]) {
    let place = Place::new();
    let dir = tempfile::tempdir().unwrap();
    let program = compile(dir.path(), "exports.c", options);
    let mut command = place.exec([Path::new("--"), &program]);
    let output = command.current_dir(dir.path()).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{}: {told}", output.status);
    // Each file that was to be written to is told of, once.
    let refused = [
        "/sys/bus/pci/devices/0000:01:10.0/driver/unbind",
        "/sys/bus/pci/rescan",
        "/sys/bus/pci/devices/0000:01:10.0/new",
        "/sys/bus/pci/drivers_probe",
        "/sys/bus/pci/devices/0000:01:10.0/config",
    ];
    let line = |file| {
        format!("barline soft: {file} cannot be written: the adapter of a run stays as it was made")
    };
    assert_eq!(told.lines().collect::<Vec<_>>(), refused.map(line));
    place.assert_empty();
}

#[test]
fn calls_of_c() {
    check(&["-O0"]);
}

#[test]
fn calls_of_c_that_are_checked() {
    check(&["-O2", "-D_FORTIFY_SOURCE=2"]);
}

/// Runs a program with a word, which is to end well and without one of its own.
#[track_caller]
fn ends_well(program: &Path, options: &[&str], name: &str) {
    let place = Place::new();
    let arguments =
        options.iter().map(Path::new).chain([Path::new("--"), program, Path::new(name)]);
    let output = place.exec(arguments).stdin(std::process::Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.is_empty(), "{name}: {}: {told}", output.status);
    place.assert_empty();
}

#[test]
fn programs_do_what_few_do() {
    let dir = tempfile::tempdir().unwrap();
    let program = compile(dir.path(), "awkward.c", &["-O1"]);
    for name in ["vforks", "threads", "limits", "pieces", "paths", "mappings", "signals"] {
        ends_well(&program, &[], name);
    }
    ends_well(&program, &["--soft", "soft:drive=caller"], "steps");
}

#[test]
fn programs_measure() {
    let dir = tempfile::tempdir().unwrap();
    let program = compile(dir.path(), "measured.c", &["-O1"]);
    for options in ["soft:drive=caller", "soft:drive=caller,uplink=sink,vfs=63"] {
        ends_well(&program, &["--soft", options], "caller");
    }
    ends_well(&program, &[], "thread");
}

#[test]
fn shells_and_wrappers_see_the_run() {
    let place = Place::new();
    let all = "0000:00:01.0\n0000:01:00.0\n0000:01:10.0\n0000:01:10.2\n";
    for script in [
        "ls /sys/bus/pci/devices",
        "timeout 60 env ls /sys/bus/pci/devices/",
        "cd /sys/bus/pci/devices && ls",
        "cd /sys && find bus/pci/devices -type l | sort | sed 's,.*/,,'",
        "cd /sys/bus/pci/devices && printf '%s\\n' *",
        "(cd /sys/bus/pci; ls ./devices)",
    ] {
        assert_eq!(said(&place.output(script)), all, "{script}");
    }
    let driver = "readlink -f /sys/bus/pci/devices/0000:01:10.2/driver";
    assert_eq!(said(&place.output(driver)), "/sys/bus/pci/drivers/vfio-pci\n");
    let nodes = "ls -l /dev/vfio | cut -c1-10 | sort | uniq -c | sed 's/ *//'";
    assert_eq!(said(&place.output(nodes)), "2 crw-------\n1 crw-rw-rw-\n1 total 0\n");
    let interfaces = "test -d /sys/class/net/lo/statistics && cat /sys/class/net/soft0/address";
    assert_eq!(said(&place.output(interfaces)), "02:82:59:90:00:ff\n");
    place.assert_empty();
}

/// What a script prints with the library in place, and these variables.
fn preloaded(place: &Place, script: &str, run: Option<&str>) -> Output {
    let library = said(&place.output("echo $LD_PRELOAD"));
    let mut command = Command::new("sh");
    command.args(["-c", script]).env("LD_PRELOAD", library.trim()).env_remove("BARLINE_SOFT");
    command.envs(run.map(|run| ("BARLINE_SOFT", run))).output().unwrap()
}

#[test]
fn without_a_run_the_machine_is_as_it_is() {
    let place = Place::new();
    let script = "ls /sys/bus/pci/devices /sys/class/net /dev/vfio 2>&1; cd /sys && pwd && ls";
    let bare = Command::new("sh").args(["-c", script]).env_remove("LD_PRELOAD").output().unwrap();
    let with = preloaded(&place, script, None);
    assert_eq!(with.stdout, bare.stdout);
    assert_eq!((with.stderr, with.status), (bare.stderr, bare.status));
}

#[test]
fn a_run_that_has_ended_is_told_of_and_leaves_the_machine_as_it_is() {
    let place = Place::new();
    let script = "cd /sys/bus && ls";
    let bare = Command::new("sh").args(["-c", script]).env_remove("LD_PRELOAD").output().unwrap();
    let gone = place.shm().join("barline-soft-gone");
    let with = preloaded(&place, script, gone.to_str());
    assert_eq!((with.stdout, with.status), (bare.stdout, bare.status));
    let told = String::from_utf8(with.stderr).unwrap();
    assert!(told.contains("barline-soft-gone") && told.contains("the machine as it is"), "{told}");
}

#[test]
fn a_trace_that_cannot_be_written_is_told_of() {
    let place = Place::new();
    let mut command = place.exec(["--", "true"]);
    let output = command.env("BARLINE_SOFT_TRACE", place.root()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let root = place.root().display();
    let words =
        format!("barline soft: BARLINE_SOFT_TRACE: no trace is written, since {root} cannot");
    assert!(output.status.success() && told.starts_with(&words), "{}: {told}", output.status);
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn memory_beyond_the_limit_is_told_of_once() {
    let place = Place::new();
    // Root of a user namespace may not lock what it likes.
    let bench = format!("{BARLINE} bench --vf 0000:01:10.0 --seconds 1");
    let root = place.root().display();
    let script = format!("ulimit -l 64; {BARLINE} --root {root} soft exec -- sh -c '{bench}'");
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--user", "sh", "-ec", &script]).env_remove("BARLINE_SOFT");
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let lines: Vec<_> = told.lines().filter(|line| line.starts_with("barline soft: ")).collect();
    assert_eq!(lines.len(), 1, "{told}");
    assert!(lines[0].contains("beyond the limit of locked memory, 64 KiB"), "{told}");
    place.assert_empty();
}
