use std::fs;
use std::path::Path;

use super::*;
use crate::versus::protocol::RateReport;

const READY: &str = r#"echo 'ready {"functions":null,"tsc_hz":1,"started_us":2,"resident_kib":3}'"#;

const NEVER: &dyn Fn() -> bool = &|| false;

/// A child that is a shell's script.
fn child(script: &str) -> Process {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Process::start("it", command, tempfile::tempfile().unwrap()).unwrap()
}

fn why<T: std::fmt::Debug>(result: Result<T, Problem>) -> String {
    match result {
        Err(Problem::Failed(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn order() -> Order {
    Order::Latency { microseconds: 1 }
}

#[test]
fn a_child_is_asked_and_answers_and_ends_when_it_is_told() {
    let script = format!(
        "{READY}; read order; [ \"$order\" = 'latency 1' ] || exit 3; \
         echo 'rate {{\"frames\":1,\"nanoseconds\":2,\"lost\":3}}'; read order; [ \"$order\" = quit ]"
    );
    let mut it = child(&script);
    assert_eq!(it.ready(NEVER).unwrap().started_us, 2);
    let rate = RateReport { frames: 1, nanoseconds: 2, lost: 3 };
    assert_eq!(it.ask(order(), Duration::ZERO, NEVER).unwrap(), Answer::Rate(rate));
    it.quit().unwrap();
}

#[test]
fn what_went_wrong_is_told_with_the_childs_name_and_the_end_of_its_log() {
    let mut it =
        child("echo 'some line' >&2; echo 'the last one' >&2; echo failed no memory; exit 1");
    let told = why(it.ready(NEVER));
    assert_eq!(told, "it: no memory; its log ends: some line the last one");
    let told = why(child("exit 7").ready(NEVER));
    assert!(told.starts_with("it: getting ready: it ended (exit status: 7)"), "{told}");
    let told = why(child("echo EAL: hello").ready(NEVER));
    assert!(told.contains("`EAL: hello` is no line"), "{told}");
    let told = why(child(&format!("{READY}; exit 5")).quit());
    assert!(told.contains("did not end in order (exit status: 5)"), "{told}");
    let missing = Process::start("it", Command::new("/nonexistent"), tempfile::tempfile().unwrap());
    assert!(why(missing.map(drop)).starts_with("it: starting it: No such file"));
}

#[test]
fn one_that_has_ended_is_not_asked_in_vain() {
    let mut it = child(&format!("{READY}; exec 0<&-; echo failed by itself; exit 1"));
    it.ready(NEVER).unwrap();
    assert_eq!(why(it.ask(order(), Duration::ZERO, NEVER)), "it: by itself");
    let told = why(it.ask(order(), Duration::ZERO, NEVER));
    assert!(told.contains("exit status: 1"), "{told}");
}

#[test]
fn one_that_hangs_is_killed() {
    let mut it = child("exec sleep 1000");
    it.patience = Duration::from_millis(10);
    let pid = it.child.id();
    let told = why(it.ready(NEVER));
    assert!(told.contains("no answer within 0 s, and it was killed"), "{told}");
    drop(it);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn nobody_is_waited_for_when_the_user_wants_an_end_and_nobody_is_left() {
    let mut it = child("exec sleep 1000");
    assert!(matches!(it.ready(&|| true), Err(Problem::Stopped)));
    // Whoever started the tests may have them ignore the signal.
    let interrupt = "exec env --default-signal=INT sh -c 'kill -INT $$; sleep 1000'";
    let mut interrupted = child(interrupt);
    assert!(matches!(interrupted.ready(NEVER), Err(Problem::Stopped)));
    let pid = it.child.id();
    let is_there = || fs::metadata(format!("/proc/{pid}")).is_ok();
    assert!(is_there());
    drop(it);
    assert!(!is_there());
}
