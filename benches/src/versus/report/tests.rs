//! The page as text. How it looks in a browser is tested in benches/tests/report.rs.

use std::cell::RefCell;

use html5ever::tendril::TendrilSink;
use markup5ever_rcdom::{Handle, NodeData, RcDom};

use super::*;
use crate::versus::rows::{Column, Placement, Row};

fn full() -> Results {
    serde_json::from_str(include_str!("../../../tests/report/full.json")).expect("Results")
}

fn short() -> Results {
    serde_json::from_str(include_str!("../../../tests/report/short.json")).expect("Results")
}

/// What a run without DPDK finds.
fn alone(mut results: Results) -> Results {
    results.dpdk = None;
    for row in &mut results.rows {
        (row.dpdk, row.ratio, row.paired) = (None, None, None);
        row.columns.retain(|column, _| !column.is_dpdk());
        row.columns.values_mut().for_each(|figures| figures.ratio = None);
    }
    for rate in &mut results.rates {
        (rate.dpdk_mpps, rate.paired) = (None, None);
    }
    results.latencies.retain(|latency| !latency.column.is_dpdk());
    results.starts.retain(|start| !start.column.is_dpdk());
    results.notes.push("DPDK is not here: as root, apt-get install libdpdk-dev".into());
    results
}

fn empty() -> Results {
    Results {
        rows: Vec::new(),
        rates: Vec::new(),
        latencies: Vec::new(),
        starts: Vec::new(),
        ..alone(short())
    }
}

fn text(results: &Results) -> String {
    page(results).expect("JSON").into_string()
}

/// The page as a browser's parser has it, which found nothing wrong with it.
fn parsed(page: &str) -> RcDom {
    let dom = html5ever::parse_document(RcDom::default(), Default::default()).one(page);
    assert_eq!(*dom.errors.borrow(), Vec::<std::borrow::Cow<str>>::new());
    dom
}

/// Elements of that name, anywhere below, in their order.
fn elements(node: &Handle, name: &str) -> Vec<Handle> {
    let mut found = Vec::new();
    for child in node.children.borrow().iter() {
        if matches!(&child.data, NodeData::Element { name: its, .. } if &*its.local == name) {
            found.push(child.clone());
        }
        found.extend(elements(child, name));
    }
    found
}

/// All text below a node.
fn content(node: &Handle) -> String {
    match &node.data {
        NodeData::Text { contents } => contents.borrow().to_string(),
        _ => node.children.borrow().iter().map(content).collect(),
    }
}

fn attribute(node: &Handle, name: &str) -> Option<String> {
    let NodeData::Element { attrs, .. } = &node.data else { return None };
    let attrs: &RefCell<_> = attrs;
    attrs.borrow().iter().find(|attr| &*attr.name.local == name).map(|attr| attr.value.to_string())
}

#[test]
fn each_page_is_well_formed() {
    for results in [full(), short(), alone(full()), alone(short()), empty()] {
        let dom = parsed(&text(&results));
        assert_eq!(elements(&dom.document, "h1").len(), 1);
        let ids: Vec<_> =
            elements(&dom.document, "h2").iter().map(|heading| attribute(heading, "id")).collect();
        assert!(ids.iter().all(Option::is_some), "{ids:?}");
    }
}

#[test]
fn every_row_shows_up() {
    for results in [full(), short(), alone(full())] {
        let dom = parsed(&text(&results));
        let tables = elements(&dom.document, "tbody");
        assert_eq!(elements(&tables[0], "tr").len(), results.rows.len());
        let lines = elements(&tables[0], "tr");
        for (line, row) in lines.iter().zip(&results.rows) {
            let line: Vec<String> = elements(line, "td").iter().map(content).collect();
            assert!(line[0].starts_with(row.mode.name()), "{line:?}");
            let has = |value: String| assert!(line.contains(&value), "{value} in {line:?}");
            has(words::figure(row.ours.min));
            has(words::figure(row.ours.p25));
            has(words::maybe(row.ratio));
            has(words::maybe(row.paired.map(|paired| paired.median)));
            // What is not as in most rows stands with the work.
            let otherwise =
                |is: bool, word: String| assert_eq!(line[0].contains(&word), is, "{line:?}");
            otherwise(row.burst != 32, format!("burst {}", row.burst));
            otherwise(row.ring != 512, format!("ring {}", row.ring));
            otherwise(row.vfs != 1, format!("{} VF", row.vfs));
            otherwise(row.queues != 1, format!("{} queue pair", row.queues));
            otherwise(row.placement != Placement::Local, row.placement.to_string());
            if let Some(dpdk) = &row.dpdk {
                has(words::figure(dpdk.min));
                has(dpdk.column.to_string());
            }
        }
    }
}

