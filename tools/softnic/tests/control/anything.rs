//! Whatever a driver writes anywhere, and whatever happens meanwhile: nothing panics, what is not there
//! stays away, and a VF that is reset afterwards works.

use std::num::NonZeroU64;

use proptest::prelude::*;
use softnic::{Fault, MailboxMood};

use super::mailbox_user::MailboxUser;
use super::{MILLISECOND, adapter};

/// What can be done to an adapter of three VFs.
#[derive(Clone, Debug)]
enum Act {
    Open(usize),
    Close(usize),
    Read(usize, usize),
    Write(usize, usize, u32),
    Message(usize, [u32; 16]),
    Config(usize, usize, Vec<u8>),
    Reset(usize),
    Happen(Fault),
    Pass(u64),
}

fn vf() -> impl Strategy<Value = usize> {
    prop_oneof![9 => 0..3_usize, 1 => Just(usize::MAX)]
}

fn register() -> impl Strategy<Value = usize> {
    prop_oneof![
        8 => (0..0x340_usize / 4).prop_map(|word| 4 * word),
        4 => (0..0x4000_usize / 4).prop_map(|word| 4 * word),
        1 => any::<usize>(),
    ]
}

/// Values that switch things on as often as any others.
fn value() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), 0..16_u32, Just(1 << 25), Just(1 << 26), Just(u32::MAX)]
}

fn message() -> impl Strategy<Value = [u32; 16]> {
    (0..0x14_u32, any::<u8>(), proptest::array::uniform16(value())).prop_map(
        |(kind, info, mut words)| {
            words[0] = kind | u32::from(info) << 16;
            words
        },
    )
}

fn fault() -> impl Strategy<Value = Fault> {
    let mood = prop_oneof![
        Just(MailboxMood::Prompt),
        (0..4 * MILLISECOND).prop_map(MailboxMood::Late),
        Just(MailboxMood::Silent),
        Just(MailboxMood::Refusing),
        Just(MailboxMood::Holding),
    ];
    prop_oneof![
        Just(Fault::PfReset),
        any::<bool>().prop_map(|up| Fault::PfInterface { up }),
        any::<bool>().prop_map(|up| Fault::Link { up }),
        (vf(), any::<Option<u16>>()).prop_map(|(vf, vlan)| Fault::PortVlan { vf, vlan }),
        (vf(), any::<bool>()).prop_map(|(vf, trusted)| Fault::Trust { vf, trusted }),
        (vf(), any::<Option<[u8; 6]>>()).prop_map(|(vf, mac)| Fault::Address { vf, mac }),
        (vf(), mood).prop_map(|(vf, mood)| Fault::Mailbox { vf, mood }),
        (vf(), any::<bool>()).prop_map(|(vf, on)| Fault::AbsurdWritebacks { vf, on }),
        (vf(), any::<bool>()).prop_map(|(vf, on)| Fault::LostInterrupts { vf, on }),
        vf().prop_map(|vf| Fault::WantedBack { vf }),
        vf().prop_map(|vf| Fault::BusError { vf }),
        // VF 0 stays, so that there is one to be asked at the end.
        (1..3_usize).prop_map(|vf| Fault::Removal { vf }),
        (0..3_u64).prop_map(|number| Fault::DropOneIn(NonZeroU64::new(number))),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => vf().prop_map(Act::Open),
        1 => vf().prop_map(Act::Close),
        4 => (vf(), register()).prop_map(|(vf, offset)| Act::Read(vf, offset)),
        12 => (vf(), register(), value()).prop_map(|(vf, at, value)| Act::Write(vf, at, value)),
        8 => (vf(), message()).prop_map(|(vf, words)| Act::Message(vf, words)),
        2 => (vf(), 0..5000_usize, proptest::collection::vec(any::<u8>(), 0..8))
            .prop_map(|(vf, at, bytes)| Act::Config(vf, at, bytes)),
        1 => vf().prop_map(Act::Reset),
        2 => fault().prop_map(Act::Happen),
        4 => (0..20 * MILLISECOND).prop_map(Act::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_breaks_it(
        model in prop_oneof![Just("82599"), Just("x540"), Just("x550"), Just("e610")],
        options in prop_oneof![Just(""), Just(",mac=zero"), Just(",trust=on,promisc=on,mtu=1500")],
        acts in proptest::collection::vec(act(), 0..200),
    ) {
        let mut adapter = adapter(&format!("model={model},vfs=3{options}"));
        let mut open = [false; 3];
        let mut removed = [false; 3];
        let mut now = 0;
        for act in acts {
            match act {
                Act::Open(vf) => {
                    let may = open.get(vf) == Some(&false) && !removed[vf];
                    prop_assert_eq!(adapter.open(vf).is_ok(), may);
                    if may {
                        open[vf] = true;
                        adapter.set_vectors(vf, vec![Box::new(|| ())]);
                    }
                }
                Act::Close(vf) => {
                    adapter.close(vf);
                    open.get_mut(vf).into_iter().for_each(|open| *open = false);
                }
                Act::Read(vf, offset) => {
                    let there = open.get(vf) == Some(&true) && !removed[vf];
                    let value = adapter.read(vf, offset);
                    prop_assert!(there || value == u32::MAX);
                }
                Act::Write(vf, offset, value) => adapter.write(vf, offset, value),
                Act::Message(vf, words) => {
                    for (at, word) in words.into_iter().enumerate() {
                        adapter.write(vf, 0x200 + 4 * at, word);
                    }
                    adapter.write(vf, 0x2fc, 1);
                }
                Act::Config(vf, at, bytes) => adapter.config_write(vf, at, &bytes),
                Act::Reset(vf) => adapter.reset(vf),
                Act::Happen(fault) => {
                    if let Fault::Removal { vf } = fault {
                        removed[vf] |= open[vf];
                    }
                    adapter.inject(fault);
                }
                Act::Pass(time) => {
                    now += time;
                    adapter.step(now);
                }
            }
        }
        // Whatever happened, VF 0 can be reset, greets and is served.
        adapter.inject(Fault::Mailbox { vf: 0, mood: MailboxMood::Prompt });
        adapter.inject(Fault::PfInterface { up: true });
        if !open[0] {
            adapter.open(0).unwrap();
        }
        for _ in 0..3 {
            now += 20 * MILLISECOND;
            adapter.step(now);
        }
        adapter.reset(0);
        let mut user = MailboxUser::new(0);
        user.begin(&mut adapter, 4);
        prop_assert_eq!(user.ask(&mut adapter, &[9, 0, 0, 0, 0])[..3].to_vec(), [0xa000_0009, 4, 4]);
    }
}
