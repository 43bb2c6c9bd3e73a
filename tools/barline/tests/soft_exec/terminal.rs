//! At a terminal: what keys do, and job control.

use std::fs;

use nix::sys::signal::Signal::{SIGUSR1, SIGUSR2};
use nix::sys::signal::kill;
use nix::unistd::Pid;
use testkit::until;

use super::kit::{BARLINE, Place, RECORDER, is_alive};
use super::pty::Shell;

/// Types a command that runs a program in a run.
fn exec(shell: &mut Shell, place: &Place, words: &str) {
    let root = place.root().display();
    shell.keys(&format!("{BARLINE} --root {root} soft exec -- {words}\n"));
}

/// Starts the recorder; returns the process of `soft exec`.
fn record(shell: &mut Shell, place: &Place) -> Pid {
    let script = place.root().join("recorder");
    fs::write(&script, RECORDER).unwrap();
    exec(shell, place, &format!("sh {}", script.display()));
    let ready = shell.line("ready ", 1);
    Pid::from_raw(ready["ready ".len()..].parse().unwrap())
}

#[test]
fn keys_reach_the_program_once() {
    let place = Place::new();
    let mut shell = Shell::start();
    let exec = record(&mut shell, &place);
    for (n, (key, signal)) in
        [("\x03", "INT"), ("\x1c", "QUIT"), ("\x03", "INT")].iter().enumerate()
    {
        shell.keys(key);
        // The terminal shows the key before it.
        until("the signal", || shell.printed().matches(signal).count() > n / 2);
        // What `soft exec` had to pass on before this, it has.
        kill(exec, SIGUSR1).unwrap();
        shell.line("USR1", n + 1);
    }
    let printed = shell.printed();
    assert_eq!(
        (printed.matches("INT").count(), printed.matches("QUIT").count()),
        (2, 1),
        "{printed}"
    );
    kill(exec, SIGUSR2).unwrap();
    shell.line("USR2", 1);
    shell.keys("echo status=$?\n");
    shell.line("status=7", 1);
    place.assert_empty();
}

#[test]
fn a_job_is_stopped_and_goes_on_as_any_other() {
    let place = Place::new();
    let mut shell = Shell::start();
    let exec = record(&mut shell, &place);
    for n in 1..=2 {
        shell.keys("\x1a");
        shell.line("[1]+  Stopped", n);
        shell.keys("fg\n");
        shell.line("CONT", n);
    }
    kill(exec, SIGUSR1).unwrap();
    shell.line("USR1", 1);
    assert_eq!(shell.count("CONT"), 2, "{}", shell.printed());
    shell.keys("\x1a");
    shell.line("[1]+  Stopped", 3);
    shell.keys("bg\n");
    shell.line("CONT", 3);
    shell.keys("kill -USR2 $!; kill -USR2 %1; wait %1; echo status=$?\n");
    shell.line("status=7", 1);
    until("nothing is left", || place.runs().is_empty());
}

#[test]
fn the_terminal_is_the_programs() {
    let place = Place::new();
    let mut shell = Shell::start();
    exec(&mut shell, &place, "cat &");
    shell.keys("until jobs | grep Stopped; do sleep 0.1; done\n");
    shell.line("[1]+  Stopped", 1);
    shell.keys("fg\n");
    shell.keys("typed\n");
    until("cat's answer", || shell.count("typed") == 2);
    shell.keys("\x04");
    shell.keys("echo status=$?\n");
    shell.line("status=0", 1);
    // A shell in a run takes the terminal, and gives it back.
    exec(&mut shell, &place, "bash --norc --noprofile --noediting -i");
    shell.keys("echo run=$BARLINE_SOFT\n");
    shell.line(&format!("run={}", place.shm().display()), 1);
    shell.keys("exit 5\n");
    shell.keys("echo status=$?\n");
    shell.line("status=5", 1);
    place.assert_empty();
}

#[test]
fn a_terminal_that_hangs_up_ends_the_program() {
    let place = Place::new();
    let mut shell = Shell::start();
    exec(&mut shell, &place, "sh -c 'echo pid $$; exec sleep 60'");
    let pid = shell.line("pid ", 1);
    let program = Pid::from_raw(pid["pid ".len()..].parse().unwrap());
    shell.hang_up();
    until("its end", || !is_alive(program) && place.runs().is_empty());
}
