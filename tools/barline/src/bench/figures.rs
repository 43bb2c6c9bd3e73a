//! The figures of a measurement, as JSON and as text.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::args::Mode;
use super::cores;
use super::count::Count;
use super::latency::Latency;
use super::meter::Spent;
use super::settings::Settings;

/// What came out of a measurement.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// What the driver counted.
    pub count: Count,
    /// The packets that a software adapter counted.
    pub by_device: Option<u64>,
    /// What the workers spent.
    pub spent: Spent,
    /// How long it took.
    pub elapsed: Duration,
    /// How long packets took.
    pub latency: Option<Latency>,
}

/// The figures of a measurement, as its JSON has them: see [`super`].
#[derive(Debug, Serialize)]
pub struct Figures {
    device: String,
    peer: Option<String>,
    mode: &'static str,
    size: u64,
    burst: usize,
    queues: usize,
    cores: Vec<usize>,
    device_core: Option<usize>,
    shared_core: bool,
    packets: u64,
    device_packets: Option<u64>,
    drops: Option<u64>,
    mpps: f64,
    gbps: f64,
    cycles_per_packet: Option<f64>,
    idle: Option<f64>,
    stolen: Option<f64>,
    mean_burst: Option<f64>,
    elapsed_s: f64,
    latency_ns: Option<Latency>,
}

impl Figures {
    /// The figures of what was measured.
    pub fn new(settings: &Settings, measured: Measured) -> Figures {
        let Measured { count, by_device, spent, elapsed, latency } = measured;
        let size = if settings.mode.sends() { settings.size.into() } else { count.size() };
        let mpps = mpps(count.packets, elapsed);
        Figures {
            device: settings.device.to_string(),
            peer: settings.peer.as_ref().map(ToString::to_string),
            mode: settings.mode.name(),
            size,
            burst: settings.burst,
            queues: settings.cores.workers.len(),
            cores: settings.cores.workers.clone(),
            device_core: settings.cores.device,
            shared_core: settings.cores.shared,
            packets: count.packets,
            device_packets: by_device,
            drops: count.drops,
            mpps,
            gbps: gbps(size, mpps),
            cycles_per_packet: spent.cycles_per_packet(count.packets),
            idle: spent.idle_share(),
            stolen: spent.stolen_share(),
            mean_burst: spent.mean_burst(),
            elapsed_s: elapsed.as_secs_f64(),
            latency_ns: latency,
        }
    }

    /// A size that is a mean, and not what was asked for.
    fn is_mean(&self) -> bool {
        self.packets > 0 && [Mode::Rx, Mode::Fwd].map(Mode::name).contains(&self.mode)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { device, mode, size, burst, packets, mpps, gbps, elapsed_s, .. } = self;
        let done = if matches!(*mode, "tx" | "fwd") { "sent" } else { "received" };
        let to = self.peer.as_ref().map(|peer| format!(" to {peer}")).unwrap_or_default();
        writeln!(f, "{device} {mode}{to}: {packets} packets {done} in {elapsed_s:.2} s")?;
        if let Some(latency) = &self.latency_ns {
            latency.fmt(f)?;
        }
        writeln!(f, "  rate        {mpps:.3} Mpps, {gbps:.3} Gbit/s")?;
        let mean = if self.is_mean() { " on average" } else { "" };
        writeln!(f, "  frame size  {size} bytes with FCS{mean}")?;
        write!(f, "  burst       {burst} frames at most")?;
        match self.mean_burst {
            Some(mean) => writeln!(f, ", {mean:.1} on average")?,
            None => writeln!(f)?,
        }
        writeln!(f, "  drops       {}", Drops(self))?;
        if let Some(counted) = self.device_packets {
            writeln!(f, "  device      counted {counted} packets itself")?;
        }
        if let Some(cycles) = self.cycles_per_packet {
            let [idle, stolen] = [self.idle, self.stolen].map(|share| 100.0 * share.unwrap_or(0.0));
            write!(f, "  cycles      {cycles:.1} a packet (TSC); {idle:.0} % of the time idle")?;
            match stolen {
                0.5.. => writeln!(f, ", {stolen:.0} % taken by others")?,
                _ => writeln!(f)?,
            }
        }
        write!(f, "  cores       {}", cores::list(&self.cores))?;
        match self.device_core {
            Some(core) => writeln!(f, ", adapter on {core}")?,
            None => writeln!(f)?,
        }
        if self.shared_core {
            writeln!(
                f,
                "  note        the adapter's thread has no core to itself: figures suffer"
            )?;
        }
        Ok(())
    }
}

