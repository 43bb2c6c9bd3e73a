//! How many instructions the rings take for a frame, counted by valgrind's callgrind, and that they do not
//! grow: see docs/testing.md. A version of rustc has a baseline of its own in `benches/counted/baselines`.
//!
//! Counts are the same at each run, whatever else the machine does: valgrind shows the same CPU to the
//! program everywhere, which has AVX2 and no AVX-512, so that the path by AVX-512 cannot be counted.
#![cfg(target_arch = "x86_64")]

mod baseline;
mod callgrind;

use std::path::Path;
use std::sync::LazyLock;

use baseline::{Baseline, Figures, RENEW};
use callgrind::Counted;

/// The paths that valgrind can run.
const PATHS: [&str; 2] = ["plain", "avx2"];

/// What is counted on each: a way of using the rings, and packets in a burst.
const MODES: [(&str, usize); 5] =
    [("rx", 32), ("tx", 32), ("fwd", 32), ("fwd", 4), ("fwd_offload", 32)];

/// The program, which is built when it is first asked for.
static COUNTED: LazyLock<Counted> = LazyLock::new(Counted::build);

/// Instructions for a frame, by path, mode and burst.
fn count() -> Figures {
    let all = PATHS.iter().flat_map(|path| MODES.map(|(mode, burst)| (path, mode, burst)));
    all.map(|(path, mode, burst)| {
        let figure = COUNTED.per_frame(path, mode, burst);
        (format!("{path}/{mode}/{burst}"), figure.unwrap_or_else(|error| panic!("{error}")))
    })
    .collect()
}

#[test]
fn a_frame_takes_no_more_instructions_than_before() {
    let figures = count();
    let baseline = Baseline::of(Path::new(env!("CARGO_MANIFEST_DIR")), &baseline::rustc());
    if std::env::var_os(RENEW).is_some() {
        return baseline.write(&figures);
    }
    let compared = baseline.read().and_then(|was| baseline::compare(&was, &figures));
    let profiles = COUNTED.profiles.display();
    compared.unwrap_or_else(|complaint| {
        panic!(
            "{complaint}\nwhere they are spent: callgrind_annotate {profiles}/PATH-MODE-BURST.out"
        )
    });
}

#[test]
fn counts_repeat_to_the_instruction() {
    let [first, second] = [0; 2].map(|_| COUNTED.per_frame("plain", "fwd", 16).unwrap());
    assert_eq!(first, second);
    // A frame cannot be forwarded by fewer, and nobody would by more.
    assert!((5.0..1000.0).contains(&first), "{first}");
}

#[test]
fn what_cannot_be_counted_is_told() {
    let error = COUNTED.per_frame("plain", "sideways", 32).unwrap_err();
    assert!(error.contains("mode `sideways`: expected rx, tx, fwd or fwd_offload"), "{error}");
}
