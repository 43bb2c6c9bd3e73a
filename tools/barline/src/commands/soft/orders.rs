//! `barline soft pf`, `link` and `set`: what a PF's administrator does, to the adapter of a run.
//!
//! The JSON is one object:
//!
//! | field | |
//! |---|---|
//! | `run` | the run's directory |
//! | `pf` | `"reset"`, `"down"` or `"up"`, or null |
//! | `link` | `"down"` or `"up"`, or null |
//! | `vf` | number of the VF that was set, or null |
//! | `mac` | the address that it has now, `"none"` if the PF has none for it any more, or null if that was not set |
//! | `trust` | true or false, or null if that was not set |
//! | `vlan` | its port VLAN, 0 for none, or null if that was not set |

use std::fmt;
use std::io::ErrorKind::NotFound;

use barline::MacAddress;
use clap::ValueEnum;
use serde::Serialize;
use softnic::{Administrator, Fault, OrderError};
use softvfio::run::{RunError, RunView};
use softvfio::topology;

use crate::output::{Failure, Output};

/// What can happen to a PF.
#[derive(Clone, Copy, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PfState {
    /// It resets itself: queues stop, and VFs have to greet it anew.
    Reset,
    /// Its interface goes down: a reset that does not end.
    Down,
    /// It comes up again.
    Up,
}

/// What can happen to a wire.
#[derive(Clone, Copy, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// It loses its link.
    Down,
    /// It has a link again.
    Up,
}

/// What is set for a VF.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Setting {
    /// Which: its number, or its address such as 0000:01:10.2.
    #[arg(value_name = "VF", value_parser = vf)]
    vf: usize,
    #[command(flatten)]
    to: Values,
}

/// What it is set to.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct Values {
    /// The address that the PF assigns; `none` takes it away. The VF learns it when it is reset.
    #[arg(long, value_name = "MAC", value_parser = mac)]
    mac: Option<Mac>,
    /// Whether the PF trusts it.
    #[arg(long, value_name = "on|off", value_parser = switch)]
    trust: Option<bool>,
    /// The VLAN that it is put into, 1 to 4095; `none` takes it out.
    #[arg(long, value_name = "N", value_parser = vlan)]
    vlan: Option<Vlan>,
}

/// An address, or none.
type Mac = softnic::Mac;
/// A VLAN; 0 for none, as for `ip link`.
type Vlan = u16;

/// All that can be ordered.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// To the PF.
    Pf(PfState),
    /// To the wire.
    Link(LinkState),
    /// To the PF, for a VF.
    Set(Setting),
}

/// Why nothing was done, or not all.
pub enum Refused {
    /// It was asked for what cannot be.
    Usage(String),
    /// It did not work.
    Failed(String),
}

impl From<RunError> for Refused {
    fn from(error: RunError) -> Refused {
        let is_gone = matches!(&error, RunError::Io { source, .. } if source.kind() == NotFound);
        let hint = if is_gone { "; has the run ended?" } else { "" };
        Refused::Failed(format!("{error}{hint}"))
    }
}

impl From<OrderError> for Refused {
    fn from(error: OrderError) -> Refused {
        Refused::Failed(error.to_string())
    }
}

impl From<Failure> for Refused {
    fn from(error: Failure) -> Refused {
        Refused::Failed(error.to_string())
    }
}

#[derive(Serialize)]
struct Done {
    run: String,
    pf: Option<PfState>,
    link: Option<LinkState>,
    vf: Option<usize>,
    mac: Option<String>,
    trust: Option<bool>,
    vlan: Option<u16>,
}

