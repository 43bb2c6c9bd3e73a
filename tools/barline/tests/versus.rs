//! `barline versus` as a user runs it, for as short as it goes. What is fast and what is slow is no test's
//! affair: these see that it measures what it says, beside DPDK and without, and leaves nothing behind.
//!
//! They want libdpdk, gcc and pkg-config, and hugepages, which they reserve themselves if they are root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Hugepages, until};

/// Hugepages that all of them take who measure at once.
const PAGES: u64 = 256;

/// Rows as short as can be.
const SHORT: &str = "--seconds 0.01";

/// What stands in for `/`: its dev/shm is where runs are.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("dev/shm")).unwrap();
        Place(dir)
    }

    /// `barline versus` with these words.
    fn versus(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_barline"));
        command.arg("--root").arg(self.0.path()).arg("versus").args(words.split_whitespace());
        command.env_remove("RUST_LOG");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The same on a machine without libdpdk.
    fn alone(&self, words: &str) -> Command {
        let mut command = self.versus(words);
        command.env("PKG_CONFIG_LIBDIR", "/nonexistent").env_remove("PKG_CONFIG_PATH");
        command
    }

    /// What there is of runs.
    fn runs(&self) -> Vec<PathBuf> {
        let runs = fs::read_dir(self.0.path().join("dev/shm")).unwrap();
        runs.map(|entry| entry.unwrap().path()).collect()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The one object of a run that ends well.
fn object(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", stderr(&output));
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["failures"], serde_json::json!([]), "nothing was lost");
    object
}

/// The row of 64 bytes, one queue of 512 descriptors and one VF.
fn row<'o>(object: &'o Value, mode: &str, burst: u64, placement: &str) -> Option<&'o Value> {
    let mut rows = object["rows"].as_array().unwrap().iter().filter(|row| {
        row["mode"] == mode && row["burst"] == burst && row["placement"] == placement
    });
    let found = rows.next();
    assert!(rows.next().is_none(), "one row for {mode}, {burst}, {placement}");
    if let Some(row) = found {
        let about = ["size", "ring", "queues", "vfs"].map(|key| row[key].as_u64());
        assert_eq!(about, [Some(64), Some(512), Some(1), Some(1)], "{row}");
    }
    found
}

/// A minimum and a 25th percentile, as they can be.
fn figures(of: &Value) -> (f64, f64) {
    let figure = |key: &str| of[key].as_f64().unwrap_or_else(|| panic!("no {key}: {of}"));
    let (min, p25) = (figure("min"), figure("p25"));
    assert!(0.0 < min && min <= p25 && p25 < 1e9, "{of}");
    (min, p25)
}

/// The rows that there always are; one takes a second core.
fn rows(object: &Value) -> Vec<&Value> {
    let mut wanted = vec![
        ("rx", 32, "local"),
        ("tx", 32, "local"),
        ("fwd", 32, "local"),
        ("fwd_mac", 32, "local"),
        ("fwd_offload", 32, "local"),
        ("fwd", 4, "local"),
        ("fwd", 32, "cold"),
    ];
    if barline::cores::allowed().len() > 1 {
        wanted.push(("fwd", 32, "remote"));
    }
    let found = wanted.iter().map(|(mode, burst, placement)| {
        let row = row(object, mode, *burst, placement);
        row.unwrap_or_else(|| panic!("{mode}, {burst}, {placement}: {object}"))
    });
    found.collect()
}

#[test]
fn beside_dpdk_each_row_has_both_and_their_ratio() {
    let _pages = Hugepages::free(PAGES);
    let object = object(&mut Place::new().versus(&format!("{SHORT} --json")));
    for row in rows(&object) {
        let (ours, _) = figures(&row["ours"]);
        let (dpdk, _) = figures(&row["dpdk"]);
        let ratio = row["ratio"].as_f64().unwrap();
        assert!((ratio - ours / dpdk).abs() < 1e-9, "{row}");
        let paired = &row["paired"];
        let [p10, median, p90] = ["p10", "median", "p90"].map(|key| paired[key].as_f64().unwrap());
        assert!(0.0 < p10 && p10 <= median && median <= p90, "{row}");
        assert!(paired["pairs"].as_u64().unwrap() >= 1, "{row}");
        let columns: &[(&str, &str)] = match row["mode"].as_str().unwrap() {
            "fwd_offload" => &[("full", "ixgbe_xmit_pkts")],
            _ => &[
                ("vector", "ixgbe_xmit_pkts_vec"),
                ("scalar", "ixgbe_xmit_pkts_simple"),
                ("full", "ixgbe_xmit_pkts"),
            ],
        };
        for (column, function) in columns {
            let column = &row["columns"][column];
            figures(column);
            let functions = column["functions"].as_str().unwrap();
            assert!(functions.split(", ").any(|name| name == *function), "{column}");
        }
        let functions = row["dpdk"]["functions"].as_str().unwrap();
        assert!(functions.contains("ixgbe_recv_pkts"), "{row}");
    }
    assert!(object["dpdk"]["version"].as_str().unwrap().starts_with("DPDK "), "{object}");
    for column in ["ours", "vector", "scalar", "full"] {
        let starts = object["starts"].as_array().unwrap();
        let start = starts.iter().find(|start| start["column"] == column);
        let start = start.unwrap_or_else(|| panic!("{column}: {object}"));
        assert!(start["first_packet_ms"].as_f64().unwrap() > 0.0, "{start}");
        assert!(start["resident_kib"].as_u64().unwrap() > 1000, "{start}");
    }
    let machine = &object["machine"];
    assert!(machine["tsc_hz"].as_u64().unwrap() > 1_000_000, "{machine}");
    assert!(machine["hugepages"].as_u64().unwrap() >= PAGES, "{machine}");
}

