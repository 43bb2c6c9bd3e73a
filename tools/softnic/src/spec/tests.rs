//! Device strings, both ways.

use proptest::prelude::*;

use super::*;
use crate::uplink::{GenSpec, PcapSpec, Size};

fn spec(text: &str) -> Spec {
    Spec::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn wrong(text: &str) -> String {
    Spec::parse(text).expect_err(text).to_string()
}

#[test]
fn nothing_said_means_two_vfs_of_an_82599_on_a_generator_of_small_frames() {
    let spec = spec("");
    assert_eq!(spec, Spec::default());
    assert_eq!((spec.model, spec.vfs, spec.pf_mtu), (Model::I82599, 2, 9000));
    assert_eq!((spec.spoof_check, spec.trust, spec.zero_mac), (true, false, false));
    let UplinkSpec::Gen(spec) = spec.uplink else { panic!("{:?}", spec.uplink) };
    assert_eq!((spec.size, spec.open), (Size::Fixed(64), false));
}

#[test]
fn every_option_reaches_its_field() {
    let text = "model=x540,vfs=63,uplink=tap:net-0.1_x,spoof=off,trust=on,promisc=on,mtu=1500,\
                vlan=7,rate=100,mac=zero,rss-query=on,api=1.3,share=/dev/shm/a,core=3";
    let expected = Spec {
        model: Model::X540,
        vfs: 63,
        uplink: UplinkSpec::Tap("net-0.1_x".into()),
        spoof_check: false,
        trust: true,
        pf_promiscuous: true,
        mdd: false,
        pf_mtu: 1500,
        port_vlan: Some(7),
        rate: Some(100),
        zero_mac: true,
        rss_query: true,
        api: 3,
        share: Some("/dev/shm/a".into()),
        drive: Drive::Thread,
        core: Some(3),
    };
    assert_eq!(spec(text), expected);
    assert_eq!(expected.to_string(), text);
    let uplink = |text| spec(text).uplink;
    let generator = GenSpec { open: true, size: Size::Imix, flows: 9, seed: u64::MAX };
    assert_eq!(
        uplink("uplink=gen,size=imix,flows=9,seed=18446744073709551615,gen=open"),
        UplinkSpec::Gen(generator)
    );
    let pcap =
        PcapSpec { read: Some("a".into()), write: Some("b".into()), repeat: true, pace: false };
    assert_eq!(uplink("uplink=pcap,read=a,write=b,loop=on,pace=off"), UplinkSpec::Pcap(pcap));
    assert_eq!(
        (uplink("uplink=sink"), uplink("uplink=loop")),
        (UplinkSpec::Sink, UplinkSpec::Loop)
    );
    assert_eq!(spec("drive=caller").drive, Drive::Caller);
    assert!(spec("model=x550,mdd=on").mdd);
    assert_eq!(spec("mdd=on,model=e610").to_string(), "model=e610,mdd=on");
}

#[test]
fn strings_that_mean_the_same_are_shown_the_same() {
    assert_eq!(spec("size=64,uplink=gen,vfs=2,spoof=on").to_string(), "");
    assert_eq!(spec("vfs=4,size=128").to_string(), spec("size=128,vfs=4").to_string());
    let shared = spec("vfs=4,share=/x,drive=caller");
    assert_eq!(shared.common(), spec("vfs=4,core=1,share=/y").common());
    assert_ne!(shared.common(), spec("vfs=5,share=/x").common());
}

#[test]
fn a_bad_option_is_told_with_key_value_and_what_is_allowed() {
    for (text, expected) in [
        ("vfs=0", "`vfs=0`: allowed is 1 to 63"),
        ("vfs=64", "`vfs=64`: allowed is 1 to 63"),
        ("vfs=+4", "`vfs=+4`: allowed is 1 to 63"),
        ("vfs=", "`vfs=`: allowed is 1 to 63"),
        ("vfs", "`vfs=`: options are KEY=VALUE, with commas between"),
        ("vfs=2,", "`=`: options are KEY=VALUE, with commas between"),
        ("vfs=2,vfs=3", "`vfs=3`: vfs is allowed once, and was 2 before"),
        ("model=82576", "`model=82576`: allowed is 82599, x540, x550, x552, x553, e610"),
        ("size=63", "`size=63`: allowed is 64 to 9018 (bytes with FCS), or imix"),
        ("size=9019", "`size=9019`: allowed is 64 to 9018 (bytes with FCS), or imix"),
        ("flows=65537", "`flows=65537`: allowed is 1 to 65536"),
        (
            "seed=18446744073709551616",
            "`seed=18446744073709551616`: allowed is 0 to 18446744073709551615",
        ),
        ("mtu=9711", "`mtu=9711`: allowed is 68 to 9710"),
        ("vlan=4096", "`vlan=4096`: allowed is 1 to 4095"),
        ("rate=0", "`rate=0`: allowed is 1 to 10000"),
        ("api=1.8", "`api=1.8`: allowed is 1.0 to 1.7"),
        ("api=2.0", "`api=2.0`: allowed is 1.0 to 1.7"),
        ("spoof=maybe", "`spoof=maybe`: allowed is on, off"),
        ("share=", "`share=`: allowed is the name of a file"),
        ("uplink=wire", "`uplink=wire`: allowed is gen, sink, loop, tap:NAME or pcap"),
        ("uplink=sink,size=64", "`size=64`: only with uplink=gen, and this is uplink=sink"),
        ("read=a", "`read=a`: only with uplink=pcap, and this is uplink=gen"),
        ("uplink=pcap", "`uplink=pcap`: needs read=FILE, write=FILE or both"),
        ("uplink=pcap,write=a,loop=on", "`loop=on`: only with read=FILE"),
        ("uplink=pcap,write=a,pace=off", "`pace=off`: only with read=FILE"),
        ("uplink=pcap,write=a,read=a", "`write=a`: must be another file than read="),
        (
            "drive=caller,core=1",
            "`core=1`: only with drive=thread: with drive=caller there is no thread to pin",
        ),
        (
            "model=x540,mdd=on",
            "`mdd=on`: only with model=x550 and later: 82599 and X540 detect no malicious drivers",
        ),
        (
            "model=x550,rss-query=on",
            "`rss-query=on`: only with model=82599 or model=x540: VFs of later models have registers for it",
        ),
    ] {
        assert_eq!(wrong(text), expected);
    }
    let unknown = wrong("colour=red");
    assert!(
        unknown.starts_with("`colour=red`: there is no option `colour`; there are model, vfs,")
    );
    for name in ["tap:", "tap:0123456789abcdef", "tap:a/b", "tap:a b", "tap:..", "tap:ü"] {
        let error = wrong(&format!("uplink={name}"));
        assert!(error.contains(name) && error.contains("1 to 15 letters"), "{error}");
    }
}

#[test]
fn fields_out_of_range_are_found_as_their_options_would_be() {
    let bad = |spec: Spec| spec.check().unwrap_err().to_string();
    assert!(Spec::default().check().is_ok());
    assert!(bad(Spec { vfs: 64, ..Spec::default() }).contains("`vfs=64`"));
    assert!(bad(Spec { share: Some("a,b".into()), ..Spec::default() }).contains("`b=`"));
    assert!(
        bad(Spec { share: Some("a,vfs=3".into()), ..Spec::default() }).contains("holds a comma")
    );
}

#[test]
fn queues_depend_on_how_many_vfs_there_are() {
    let queues = |vfs| Spec { vfs, ..Spec::default() }.queues();
    assert_eq!([1, 31, 32, 63].map(queues), [4, 4, 2, 2]);
}

proptest! {
    #[test]
    fn no_string_makes_it_panic_and_what_is_taken_comes_back(text in "[a-z0-9=,.:_-]{0,40}") {
        if let Ok(taken) = Spec::parse(&text) {
            prop_assert_eq!(spec(&taken.to_string()), taken);
        }
    }

    #[test]
    fn what_is_shown_is_read_back(
        vfs in 1..=63usize, size in 64..=9018u16, flows in 1..=65536u32, seed: u64, open: bool,
        pf_mtu in 68..=9710u32, port_vlan in prop::option::of(1..=4095u16), api in 0..=API_NEWEST,
        spoof_check: bool, trust: bool, rate in prop::option::of(1..=10_000u32),
    ) {
        let uplink = UplinkSpec::Gen(GenSpec { open, size: Size::Fixed(size), flows, seed });
        let given =
            Spec { vfs, uplink, pf_mtu, port_vlan, api, spoof_check, trust, rate, ..Spec::default() };
        prop_assert_eq!(spec(&given.to_string()), given.clone());
        prop_assert!(given.check().is_ok());
    }
}
