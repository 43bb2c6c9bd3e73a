//! The report as a reader has it: in a browser, on a phone and on a desk, in light and dark. What a probe
//! within the page looks at is in `probe.js`.
//!
//! It wants Chromium: as root `apt-get install chromium`.

mod browser;

use barline_benches::versus::report;
use barline_benches::versus::rows::{Column, Results};
use browser::{Look, wrong};

const PHONE: Look = Look { width: 390, height: 844, dark: false };
const SMALL: Look = Look { width: 360, height: 640, dark: true };
const DESK: Look = Look { width: 1280, height: 900, dark: false };

fn full() -> Results {
    serde_json::from_str(include_str!("full.json")).expect("Results")
}

fn short() -> Results {
    serde_json::from_str(include_str!("short.json")).expect("Results")
}

/// As it is where DPDK is not installed.
fn alone() -> Results {
    let mut results = full();
    results.dpdk = None;
    for row in &mut results.rows {
        (row.dpdk, row.ratio, row.paired) = (None, None, None);
        row.columns.retain(|column, _| !column.is_dpdk());
    }
    results
}

/// The page that is written for these, as text.
fn page(results: &Results) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    let path = report::write(dir.path(), results).expect("a page");
    std::fs::read_to_string(path).expect("a page")
}

#[track_caller]
fn looks_right(page: &str, look: Look, plots: usize) {
    let wrong = wrong(page, look, plots);
    assert!(wrong.is_empty(), "{look:?}:\n{}", wrong.join("\n"));
}

#[test]
fn on_a_phone() {
    // Each work, ratios, placements of three works, narrower instructions; five sweeps.
    let page = page(&full());
    looks_right(&page, PHONE, 11);
    looks_right(&page, Look { dark: true, ..PHONE }, 11);
}

#[test]
fn on_a_small_phone() {
    looks_right(&page(&short()), SMALL, 4);
}

#[test]
fn on_a_desk() {
    let page = page(&full());
    looks_right(&page, DESK, 11);
    looks_right(&page, Look { dark: true, ..DESK }, 11);
}

#[test]
fn without_dpdk() {
    looks_right(&page(&alone()), PHONE, 10);
}

#[test]
fn with_words_that_do_not_end() {
    let mut results = full();
    let endless = "endless".repeat(60);
    results.machine.cpu = endless.clone();
    results.machine.kernel = endless.clone();
    results.simd = endless.clone();
    results.notes.push(endless.clone());
    results.failures.push(endless.clone());
    results.starts[0].what = endless.clone();
    for row in &mut results.rows {
        row.columns.values_mut().for_each(|figures| figures.functions = Some(endless.clone()));
    }
    results.dpdk.as_mut().expect("DPDK").version = endless;
    looks_right(&page(&results), PHONE, 11);
}

#[test]
fn with_figures_far_from_those_expected() {
    let mut results = full();
    for (n, row) in results.rows.iter_mut().enumerate() {
        row.ours.min *= 10f64.powi(n as i32 % 7 - 2);
        for (column, figures) in &mut row.columns {
            figures.min *= if *column == Column::Scalar { 1e4 } else { 0.01 };
        }
        row.paired.iter_mut().for_each(|paired| paired.p90 = 40.0);
    }
    looks_right(&page(&results), PHONE, 11);
}

/// That the probe finds what it is there for.
#[test]
fn what_is_broken_is_found() {
    let page = page(&short());
    let broken = |from: &str, to: &str, finding: &str| {
        assert!(page.contains(from), "{from}");
        let wrong = wrong(&page.replace(from, to), PHONE, 4).join("\n");
        assert!(wrong.contains(finding), "{to}: {wrong}");
    };
    broken("<main>", "<main><p style=\"width:600px\">wide</p>", "the page has a width of 6");
    broken("svg text { font-size: 14px;", "svg text { font-size: 9px;", "letters of 9 pixels");
    broken("--ink: #1b1f24;", "--ink: #d0d0d0;", "contrast 1.");
    broken("<main>", "<main><script>alert(1)</script>", "script-src");
    broken("<main>", "<main><img src=\"http://127.0.0.1:9/a.png\">", "img-src");
    broken("text class=\"value\"", "text class=\"value\" dy=\"18\"", "overlap: ");
    broken("text class=\"value\"", "text class=\"value\" dx=\"250\"", "cut off: ");
}
