//! The machine's own network reaches a program through a TAP interface.
//!
//! Each test has a network of its own, which goes with the program that it was made for.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::kit::{Running, example, need, start};

/// What a program runs in: a network of its own, and where that takes it, a user of its own.
const ALONE: [&str; 4] = ["unshare", "--map-root-user", "--user", "--net"];

/// Starts an example in a network of its own.
fn alone(name: &str, args: &str) -> Running {
    let inner = example(name, args);
    let mut outer = Command::new(ALONE[0]);
    outer.args(&ALONE[1..]).arg(inner.get_program()).args(inner.get_args());
    start(outer)
}

/// Runs a command in the network of a program; its output if it succeeds.
fn beside(program: &Running, line: &str) -> Result<String, String> {
    let pid = program.id().to_string();
    let mut enter = Command::new("nsenter");
    enter.args(["--target", &pid, "--user", "--net", "--preserve-credentials", "sh", "-c", line]);
    let done = enter.output().unwrap();
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    if done.status.success() { Ok(said) } else { Err(said) }
}

/// Gives the machine's end of the TAP interface an address.
fn plug(program: &Running) {
    need("ip", "iproute2");
    need("ping", "iputils-ping");
    beside(program, "ip address add 192.0.2.2/24 dev soft0 && ip link set soft0 up").unwrap();
}

#[test]
fn ping_reaches_the_responder() {
    let mut responder = alone("responder", "soft:uplink=tap:soft0 192.0.2.1");
    responder.wait_for("answers for 192.0.2.1");
    plug(&responder);
    let said = beside(&responder, "ping -c 5 -i 0.2 -W 5 192.0.2.1").unwrap();
    assert!(said.contains("5 received, 0% packet loss"), "{said}");
    // Every size up to a full frame.
    for size in [0, 18, 1000, 1472] {
        let said = beside(&responder, &format!("ping -c 3 -i 0.2 -W 5 -s {size} 192.0.2.1"));
        assert!(said.as_ref().is_ok_and(|said| said.contains(" 0% packet loss")), "{said:?}");
    }
    let neighbour = beside(&responder, "ip neighbour show 192.0.2.1").unwrap();
    let mac = responder.output().split(' ').nth(1).unwrap().trim_end_matches(',').to_string();
    assert!(neighbour.contains(&mac), "{neighbour} is not {mac}");
    // Nobody answers for the neighbours.
    let said = beside(&responder, "ping -c 1 -W 1 192.0.2.3").unwrap_err();
    assert!(said.contains("0 received"), "{said}");
    let output = responder.stop();
    // Five and four times three pings, an ARP request at least.
    assert!(crate::kit::number(&output, " requests answered") > 17, "{output}");
}

#[test]
fn a_kill_leaves_nothing_behind() {
    need("ip", "iproute2");
    // Two programs in one network: the first keeps it.
    let mut keeper = alone("responder", "soft:uplink=tap:soft1");
    keeper.wait_for("answers for");
    let inner = example("responder", "soft:uplink=tap:soft0 192.0.2.1");
    for _ in 0..3 {
        let pid = keeper.id().to_string();
        let mut enter = Command::new("nsenter");
        enter.args(["--target", &pid, "--user", "--net", "--preserve-credentials"]);
        enter.arg(inner.get_program()).args(inner.get_args());
        let mut victim = start(enter);
        victim.wait_for("answers for");
        plug(&keeper);
        beside(&keeper, "ping -c 1 -W 5 192.0.2.1").unwrap();
        victim.kill();
        victim.finish();
        // The kernel takes the interface away with the process.
        let end = Instant::now() + Duration::from_secs(10);
        while beside(&keeper, "ip link show soft0").is_ok() {
            assert!(Instant::now() < end, "the interface is still there");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    keeper.stop();
}

#[test]
fn an_interface_that_cannot_be_had_is_told() {
    // Another user's kernel says no; a name that is taken by something else, too.
    let refused = alone("responder", "soft:uplink=tap:lo 192.0.2.1").finish();
    assert_eq!(refused.status.code(), Some(1), "{}", refused.output);
    assert!(refused.output.contains("lo"), "{}", refused.output);
}