#[test]
fn without_libdpdk_it_says_what_to_install_and_measures_ours() {
    let place = Place::new();
    let output = place.alone(&format!("{SHORT} --json")).output().unwrap();
    let said = stderr(&output);
    assert!(said.contains("there is no libdpdk") && said.contains("apt-get install"), "{said}");
    let object = object(&mut place.alone(&format!("{SHORT} --json")));
    assert!(object["dpdk"].is_null());
    for row in rows(&object) {
        figures(&row["ours"]);
        assert!(
            row["dpdk"].is_null() && row["ratio"].is_null() && row["paired"].is_null(),
            "{row}"
        );
        let columns = row["columns"].as_object().unwrap();
        assert!(columns.keys().all(|column| column.starts_with("ours_")), "{row}");
    }
    let notes = object["notes"].to_string();
    assert!(notes.contains("DPDK was not measured: there is no libdpdk"), "{notes}");
    assert!(place.runs().is_empty());
}

#[test]
fn people_get_a_table_and_plain_words_and_a_page_if_they_want_one() {
    let _pages = Hugepages::free(PAGES);
    let place = Place::new();
    let page = place.0.path().join("report");
    let output = place.versus(&format!("{SHORT} --report")).arg(&page).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    for words in [
        "DPDK vector",
        "scalar",
        "full-featured",
        "paired ratio",
        "fwd_offload, burst 32",
        "No PCIe and no MMIO cost is in these figures",
        "Nothing here was run on silicon",
        "Neither side rings its doorbells with MOVDIRI",
        "ixgbe_recv_pkts_vec, ixgbe_xmit_pkts_vec",
    ] {
        let lines = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(lines.contains(words), "{words}: {text}");
    }
    assert!(stderr(&output).contains("versus: fwd, burst 4 ("), "{}", stderr(&output));
    let page = fs::read_to_string(page.join("versus.html")).unwrap();
    assert!(page.contains("fwd_offload"), "the figures are in it");
    assert!(place.runs().is_empty());
}

#[test]
fn on_one_core_what_takes_two_is_left_out_and_said() {
    let first = barline::cores::allowed()[0];
    let object = object(&mut Place::new().alone(&format!("{SHORT} --json --cores {first}")));
    assert!(row(&object, "fwd", 32, "local").is_some());
    assert!(row(&object, "fwd", 32, "remote").is_none());
    assert!(object["notes"].to_string().contains("One core: nothing that takes two"), "{object}");
}

#[test]
fn wrong_usage_is_told_with_what_is_allowed() {
    for (words, told) in [
        ("--seconds 0", "expected seconds, 0.01 to 3600"),
        ("--seconds nan", "expected seconds, 0.01 to 3600"),
        ("--cores 100000", "--cores 100000: this process may use"),
        ("--cores one", "'one'"),
        ("--cores 0,0", "--cores 0,0: name one core"),
        ("sideways", "'sideways'"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_barline"));
        let output = command.arg("versus").args(words.split_whitespace()).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words}: {said}");
        assert!(output.stdout.is_empty() && said.contains(told), "{words}: {said}");
        assert!(said.contains("(see `barline versus --help`)"), "{words}: {said}");
    }
}

/// A measurement that does not end by itself, with the children that it has by now.
fn under_way(command: &mut Command) -> (Child, Vec<Pid>) {
    let mut parent = command.spawn().unwrap();
    let file = format!("/proc/{0}/task/{0}/children", parent.id());
    let mut children = Vec::new();
    until("two children that measure", || {
        if let Some(status) = parent.try_wait().unwrap() {
            panic!("it has ended: {status}");
        }
        let pids = fs::read_to_string(&file).unwrap_or_default();
        children = pids.split_whitespace().map(|pid| Pid::from_raw(pid.parse().unwrap())).collect();
        children.len() >= 2
    });
    (parent, children)
}

fn is_there(pid: &Pid) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn ctrl_c_ends_it_and_nothing_is_left() {
    let place = Place::new();
    let (parent, children) = under_way(&mut place.alone("--seconds 1000"));
    kill(Pid::from_raw(parent.id() as i32), Signal::SIGINT).unwrap();
    let output = parent.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty() && said.contains("stopped before its end"), "{said}");
    until("the children's end", || !children.iter().any(is_there));
    assert!(place.runs().is_empty(), "{:?}", place.runs());
}

#[test]
fn a_child_that_dies_is_named() {
    let place = Place::new();
    let (parent, children) = under_way(&mut place.alone("--seconds 1000"));
    kill(children[0], Signal::SIGKILL).unwrap();
    let output = parent.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("barline: versus: ours: ") && said.contains("signal: 9"), "{said}");
    until("the children's end", || !children.iter().any(is_there));
    assert!(place.runs().is_empty(), "{:?}", place.runs());
}

#[test]
fn when_it_is_killed_its_children_go_and_the_next_one_removes_the_rest() {
    let place = Place::new();
    let (mut parent, children) = under_way(&mut place.alone("--seconds 1000"));
    kill(Pid::from_raw(parent.id() as i32), Signal::SIGKILL).unwrap();
    parent.wait().unwrap();
    until("the children's end", || !children.iter().any(is_there));
    assert!(!place.runs().is_empty(), "nobody had the time");
    object(&mut place.alone(&format!("{SHORT} --json")));
    assert!(place.runs().is_empty(), "{:?}", place.runs());
}
