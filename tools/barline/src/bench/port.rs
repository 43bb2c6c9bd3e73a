//! Opening a device, and what happens to it.

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use barline::{Config, LinkState, Port};
use barline_device::{Device, DeviceName};

use super::settings::Settings;
use super::{Problem, Stop};

/// How often somebody looks whether it is to end.
pub const TICK: Duration = Duration::from_millis(20);

/// How long a link may take to come up.
const LINK: Duration = Duration::from_secs(5);

/// Opens a device of the measurement, and waits for its link.
pub fn open(
    settings: &Settings,
    device: &DeviceName,
    config: Config,
    stop: &Stop,
) -> Result<Device, Problem> {
    let opened = barline_device::open(&settings.placed(device), config)
        .map_err(|error| settings.explain(device, error))?;
    wait_for_link(&opened.port, device, stop)?;
    Ok(opened)
}

/// Waits for news of the port, and tells it; returns the line for news that ends everything.
pub fn next_event(port: &Port, name: &DeviceName, wait: Duration) -> Option<String> {
    let event = match port.events().recv_timeout(wait) {
        Ok(event) => event,
        Err(error) => {
            if error.is_disconnected() {
                thread::sleep(wait);
            }
            return None;
        }
    };
    let news = format!("{name}: {event}");
    if event.must_close() {
        return Some(news);
    }
    say(&news);
    None
}

/// Writes a line to standard error; with that closed there is nobody to tell.
pub fn say(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

fn wait_for_link(port: &Port, name: &DeviceName, stop: &Stop) -> Result<(), Problem> {
    let end = Instant::now() + LINK;
    while port.link() == LinkState::Down && !stop.asked() {
        if Instant::now() > end {
            return Err(Problem::Failed(format!(
                "{name}: no link within {} s: is its PF up (`ip link set <pf> up`), and the cable in?",
                LINK.as_secs()
            )));
        }
        if let Some(problem) = next_event(port, name, TICK) {
            return Err(Problem::Failed(problem));
        }
    }
    Ok(())
}
