//! Long frames: in several buffers, and where the PF does not want them.

use barline::{Config, Error, Event};
use softnic::Fault;

use crate::kit::{Rig, config, event, frame, large_arena};
use crate::node::{Node, arriving};

/// A frame of so many bytes, FCS counted, whose bytes tell where they belong.
fn long(a: &Node, b: &Node, len: usize) -> Vec<u8> {
    let text: Vec<u8> = (0..len - 18).map(|i| (i / 251 + i % 251) as u8).collect();
    frame(b.mac(), a.mac(), &text)
}

fn jumbo() -> Config {
    Config { max_frame: 9018, arena: Some(large_arena()), ..config() }
}

#[test]
fn frames_of_9_kib_come_in_several_buffers() {
    for model in ["82599", "x540", "x550", "e610"] {
        let rig = Rig::new(&format!("model={model},mtu=9000"));
        let (mut a, mut b) = (rig.node(0, jumbo()), rig.node(1, jumbo()));
        for len in [64, 2048 + 4, 2048 + 5, 4096, 9018] {
            let bytes = long(&a, &b, len);
            a.send(&bytes);
            let got = b.take_one();
            assert_eq!((got.bytes.len(), got.frames), (len - 4, (len - 4).div_ceil(2048)));
            assert_eq!(got.bytes, bytes, "{model}: {len}");
        }
        let stats = b.port.stats();
        assert_eq!((stats.rx[0].violations, stats.rx[0].errors), (0, 0));
    }
}

#[test]
fn an_82599_whose_pf_has_none_refuses_and_goes_on() {
    let rig = Rig::new("mtu=1500");
    let error = rig.open(1, jumbo()).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("9018") && text.contains("ip link set <pf> mtu 9000"), "{text}");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    let frames = [long(&a, &b, 1518)];
    assert_eq!(arriving(&mut a, &mut b, &frames), frames);
    assert!(matches!(b.port.set_max_frame(9018), Err(Error::Refused { .. })));
    // Its PF has stopped its reception for that, and been asked for less.
    assert_eq!(arriving(&mut a, &mut b, &frames), frames);
}

#[test]
fn an_82599_whose_pf_has_them_takes_part_even_with_short_frames() {
    let rig = Rig::new("mtu=9000");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    let frames = [long(&a, &b, 1518)];
    assert_eq!(arriving(&mut a, &mut b, &frames), frames);
    rig.inject(Fault::PfReset);
    a.recovered();
    b.recovered();
    assert_eq!(arriving(&mut a, &mut b, &frames), frames);
    // An old PF does not let it.
    let error = Rig::new("mtu=9000,api=1.0").open(0, config()).unwrap_err();
    assert!(error.to_string().contains("too old"), "{error}");
}

#[test]
fn later_devices_keep_each_ports_frames_within_its_limit() {
    for (model, limits) in [("82599", false), ("x540", true), ("x550", true)] {
        let rig = Rig::new(&format!("model={model},mtu=9000"));
        // The PF lets through for one what it lets through for the other.
        let (mut a, mut b) = (rig.node(0, jumbo()), rig.node(1, config()));
        let frames = [long(&a, &b, 1522), long(&a, &b, 3000)];
        let within = if limits { &frames[..1] } else { &frames[..] };
        assert_eq!(arriving(&mut a, &mut b, &frames), within, "{model}");
        b.port.set_max_frame(3000).unwrap();
        assert_eq!(arriving(&mut a, &mut b, &frames), frames, "{model}");
        b.port.set_max_frame(1518).unwrap();
        assert_eq!(arriving(&mut a, &mut b, &frames), within, "{model}");
    }
}

#[test]
fn a_limit_that_the_pf_takes_back_is_told() {
    let rig = Rig::new("model=x550");
    let (_a, b) = (rig.node(0, config()), rig.node(1, jumbo()));
    rig.inject(Fault::Mailbox { vf: 1, mood: softnic::MailboxMood::Refusing });
    rig.inject(Fault::PfReset);
    let lost =
        |event: &Event| matches!(event, Event::SettingLost { reason } if reason.contains("9018"));
    event(&b.port, lost);
}