/// Million packets a second.
pub fn mpps(packets: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { packets as f64 / time.as_secs_f64() / 1e6 }
}

/// Gigabits a second.
pub fn gbps(size: u64, mpps: f64) -> f64 {
    size as f64 * 8.0 * mpps / 1000.0
}

struct Drops<'f>(&'f Figures);

impl fmt::Display for Drops<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.drops, self.0.mode) {
            (Some(drops), "latency") => write!(f, "{drops}, waited for in vain for a second"),
            (Some(drops), _) if self.0.device_packets.is_some() => write!(f, "{drops}"),
            (Some(drops), _) => write!(f, "{drops}, as far as the device counts them"),
            (None, "tx") => f.write_str("not known: nobody counts what is lost behind the device"),
            (None, _) => f.write_str("not known: the device does not tell"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tests::args;
    use barline::Root;

    fn settings(words: &str) -> Settings {
        Settings::new(&Root::default(), &args(words), false).unwrap()
    }

    fn json(words: &str, measured: Measured) -> serde_json::Value {
        serde_json::to_value(Figures::new(&settings(words), measured)).unwrap()
    }

    fn busy(packets: u64) -> Measured {
        Measured {
            count: Count { packets, sized: (1, 60), drops: None },
            spent: Spent {
                busy: 20 * packets,
                idle: 20 * packets,
                stolen: 0,
                bursts: packets / 10,
                frames: packets,
            },
            elapsed: Duration::from_secs(2),
            ..Measured::default()
        }
    }

    #[test]
    fn figures_agree_with_each_other() {
        let json = json("tx", busy(3_000_000));
        let number = |field: &str| json[field].as_f64().unwrap();
        assert_eq!(number("mpps"), 1.5);
        assert!((number("gbps") - 64.0 * 8.0 * 1.5 / 1000.0).abs() < 1e-12);
        assert_eq!((number("elapsed_s"), number("mean_burst"), number("idle")), (2.0, 10.0, 0.5));
        assert!(json["drops"].is_null());
        assert_eq!((number("cycles_per_packet"), number("stolen")), (20.0, 0.0));
        let mut fields: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let mut documented: Vec<_> = include_str!("mod.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! | `")?.split('`').next())
            .collect();
        fields.sort_unstable();
        documented.sort_unstable();
        assert_eq!(fields, documented);
    }

    #[test]
    fn nothing_at_all_is_a_measurement_too() {
        let json = json("rx", Measured::default());
        assert_eq!((&json["size"], &json["packets"]), (&0.into(), &0.into()));
        assert_eq!((json["mpps"].as_f64(), json["gbps"].as_f64()), (Some(0.0), Some(0.0)));
        for field in ["cycles_per_packet", "idle", "stolen", "mean_burst", "latency_ns", "peer"] {
            assert!(json[field].is_null(), "{field}");
        }
    }

    #[test]
    fn the_text_says_who_counted_and_what_spoils_the_figures() {
        let mut settings = settings("rx --cores 0");
        let text = |settings: &Settings, measured| Figures::new(settings, measured).to_string();
        let known = |drops| {
            let measured = busy(100);
            Measured { count: Count { drops: Some(drops), ..measured.count }, ..measured }
        };
        settings.cores.shared = false;
        let soft = text(&settings, Measured { by_device: Some(100), ..known(0) });
        assert!(soft.contains("  drops       0\n"), "{soft}");
        assert!(soft.contains("counted 100 packets itself") && !soft.contains("suffer"), "{soft}");
        settings.cores.shared = true;
        assert!(text(&settings, known(0)).contains("figures suffer"));
        let mut robbed = known(0);
        assert!(!text(&settings, robbed.clone()).contains("taken by others"));
        robbed.spent.stolen = robbed.spent.busy + robbed.spent.idle;
        assert!(text(&settings, robbed).contains("; 25 % of the time idle, 50 % taken by others"));
        assert!(text(&settings, known(0)).contains("0, as far as the device counts them"));
        assert!(text(&settings, busy(1)).contains("not known: the device does not tell"));
    }
}