/// Does it to the adapter of a run, whatever programs drive its VFs.
pub fn carry_out(run: &RunView, order: &Order, output: Output) -> Result<(), Refused> {
    let vfs = run.spec.vfs;
    if let Order::Set(Setting { vf, .. }) = order
        && *vf >= vfs
    {
        let last = vfs - 1;
        return Err(Refused::Usage(format!(
            "VF {vf}: the adapter of this run has VFs 0 to {last}"
        )));
    }
    let mut administrator = run.administrator()?;
    let (mut pf, mut link, mut set) = (None, None, None);
    match *order {
        Order::Pf(state) => {
            pf = Some(state);
            administrator.order(match state {
                PfState::Reset => Fault::PfReset,
                PfState::Down => Fault::PfInterface { up: false },
                PfState::Up => Fault::PfInterface { up: true },
            })?;
        }
        Order::Link(state) => {
            link = Some(state);
            administrator.order(Fault::Link { up: matches!(state, LinkState::Up) })?;
        }
        Order::Set(settings) => {
            set = Some(settings);
            settings.apply(&mut administrator)?;
        }
    }
    let shown = |mac: Mac| match MacAddress(mac) {
        mac if mac.is_zero() => "none".to_string(),
        mac => mac.to_string(),
    };
    output.answer(&Done {
        run: run.dir.display().to_string(),
        pf,
        link,
        vf: set.map(|set| set.vf),
        mac: set.and_then(|set| set.to.mac).map(shown),
        trust: set.and_then(|set| set.to.trust),
        vlan: set.and_then(|set| set.to.vlan),
    })?;
    Ok(())
}

impl Setting {
    fn apply(self, administrator: &mut Administrator) -> Result<(), OrderError> {
        let Setting { vf, to } = self;
        if let Some(vlan) = to.vlan {
            administrator.order(Fault::PortVlan { vf, vlan: (vlan != 0).then_some(vlan) })?;
        }
        if let Some(mac) = to.mac {
            let mac = (!MacAddress(mac).is_zero()).then_some(mac);
            administrator.order(Fault::Address { vf, mac })?;
        }
        match to.trust {
            Some(trusted) => administrator.order(Fault::Trust { vf, trusted }),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = |down| if down { "down" } else { "up" };
        match (self.pf, self.link) {
            (Some(PfState::Reset), _) => return writeln!(f, "the PF resets itself"),
            (Some(pf), _) => {
                return writeln!(f, "the PF is {}", state(matches!(pf, PfState::Down)));
            }
            (_, Some(link)) => {
                return writeln!(f, "the link is {}", state(matches!(link, LinkState::Down)));
            }
            (None, None) => write!(f, "VF {}:", self.vf.unwrap_or_default())?,
        }
        let mut settings = Vec::new();
        settings.extend(self.mac.as_ref().map(|mac| format!("MAC {mac}")));
        settings.extend(self.vlan.map(|vlan| match vlan {
            0 => "no port VLAN".to_string(),
            vlan => format!("port VLAN {vlan}"),
        }));
        settings
            .extend(self.trust.map(|on| if on { "trusted" } else { "not trusted" }.to_string()));
        writeln!(f, " {}", settings.join(", "))
    }
}

fn vf(text: &str) -> Result<usize, String> {
    let number = || text.parse().ok();
    topology::vf_of(text).or_else(number).ok_or_else(|| {
        "expected a VF's number, from 0, or its address such as 0000:01:10.2".to_string()
    })
}

fn mac(text: &str) -> Result<Mac, String> {
    if text == "none" {
        return Ok(Mac::default());
    }
    let mac: MacAddress = text.parse().map_err(|error: barline::BadMac| error.to_string())?;
    match mac.is_unicast() {
        true => Ok(mac.0),
        false => Err("expected an address of one station (not all zeros, the lowest bit of the \
                      first byte 0), or `none`"
            .to_string()),
    }
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("expected `on` or `off`".into()),
    }
}

fn vlan(text: &str) -> Result<Vlan, String> {
    match text.parse() {
        Ok(vlan @ 1..=4095) => Ok(vlan),
        _ if text == "none" => Ok(0),
        _ => Err("expected 1 to 4095, or `none`".into()),
    }
}
