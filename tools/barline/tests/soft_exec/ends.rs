//! How programs end, and that `soft exec` ends alike.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use super::kit::{BARLINE, Place, Running, complaint, is_alive, said};
use nix::sys::signal::{Signal, kill};
use testkit::until;

#[test]
fn the_status_is_the_programs() {
    let place = Place::new();
    for status in [0, 1, 2, 3, 125, 255] {
        let output = place.output(&format!("exit {status}"));
        assert_eq!(output.status.code(), Some(status));
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        place.assert_empty();
    }
}

#[test]
fn a_death_by_signal_is_one_of_soft_exec_too() {
    let place = Place::new();
    for signal in [Signal::SIGTERM, Signal::SIGKILL, Signal::SIGABRT, Signal::SIGUSR1] {
        let output = place.output(&format!("kill -{} $$", signal as i32));
        assert_eq!(output.status.signal(), Some(signal as i32));
        place.assert_empty();
    }
    // A real-time signal, which has no name.
    assert_eq!(place.output("kill -40 $$").status.signal(), Some(40));
    let shells = format!("{BARLINE} soft exec -- sh -c 'kill -SEGV $$' 2>/dev/null; exit $?");
    assert_eq!(place.output(&shells).status.code(), Some(139), "128 and the signal's number");
}

#[test]
fn a_program_that_cannot_be_run_is_told_as_a_shell_does() {
    let place = Place::new();
    let missing = place.exec(["--", "no-such-program"]).output().unwrap();
    let said = complaint(&missing, 127);
    assert!(said.starts_with("soft exec: there is no program `no-such-program`: "), "{said}");
    let text = place.root().join("text");
    fs::write(&text, "words\n").unwrap();
    fs::set_permissions(&text, fs::Permissions::from_mode(0o644)).unwrap();
    for file in [text.to_str().unwrap(), "/"] {
        let said = complaint(&place.exec(["--", file]).output().unwrap(), 126);
        assert!(said.starts_with(&format!("soft exec: `{file}` cannot be run: ")), "{said}");
    }
    place.assert_empty();
}

#[test]
fn wrong_usage_is_refused_before_anything_is_run() {
    let place = Place::new();
    for (words, why) in [
        (vec!["--soft", "soft:vf=1", "--", "true"], "`vf=1`: not here"),
        (vec!["--soft", "soft:vfs=4,share=/tmp/x", "true"], "`share=/tmp/x`: not here"),
        (vec!["--soft", "soft:vfs=64", "true"], "`vfs=64`"),
        (vec!["--soft", "soft:colour=red", "true"], "`colour=red`"),
        (vec!["--soft", "0000:01:10.0", "true"], "is a device of this machine"),
        (vec!["--soft=soft"], "<PROGRAM>"),
        (vec!["--hard", "true"], "--hard"),
        (vec!["--json", "true"], "the answer is PROGRAM's"),
    ] {
        let said = complaint(&place.exec(&words).output().unwrap(), 2);
        assert!(said.contains(why), "{words:?}: {said}");
    }
    place.assert_empty();
}

#[test]
fn arguments_input_and_output_are_the_programs() {
    let place = Place::new();
    let mut cat = place.exec(["cat", "-", "--", "/dev/null"]);
    let mut cat = cat.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    cat.stdin.take().unwrap().write_all(b"through\n").unwrap();
    assert_eq!(said(&cat.wait_with_output().unwrap()), "through\n");
    let echo = place.exec(["--soft", "soft:vfs=4", "--", "echo", "--soft", "--json", "--", "-x"]);
    let mut echo = echo;
    assert_eq!(said(&echo.output().unwrap()), "--soft --json -- -x\n");
    // A shell runs what begins with no magic number.
    let script = place.root().join("script");
    fs::write(&script, "echo scripts\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(said(&place.exec([&script]).output().unwrap()), "scripts\n");
}

#[test]
fn a_killed_program_leaves_nothing() {
    let place = Place::new();
    let running = Running::start(place.script("echo pid $$; exec sleep 60"));
    let program = running.number();
    assert_eq!(place.runs().len(), 1);
    kill(program, Signal::SIGKILL).unwrap();
    assert_eq!(running.end().0.signal(), Some(9));
    place.assert_empty();
}

#[test]
fn a_killed_soft_exec_takes_the_program_along_and_the_next_one_removes_what_is_left() {
    let place = Place::new();
    let running = Running::start(place.script("trap '' TERM HUP INT; echo pid $$; exec sleep 60"));
    let program = running.number();
    running.signal(Signal::SIGKILL);
    assert_eq!(running.end().0.signal(), Some(9));
    until("the program's end", || !is_alive(program));
    assert_eq!(place.runs().len(), 1, "nobody was there to remove it");
    assert_eq!(said(&place.output("echo fine")), "fine\n");
    place.assert_empty();
}

#[test]
fn children_that_outlive_the_program_do_not_keep_the_run() {
    let place = Place::new();
    let running = Running::start(place.script("sleep 60 >/dev/null 2>&1 & echo pid $!"));
    let child = running.number();
    assert!(running.end().0.success());
    place.assert_empty();
    kill(child, Signal::SIGKILL).unwrap();
}
