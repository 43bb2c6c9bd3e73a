//! What our driver does.

use std::ffi::OsStr;
use std::fs;
use std::thread;
use std::time::Duration;

use barline::dma::{PagePreference, PageSize};
use barline::{Config, Port};
use softvfio::topology;

use crate::inside::{inside_with, tell};
use crate::normal::items;
use crate::phase::{Listings, Phase};
use crate::trace::{self, VARIABLE};
use crate::{OPTIONS, VF};

/// How long a port gets after a phase for what its watcher has to do: it looks every 100 ms.
const SETTLE: Duration = Duration::from_millis(350);

/// Records all phases; `test` is the calling test's name. `None` in the program that is
/// recorded.
pub fn recorded(test: &str) -> Option<Listings> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("trace");
    let mut ends = Vec::new();
    let body = || live(&topology::vf_address(VF));
    let heard = |_: &mut _, word: &str| ends.push(word.parse::<usize>().unwrap());
    let environment: [(&str, &OsStr); 1] = [(VARIABLE, file.as_ref())];
    if !inside_with(test, OPTIONS, &environment, body, heard) {
        return None;
    }
    let text = fs::read_to_string(&file).unwrap();
    let mut begin = 0;
    let phases = Phase::ALL.into_iter().zip(ends);
    let listings: Listings = phases
        .map(|(phase, end)| {
            let events = trace::events(&text[begin..end], VF);
            begin = end;
            (phase, items(&events))
        })
        .collect();
    assert_eq!(listings.len(), Phase::ALL.len());
    Some(listings)
}

/// Goes through all phases, and tells where in the trace each ends.
fn live(address: &str) {
    let over = || {
        thread::sleep(SETTLE);
        let file = std::env::var_os(VARIABLE).unwrap();
        tell(&fs::metadata(file).unwrap().len().to_string());
    };
    let config = Config { pages: PagePreference::Only(PageSize::Ordinary), ..Config::default() };
    let mut port = Port::open_with(address, config.clone()).unwrap();
    over();
    let queues = port.start().unwrap();
    over();
    drop(queues);
    over();
    drop(port);
    let _port = Port::open_with(address, config).unwrap();
    over();
}
