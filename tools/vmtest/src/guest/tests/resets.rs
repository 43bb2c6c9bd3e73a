//! The link goes and comes, the PF goes and comes, the PF is reset under traffic: the application is
//! told, and traffic comes back in the same process.

use crate::program::ip;
use crate::traffic::{End, pair, read, write};
use crate::{host, vf};
use barline::{Config, Event, LinkState};
use std::time::{Duration, Instant};
use vmtest::{Result, bail, ensure};

/// How long the PF's driver may take over each step: igb waits for the link, and more.
const PATIENCE: Duration = Duration::from_secs(20);

/// Link down and up, PF down and up, PF reset.
pub fn run() -> Result {
    let (pf, vfs) = vf::ready(0, 2)?;
    let mut ends = pair(&vfs, &Config::default())?;
    let mut traffic = Traffic::default();
    traffic.flows(&mut ends, "at first")?;

    host::set_link(0, false)?;
    traffic.until(&mut ends, "link down", |event| *event == Event::Link(LinkState::Down))?;
    host::set_link(0, true)?;
    traffic
        .until(&mut ends, "link up", |event| matches!(event, Event::Link(LinkState::Up { .. })))?;
    traffic.flows(&mut ends, "after the link came back")?;

    pf.down()?;
    traffic.until(&mut ends, "PF reset", |event| *event == Event::PfReset)?;
    traffic.until(&mut ends, "PF silent", |event| matches!(event, Event::PfSilent { .. }))?;
    pf.up()?;
    traffic.until(&mut ends, "recovery", |event| *event == Event::Recovered)?;
    traffic.flows(&mut ends, "after the PF came back")?;

    for round in 1..=3 {
        // Changing its MTU makes igb reset the PF, with the VFs kept.
        ip(&["link", "set", &pf.netdev, "mtu", &(1500 + round).to_string()])?;
        traffic.until(&mut ends, "PF reset", |event| *event == Event::PfReset)?;
        traffic.until(&mut ends, "recovery", |event| *event == Event::Recovered)?;
        traffic.flows(&mut ends, "after a reset of the PF")?;
    }

    ends[0].port.reset();
    traffic.until(&mut ends[..1], "recovery", |event| *event == Event::Recovered)?;
    traffic.flows(&mut ends, "after a reset of the VF")?;
    for end in &ends {
        println!("{}: {:?}", end.port.name(), end.port.stats());
        let rx = end.port.stats().rx[0];
        ensure!(rx.violations + rx.errors == 0, "the device wrote nonsense: {rx:?}");
    }
    let pools = [ends[0].port.arena().buffers().census(), ends[1].port.arena().buffers().census()];
    drop(ends);
    ensure!(pools[0].quarantined == 0, "buffers were lost: {pools:?}");
    Ok(())
}

/// A stream from VF0 to VF1 that never stops, whatever is lost.
#[derive(Default)]
struct Traffic {
    sent: u64,
    received: u64,
    bytes: Vec<u8>,
}

impl Traffic {
    /// Sends and receives once; frames may be missing, but what comes is right and in order.
    fn step(&mut self, ends: &mut [End]) -> Result {
        let [from, to] = ends else { return Ok(()) };
        let mut batch = from.pool.batch(8);
        while batch.room() > 0 {
            write(&mut self.bytes, 200, self.sent, to.mac, from.mac);
            let Some(mut packet) = batch.alloc(self.bytes.len()) else { break };
            packet.copy_from(&self.bytes);
            self.sent += 1;
        }
        from.queues.tx[0].push(&mut batch);
        let mut batch = to.pool.batch(64);
        to.queues.rx[0].poll(&mut batch);
        for frame in batch.frames() {
            let Some(number) = read(frame.data(), to.mac)? else { continue };
            ensure!(number >= self.received, "frame {number} came after {}", self.received);
            self.received = number + 1;
        }
        Ok(())
    }

    /// A thousand frames arrive.
    fn flows(&mut self, ends: &mut [End], when: &str) -> Result {
        let (start, mut steps, mut arrived) = (Instant::now(), 0_u64, 0);
        let mut last = self.received;
        while arrived < 1000 {
            self.step(ends)?;
            steps += 1;
            if self.received != last {
                last = self.received;
                arrived += 1;
            }
            ensure!(
                start.elapsed() < PATIENCE,
                "no traffic {when}: {arrived} arrivals, {steps} steps"
            );
        }
        println!("traffic flows {when}");
        Ok(())
    }

    /// Goes on until every port was told of something.
    fn until(&mut self, ends: &mut [End], what: &str, is: impl Fn(&Event) -> bool) -> Result {
        let start = Instant::now();
        let mut told = vec![false; ends.len()];
        while told.contains(&false) {
            self.step(ends)?;
            for (end, told) in ends.iter().zip(&mut told) {
                while let Ok(event) = end.port.events().try_recv() {
                    println!("{}: {event:?}", end.port.name());
                    *told |= is(&event);
                    if *told {
                        break;
                    }
                }
            }
            if start.elapsed() > PATIENCE {
                bail!("nobody was told of the {what}: {told:?}");
            }
        }
        println!("{what} after {:.1} s", start.elapsed().as_secs_f64());
        Ok(())
    }
}
