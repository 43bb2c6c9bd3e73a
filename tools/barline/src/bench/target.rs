//! Which devices are meant: what the strings leave open, and whether they agree with the options.

use std::str::FromStr;

use barline_device::{BadName, DeviceName};
use softnic::uplink::{GenSpec, Size, UplinkSpec};
use softnic::{Drive, Spec};

use super::Problem;
use super::args::{Args, Mode};

/// The smallest frame of Ethernet, with FCS.
const SMALLEST: u16 = Size::MIN;

/// What a frame has besides its payload: header and FCS.
const OVERHEAD: u32 = 18;

/// A device as the user named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    device: DeviceName,
    /// The string says of which size the generator's frames are.
    sized: bool,
}

impl FromStr for Named {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Named, BadName> {
        let device = text.parse()?;
        let options = text.split_once(':').map_or("", |(_, options)| options);
        let sized = options.split(',').any(|option| option.starts_with("size="));
        Ok(Named { device, sized })
    }
}

impl Named {
    /// A VF of a software adapter.
    pub fn is_soft(&self) -> bool {
        self.device.is_soft()
    }
}

/// The devices of a measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The VF that is measured.
    pub device: DeviceName,
    /// The VF that `latency` sends to.
    pub peer: Option<DeviceName>,
    /// Bytes of a frame, with FCS.
    pub size: u16,
}

impl Target {
    /// Makes devices of what the user said.
    pub fn new(args: &Args) -> Result<Target, Problem> {
        let named = args.vf.clone().unwrap_or_else(|| default(args.mode));
        let (device, size) = sized(&named, args.size)?;
        if args.mode.sends() {
            one_size(&device)?;
        }
        if let Some((spec, _)) = device.as_soft() {
            check(&device, spec, size, args.queues)?;
        }
        let peer = match (args.mode, &args.peer) {
            (Mode::Latency, Some(peer)) => Some(named_peer(&device, peer, args.size)?),
            (Mode::Latency, None) => Some(next_vf(&device)?),
            (_, None) => None,
            (mode, Some(_)) => {
                let problem = format!("--peer is for latency: {} needs one VF", mode.name());
                return Err(Problem::Usage(problem));
            }
        };
        Ok(Target { device, peer, size })
    }
}

/// Whether a thread of its own moves the device.
pub fn has_thread(device: &DeviceName) -> bool {
    device.as_soft().is_some_and(|(spec, _)| spec.drive == Drive::Thread)
}

/// The device with its thread, if it has one, on this core.
pub fn on_core(device: &DeviceName, core: Option<usize>) -> DeviceName {
    match device.as_soft() {
        Some((spec, vf)) if has_thread(device) => soft(Spec { core, ..spec.clone() }, vf),
        _ => device.clone(),
    }
}

/// A software adapter that does what a mode needs, and no more.
fn default(mode: Mode) -> Named {
    let uplink = if mode.sends() { UplinkSpec::Sink } else { UplinkSpec::default() };
    Named { device: soft(Spec { uplink, ..Spec::default() }, 0), sized: false }
}

/// A VF that the adapter has.
fn soft(spec: Spec, vf: usize) -> DeviceName {
    DeviceName::soft(spec, vf).expect("a VF below the adapter's number of VFs")
}

/// Brings `--size` and the size of the string together. Without either it is the smallest.
fn sized(named: &Named, asked: Option<u16>) -> Result<(DeviceName, u16), Problem> {
    let device = &named.device;
    let plain = (device.clone(), asked.unwrap_or(SMALLEST));
    let Some((spec, vf)) = device.as_soft() else { return Ok(plain) };
    let UplinkSpec::Gen(generator) = &spec.uplink else { return Ok(plain) };
    let size = match (asked, generator.size) {
        (None, Size::Fixed(size)) => size,
        (None, Size::Imix) => return Ok(plain),
        (Some(size), of_string) if named.sized && of_string != Size::Fixed(size) => {
            return Err(Problem::Usage(format!(
                "--size {size} contradicts the size in {device}: give one of them"
            )));
        }
        (Some(size), _) => size,
    };
    let mut spec = spec.clone();
    spec.uplink = UplinkSpec::Gen(GenSpec { size: Size::Fixed(size), ..generator.clone() });
    spec.check().map_err(|error| {
        Problem::Usage(format!("--size {size} is not possible: {}", error.allowed))
    })?;
    Ok((soft(spec, vf), size))
}

/// A mode that makes its frames makes them all alike, so that a mixture in the string would be ignored.
fn one_size(device: &DeviceName) -> Result<(), Problem> {
    match device.as_soft() {
        Some((Spec { uplink: UplinkSpec::Gen(GenSpec { size: Size::Imix, .. }), .. }, _)) => {
            Err(Problem::Usage(format!(
                "{device}: size=imix is the generator's, and this mode sends frames of one size: give \
                 --size BYTES, or measure rx or fwd"
            )))
        }
        _ => Ok(()),
    }
}

/// What is known of a software adapter without making it.
fn check(device: &DeviceName, spec: &Spec, size: u16, queues: u16) -> Result<(), Problem> {
    let most = spec.queues();
    if usize::from(queues) > most {
        let why =
            if spec.vfs > 31 { "more than 31 VFs leave each 2" } else { "each of its VFs has 4" };
        return Err(Problem::Usage(format!("{device}: --queues {queues} is not possible: {why}")));
    }
    let largest = spec.pf_mtu + OVERHEAD;
    if u32::from(size) > largest {
        return Err(Problem::Usage(format!(
            "{device}: --size {size} is not possible: its PF has an MTU of {} and takes frames of up to \
             {largest} (mtu= sets it)",
            spec.pf_mtu
        )));
    }
    Ok(())
}

