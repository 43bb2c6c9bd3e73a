//! What `barline soft pf`, `link` and `set` do to the adapter of a run, seen by a VF of it that this test
//! drives.

use std::process::{Command, Output, Stdio};

use barline::{Config, Event, LinkState, MacAddress, Port};
use barline_device::DeviceName;
use softnic::Spec;
use softvfio::run::Run;
use testkit::until;

use super::kit::{BARLINE, Place, Running, complaint, said};

/// A run, and the directory that it is in.
struct Adapter {
    run: Run,
    _place: Place,
}

impl Adapter {
    fn new() -> Adapter {
        let place = Place::new();
        let spec = Spec::parse("vfs=2,uplink=sink").unwrap();
        Adapter { run: Run::create_in(&[place.shm()], &spec).unwrap(), _place: place }
    }

    /// Opens VF 1 in this process.
    fn open(&self) -> Port {
        let name = DeviceName::soft(self.run.view().spec.clone(), 1).unwrap();
        let config = Config { rx_ring: 64, tx_ring: 64, ..Config::default() };
        barline_device::open(&name, config).unwrap_or_else(|error| panic!("{error}")).port
    }

    /// `barline soft WORDS…`, as a program in the run.
    fn soft(&self, words: &str) -> Output {
        let mut command = self.run.command(BARLINE);
        command.arg("soft").args(words.split(' ')).output().unwrap()
    }
}

fn wait_for(port: &Port, what: &str, is_it: impl Fn(&Event) -> bool) {
    until(what, || port.events().try_iter().any(|event| is_it(&event)));
}

#[test]
fn the_link_goes_down_and_up() {
    let adapter = Adapter::new();
    let port = adapter.open();
    until("a link", || port.link() != LinkState::Down);
    assert_eq!(said(&adapter.soft("link down")), "the link is down\n");
    wait_for(&port, "the link's loss", |event| *event == Event::Link(LinkState::Down));
    assert_eq!(said(&adapter.soft("link up")), "the link is up\n");
    until("a link again", || port.link() != LinkState::Down);
}

#[test]
fn the_pf_resets_itself_goes_down_and_comes_back() {
    let adapter = Adapter::new();
    let port = adapter.open();
    assert_eq!(said(&adapter.soft("pf reset")), "the PF resets itself\n");
    wait_for(&port, "the reset", |event| *event == Event::PfReset);
    wait_for(&port, "the recovery", |event| *event == Event::Recovered);
    assert_eq!(said(&adapter.soft("pf down")), "the PF is down\n");
    wait_for(&port, "the PF's silence", |event| matches!(event, Event::PfSilent { .. }));
    assert_eq!(said(&adapter.soft("pf up")), "the PF is up\n");
    wait_for(&port, "the recovery", |event| *event == Event::Recovered);
}

#[test]
fn what_is_set_for_a_vf_is_so() {
    let adapter = Adapter::new();
    let mut port = adapter.open();
    let (own, other) = (MacAddress([2, 0, 0, 0, 0, 7]), MacAddress([2, 0, 0, 0, 0, 8]));
    assert!(port.set_mac(other).is_err(), "it has an address of the PF's, and is not trusted");
    assert_eq!(
        said(&adapter.soft(&format!("set 1 --mac {own} --trust on"))),
        format!("VF 1: MAC {own}, trusted\n")
    );
    wait_for(&port, "the PF's wish to be greeted", |event| *event == Event::Recovered);
    assert_eq!(port.mac(), own);
    port.set_mac(other).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(said(&adapter.soft("set 0000:01:10.2 --vlan 5")), "VF 1: port VLAN 5\n");
    assert!(port.set_vlan(9, true).is_err(), "the PF has put it into a VLAN");
    assert_eq!(said(&adapter.soft("set 1 --vlan none")), "VF 1: no port VLAN\n");
    port.set_vlan(9, true).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        said(&adapter.soft("set 1 --mac none --trust off")),
        "VF 1: MAC none, not trusted\n"
    );
}

#[test]
fn an_order_holds_for_programs_that_come_later() {
    let adapter = Adapter::new();
    said(&adapter.soft("set 1 --mac 02:00:00:00:00:09"));
    assert_eq!(adapter.open().mac(), MacAddress([2, 0, 0, 0, 0, 9]));
    said(&adapter.soft("link down"));
    let port = adapter.open();
    assert_eq!(port.link(), LinkState::Down);
}

#[test]
fn one_from_outside_names_the_run() {
    let place = Place::new();
    let mut command = place.script("echo $BARLINE_SOFT; read end");
    command.stdin(Stdio::piped());
    let running = Running::start(command);
    let dir = running.line();
    let outside = || {
        let mut command = Command::new(BARLINE);
        command.args(["soft", "link", "down"]).env_remove("BARLINE_SOFT");
        command
    };
    let words = complaint(&outside().output().unwrap(), 2);
    assert!(words.contains("in no run") && words.contains("--run"), "{words}");
    let json = outside().args(["--run", &dir, "--json"]).output().unwrap();
    assert_eq!(
        said(&json),
        format!(
            "{{\"run\":\"{dir}\",\"pf\":null,\"link\":\"down\",\"vf\":null,\"mac\":null,\
             \"trust\":null,\"vlan\":null}}\n"
        )
    );
    drop(running);
    said(&place.output("true"));
    let words = complaint(&outside().args(["--run", &dir]).output().unwrap(), 1);
    assert!(words.contains(&dir) && words.contains("has the run ended?"), "{words}");
}

#[test]
fn what_cannot_be_ordered_is_refused() {
    let adapter = Adapter::new();
    for (words, why) in [
        ("set 2 --trust on", "VF 2: the adapter of this run has VFs 0 to 1"),
        ("set 0000:01:11.0 --trust on", "VF 4: the adapter"),
        ("set eth0 --trust on", "expected a VF's number"),
        ("set 1", "--mac"),
        ("set 1 --trust yes", "expected `on` or `off`"),
        ("set 1 --vlan 0", "expected 1 to 4095, or `none`"),
        ("set 1 --vlan 4096", "expected 1 to 4095, or `none`"),
        ("set 1 --mac 01:00:5e:00:00:01", "expected an address of one station"),
        ("set 1 --mac 00:00:00:00:00:00", "expected an address of one station"),
        ("set 1 --mac 02:00", "02:00"),
        ("pf sideways", "sideways"),
        ("link reset", "reset"),
    ] {
        let said = complaint(&adapter.soft(words), 2);
        assert!(said.contains(why), "{words}: {said}");
    }
}
