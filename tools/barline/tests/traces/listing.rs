//! The checked-in listings of what our driver does.

use std::fs;
use std::path::PathBuf;

use crate::normal::Item;
use crate::phase::Phase;

/// With this variable the listings are written, not compared.
const WRITE: &str = "BARLINE_WRITE_TRACES";

/// A listing as text, an item a line.
pub fn text(items: &[Item]) -> String {
    items.iter().map(|item| format!("{item}\n")).collect()
}

/// Compares what was recorded in a phase with its listing.
#[track_caller]
pub fn check(phase: Phase, items: &[Item]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = path.join(format!("tests/traces/ours/{phase}.txt"));
    let recorded = text(items);
    if std::env::var_os(WRITE).is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        return fs::write(&path, recorded).unwrap();
    }
    let listed = fs::read_to_string(&path).unwrap_or_default();
    if listed == recorded {
        return;
    }
    let first = listed.lines().zip(recorded.lines()).take_while(|(a, b)| a == b).count();
    panic!(
        "{phase}, from line {} on: listed is {:?}, recorded {:?}. If that is meant, run this test with \
         {WRITE}=1, and look at what has changed. All of it:\n{recorded}",
        first + 1,
        listed.lines().nth(first),
        recorded.lines().nth(first)
    );
}