/// The other VF, as the user named it.
fn named_peer(device: &DeviceName, peer: &Named, size: Option<u16>) -> Result<DeviceName, Problem> {
    let (peer, _) = sized(peer, size)?;
    let problem = if peer == *device {
        format!("--peer {peer} is the VF that sends: name another one")
    } else {
        match (device.as_soft(), peer.as_soft()) {
            (Some((here, _)), Some((there, _))) if here != there => format!(
                "--peer {peer} is on another adapter than {device}, and no frame goes from one to the \
                 other: give both the same options, but for vf="
            ),
            _ => return Ok(peer),
        }
    };
    Err(Problem::Usage(problem))
}

/// The next VF of the same adapter.
fn next_vf(device: &DeviceName) -> Result<DeviceName, Problem> {
    match device.as_soft() {
        Some((spec, vf)) if spec.vfs > 1 => Ok(soft(spec.clone(), (vf + 1) % spec.vfs)),
        Some(_) => Err(Problem::Usage(format!(
            "{device}: latency goes from one VF to another, and the adapter has one: vfs=2 gives it two"
        ))),
        None => {
            Err(Problem::Usage("latency needs --peer DEVICE, the VF that it sends to".to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tests::args;

    fn target(words: &str) -> Target {
        Target::new(&args(words)).unwrap_or_else(|problem| panic!("{words}: {problem:?}"))
    }

    fn devices(words: &str) -> (String, Option<String>, u16) {
        let Target { device, peer, size } = target(words);
        (device.to_string(), peer.map(|peer| peer.to_string()), size)
    }

    fn problem(words: &str) -> String {
        match Target::new(&args(words)) {
            Err(Problem::Usage(problem)) => problem,
            other => panic!("{words}: {other:?}"),
        }
    }

    #[test]
    fn without_a_device_it_is_an_adapter_that_does_what_the_mode_needs() {
        assert_eq!(devices(""), ("soft".into(), None, 64));
        assert_eq!(devices("rx"), ("soft".into(), None, 64));
        assert_eq!(devices("tx"), ("soft:uplink=sink".into(), None, 64));
        let peer = Some("soft:uplink=sink,vf=1".into());
        assert_eq!(devices("latency"), ("soft:uplink=sink".into(), peer, 64));
    }

    #[test]
    fn the_size_is_told_once() {
        assert_eq!(devices("rx --size 128"), ("soft:size=128".into(), None, 128));
        assert_eq!(devices("rx --vf soft:size=128"), ("soft:size=128".into(), None, 128));
        assert_eq!(devices("rx --vf soft:size=128 --size 128").2, 128);
        assert_eq!(
            devices("rx --vf soft:vfs=4,size=imix"),
            ("soft:vfs=4,size=imix".into(), None, 64)
        );
        assert_eq!(devices("tx --vf soft:uplink=sink --size 200").2, 200);
        assert_eq!(devices("rx --vf 0000:01:10.0 --size 200").2, 200);
        for words in ["rx --vf soft:size=64 --size 65", "rx --vf soft:size=imix --size 64"] {
            assert!(problem(words).contains("contradicts"), "{words}");
        }
        let told = problem("rx --size 9019");
        assert!(told.starts_with("--size 9019 is not possible: allowed is 64 to 9018"), "{told}");
        let told = problem("tx --vf soft:uplink=sink,mtu=1500 --size 1519");
        assert!(told.contains("--size 1519") && told.contains("up to 1518"), "{told}");
    }

    #[test]
    fn what_sends_frames_sends_them_of_one_size() {
        for words in ["tx --vf soft:size=imix", "latency --vf soft:size=imix"] {
            assert!(problem(words).contains("size=imix is the generator's"), "{words}");
        }
    }

    #[test]
    fn queues_that_an_adapter_does_not_have() {
        assert!(problem("rx --queues 5").contains("soft: --queues 5 is not possible: each"));
        let told = problem("rx --queues 3 --vf soft:vfs=32");
        assert!(told.contains("more than 31 VFs leave each 2"), "{told}");
        assert_eq!(devices("rx --queues 4").0, "soft");
    }

    #[test]
    fn latency_has_two_ends() {
        let peer = |words| target(words).peer.map(|peer| peer.to_string());
        assert_eq!(peer("latency --vf soft:vfs=4,vf=3"), Some("soft:vfs=4".into()));
        assert_eq!(
            peer("latency --vf soft:vfs=4 --peer soft:vfs=4,vf=2"),
            Some("soft:vfs=4,vf=2".into())
        );
        assert_eq!(
            peer("latency --vf soft --peer soft:vf=1 --size 100"),
            Some("soft:size=100,vf=1".into())
        );
        assert_eq!(
            peer("latency --vf 0000:01:10.0 --peer 0000:01:10.2"),
            Some("0000:01:10.2".into())
        );
        for (words, told) in [
            ("latency --vf 0000:01:10.0", "needs --peer"),
            ("latency --vf soft:vfs=1", "vfs=2 gives it two"),
            ("latency --vf soft --peer soft", "is the VF that sends"),
            ("latency --vf soft --peer soft:vfs=4,vf=1", "another adapter"),
            ("rx --peer soft:vf=1", "--peer is for latency"),
        ] {
            assert!(problem(words).contains(told), "{words}: {}", problem(words));
        }
    }
}
