//! What the main thread does while others measure.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use barline::Port;
use barline_device::DeviceName;

use super::Stop;
use super::port::{TICK, next_event, say};
use super::settings::Settings;

/// Time between live lines.
const EVERY: Duration = Duration::from_secs(1);

/// Says what is measured, and for how long.
fn announce(settings: &Settings, ports: &[(&Port, &DeviceName)]) {
    for (port, name) in ports {
        say(&format!("{name}: {}, {}, link {}", port.info().model, port.mac(), port.link()));
    }
    let end = match settings.time {
        Some(time) => format!("for {} s, or until Ctrl-C", time.as_secs_f64()),
        None => "until Ctrl-C".to_string(),
    };
    say(&format!("{} {} {end}", settings.device, settings.mode.name()));
}

/// Waits for the end of a measurement, tells what happens to its ports, and shows a line a second if
/// anybody looks: `line` is told how long it is since the last one, and `ended` says that the workers
/// have ended by themselves. Returns the line for an end that nobody asked for.
pub fn watch(
    settings: &Settings,
    ports: &[(&Port, &DeviceName)],
    stop: &Stop,
    ended: impl Fn() -> bool,
    mut line: impl FnMut(Duration) -> String,
) -> Option<String> {
    let start = Instant::now();
    let show = settings.live || io::stderr().is_terminal();
    let mut shown = start;
    if show {
        announce(settings, ports);
    }
    loop {
        let left = settings.time.map_or(TICK, |time| time.saturating_sub(start.elapsed()));
        if left.is_zero() || stop.asked() || ended() {
            return None;
        }
        let span = shown.elapsed();
        if show && span >= EVERY {
            let (device, mode) = (&settings.device, settings.mode.name());
            let at = start.elapsed().as_secs_f64();
            say(&format!("{device} {mode:3} {at:5.0} s  {}", line(span)));
            shown += span;
        }
        for (port, name) in ports {
            let news = next_event(port, name, left.min(TICK) / ports.len() as u32);
            if news.is_some() {
                return news;
            }
        }
    }
}
