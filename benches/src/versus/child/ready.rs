//! The first packet.

use std::fs;
use std::time::{Duration, Instant};

use super::ChildError;
use super::device::Device;
use super::lanes::Lanes;
use crate::versus::protocol::Ready;

/// How long it may take to come.
const LIMIT: Duration = Duration::from_secs(10);

/// Has the device deliver until a packet has come, and says what there is then. The clock's frequency is
/// left open.
pub(super) fn first_packet(
    lanes: &mut Lanes,
    device: &Device,
    begun: Instant,
) -> Result<Ready, ChildError> {
    let mut batch = lanes.pool.batch(32);
    let lane = lanes.lanes.first_mut().ok_or_else(|| ChildError::Order("no VF is named".into()))?;
    while lane.rx.poll(&mut batch) == 0 {
        if begun.elapsed() > LIMIT {
            let limit = LIMIT.as_secs();
            return Err(ChildError::Order(format!("no packet has come within {limit} s")));
        }
        device.feed(1)?;
    }
    let started_us = begun.elapsed().as_micros() as u64;
    let status = fs::read_to_string("/proc/self/status")?;
    Ok(Ready {
        functions: None,
        simd: Some(lanes.simd.clone()),
        version: None,
        tsc_hz: 0,
        started_us,
        resident_kib: resident(&status),
    })
}

/// What /proc/self/status says is resident, in KiB.
fn resident(status: &str) -> u64 {
    let kib = |key: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let number = line.and_then(|rest| rest.split_ascii_whitespace().next());
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    kib("VmRSS:") + kib("HugetlbPages:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hugepages_are_resident() {
        let status = "Name:\tx\nVmRSS:\t    1200 kB\nRssAnon:\t 1 kB\nHugetlbPages:\t    4096 kB\n";
        assert_eq!(resident(status), 5296);
        assert_eq!(resident("VmRSS:\t 7 kB\n"), 7);
        assert!(resident(&fs::read_to_string("/proc/self/status").unwrap()) > 100);
    }
}