#[test]
fn every_column_of_a_row_shows_up() {
    for results in [full(), short(), alone(full())] {
        let dom = parsed(&text(&results));
        let lines: Vec<String> = elements(&dom.document, "tr").iter().map(content).collect();
        for row in &results.rows {
            for figures in row.columns.values() {
                let (min, p25) = (words::figure(figures.min), words::figure(figures.p25));
                let has = |line: &String| line.contains(&min) && line.contains(&p25);
                assert!(lines.iter().any(has), "{figures:?} in {lines:?}");
            }
        }
    }
}

#[test]
fn what_else_was_measured_shows_up() {
    let results = full();
    let page = text(&results);
    for rate in &results.rates {
        assert!(page.contains(&words::figure(rate.ours_mpps)));
    }
    for latency in &results.latencies {
        assert!(page.contains(&words::figure(latency.p999)));
    }
    for start in &results.starts {
        assert!(page.contains(&words::figure(start.first_packet_ms)));
    }
    for note in &results.notes {
        assert!(page.contains(note));
    }
    for function in ["ixgbe_recv_pkts_vec", "ixgbe_recv_pkts_bulk_alloc", "ixgbe_xmit_pkts"] {
        assert!(page.contains(function));
    }
    assert!(page.contains(&results.machine.cpu) && page.contains("DPDK 22.11.11"));
}

#[test]
fn it_says_what_the_figures_are_not() {
    for results in [full(), alone(short()), empty()] {
        let page = text(&results);
        for words in
            ["A software device.", "no PCIe and no MMIO", "nothing here was run on silicon"]
        {
            assert!(page.contains(words), "{words}");
        }
    }
}

#[test]
fn the_headline_compares() {
    let page = text(&short());
    assert!(page.contains("That is 0.25 of DPDK's cycles"), "{page}");
    let mut slower = short();
    slower.rows.iter_mut().for_each(|row| row.ratio = Some(1.3));
    let page = text(&slower);
    assert!(page.contains("1.30 times DPDK's cycles"));
    assert!(!page.contains("is done with"));
}

#[test]
fn without_dpdk_it_speaks_of_ours_alone() {
    let page = text(&alone(full()));
    assert!(page.contains("DPDK did not run"));
    assert!(page.contains("apt-get install libdpdk-dev"));
    let dom = parsed(&page);
    for plot in elements(&dom.document, "svg") {
        let about = attribute(&plot, "aria-label").unwrap_or_default();
        assert!(!about.contains("DPDK"), "{about}");
    }
    assert_eq!(elements(&dom.document, "polyline").len(), 5);
}

#[test]
fn failures_come_first() {
    let mut results = short();
    assert!(!text(&results).contains("What failed"));
    results.failures = vec!["tx at burst 32: 7 frames were lost".into()];
    let page = text(&results);
    let failure = page.find("7 frames were lost").expect("the failure");
    assert!(failure < page.find("<main").expect("the rest"));
}

#[test]
fn sweeps_are_drawn_where_there_are_any() {
    let drawn = |results| elements(&parsed(&text(&results)).document, "polyline").len();
    assert_eq!(drawn(short()), 0);
    // Burst, ring, size, queues and VFs, with barline and DPDK's best each.
    assert_eq!(drawn(full()), 5 * 2);
}

