//! From options to a device string.

use std::fmt::{Display, Formatter, Result};

use super::parse::MODELS;
use super::{Drive, Spec};
use crate::uplink::{GenSpec, PcapSpec, Size, UplinkSpec};

/// The canonical string: what differs from the defaults, in one order. Equal options have equal strings.
impl Display for Spec {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let default = Spec::default();
        let mut options: Vec<(&str, String)> = Vec::new();
        let mut option = |differs: bool, key, value: &dyn Display| {
            if differs {
                options.push((key, value.to_string()));
            }
        };
        let model =
            MODELS.iter().find(|(_, model)| *model == self.model).map_or("", |(name, _)| name);
        option(self.model != default.model, "model", &model);
        option(self.vfs != default.vfs, "vfs", &self.vfs);
        match &self.uplink {
            UplinkSpec::Gen(spec) => generator(spec, &mut option),
            UplinkSpec::Sink => option(true, "uplink", &"sink"),
            UplinkSpec::Loop => option(true, "uplink", &"loop"),
            UplinkSpec::Tap(name) => option(true, "uplink", &format_args!("tap:{name}")),
            UplinkSpec::Pcap(spec) => pcap(spec, &mut option),
        }
        option(self.spoof_check != default.spoof_check, "spoof", &switch(self.spoof_check));
        option(self.trust != default.trust, "trust", &switch(self.trust));
        option(
            self.pf_promiscuous != default.pf_promiscuous,
            "promisc",
            &switch(self.pf_promiscuous),
        );
        option(self.mdd, "mdd", &"on");
        option(self.pf_mtu != default.pf_mtu, "mtu", &self.pf_mtu);
        option(self.port_vlan.is_some(), "vlan", &self.port_vlan.unwrap_or_default());
        option(self.rate.is_some(), "rate", &self.rate.unwrap_or_default());
        option(self.zero_mac, "mac", &"zero");
        option(self.rss_query, "rss-query", &"on");
        option(self.api != default.api, "api", &format_args!("1.{}", self.api));
        if let Some(file) = &self.share {
            option(true, "share", &file.display());
        }
        option(self.drive == Drive::Caller, "drive", &"caller");
        option(self.core.is_some(), "core", &self.core.unwrap_or_default());
        let options: Vec<String> =
            options.iter().map(|(key, value)| format!("{key}={value}")).collect();
        f.write_str(&options.join(","))
    }
}

type Option<'a> = dyn FnMut(bool, &'static str, &dyn Display) + 'a;

/// The generator is the default uplink, and goes without saying.
fn generator(spec: &GenSpec, option: &mut Option) {
    let default = GenSpec::default();
    match spec.size {
        Size::Fixed(size) => option(spec.size != default.size, "size", &size),
        Size::Imix => option(true, "size", &"imix"),
    }
    option(spec.flows != default.flows, "flows", &spec.flows);
    option(spec.seed != default.seed, "seed", &spec.seed);
    option(spec.open, "gen", &"open");
}

fn pcap(spec: &PcapSpec, option: &mut Option) {
    option(true, "uplink", &"pcap");
    for (key, file) in [("read", &spec.read), ("write", &spec.write)] {
        if let Some(file) = file {
            option(true, key, &file.display());
        }
    }
    option(spec.repeat, "loop", &"on");
    option(!spec.pace, "pace", &"off");
}

fn switch(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}