#[test]
fn whatever_is_in_the_data_stays_text() {
    const NASTY: &str =
        "</script></style></svg><script>alert(1)</script><img src=x onerror=alert(1)>\"'&lt;";
    let mut results = full();
    results.machine.cpu = NASTY.into();
    results.machine.kernel = NASTY.into();
    results.simd = NASTY.into();
    results.notes.push(NASTY.into());
    results.failures.push(NASTY.into());
    results.dpdk.as_mut().expect("DPDK").version = NASTY.into();
    results.starts[0].what = NASTY.into();
    let each = |row: &mut Row| {
        row.dpdk.iter_mut().for_each(|dpdk| dpdk.functions = NASTY.into());
        let columns = row.columns.values_mut();
        columns
            .for_each(|figures| figures.functions = figures.functions.take().map(|_| NASTY.into()));
    };
    results.rows.iter_mut().for_each(each);
    let page = text(&results);
    let dom = parsed(&page);
    assert!(elements(&dom.document, "script").is_empty());
    assert!(elements(&dom.document, "img").is_empty());
    assert_eq!(elements(&dom.document, "style").len(), 1);
    // Nine places at least, each whole.
    assert!(content(&dom.document).matches(NASTY).count() >= 9);
}

#[test]
fn it_refers_to_nothing_outside() {
    for results in [full(), alone(short())] {
        let page = text(&results);
        for outside in
            ["http:", "https:", "//", "src=", "url(", "@import", "<link", "<script", "<iframe"]
        {
            assert!(
                !page.replace("data:application/json;base64,", "").contains(outside)
                    || outside == "//",
                "{outside}"
            );
        }
        let dom = parsed(&page);
        for link in elements(&dom.document, "a") {
            let target = attribute(&link, "href").expect("a target");
            assert!(
                target.starts_with('#') || target.starts_with("data:application/json;base64,"),
                "{target}"
            );
        }
    }
}

#[test]
fn the_figures_are_in_it_as_they_are() {
    let results = full();
    let dom = parsed(&text(&results));
    let read = content(&elements(&dom.document, "pre")[0]);
    assert_eq!(serde_json::from_str::<Results>(&read).expect("JSON"), results);
    let link = elements(&dom.document, "a").iter().find_map(|link| {
        attribute(link, "href")?.strip_prefix("data:application/json;base64,").map(String::from)
    });
    let saved =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, link.expect("a link"));
    let saved = serde_json::from_slice::<Results>(&saved.expect("base64")).expect("JSON");
    assert_eq!(saved, results);
}

#[test]
fn letters_are_large_enough_for_a_phone() {
    for size in STYLE.match_indices("px").filter_map(|(end, _)| {
        let before = &STYLE[..end];
        let start = before.rfind(|c: char| !c.is_ascii_digit())? + 1;
        let property = before[..start].trim_end();
        (property.ends_with("font-size:") || property.ends_with("font:"))
            .then(|| before[start..].parse::<u32>())
    }) {
        assert!(size.expect("a number") >= 14);
    }
    assert!(text(&short()).contains("width=device-width"));
}

#[test]
fn a_page_is_written_and_replaced() {
    let directory = tempfile::tempdir().expect("a directory");
    let dir = directory.path().join("new").join("one");
    let path = write(&dir, &short()).expect("written");
    assert_eq!(path, dir.join("versus.html"));
    assert_eq!(write(&dir, &full()).expect("written again"), path);
    assert_eq!(std::fs::read_to_string(&path).expect("a page"), text(&full()));
}

#[test]
fn what_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let error = write(&file.join("below"), &short()).expect_err("no directory").to_string();
    assert!(error.starts_with(&format!("{}", file.join("below").display())), "{error}");
    std::fs::create_dir(directory.path().join(FILE)).expect("a directory");
    let error = write(directory.path(), &short()).expect_err("no file").to_string();
    assert!(error.contains(FILE), "{error}");
}

#[test]
fn a_run_of_one_row_has_a_page() {
    let mut results = short();
    results.rows.truncate(1);
    results.rows[0].columns.remove(&Column::Vector);
    parsed(&text(&results));
}
