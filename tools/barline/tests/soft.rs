//! `barline bench` on a software adapter, which needs nothing of the machine.

mod run;

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use barline::cores;
use run::{Running, bench, checked, figures};
use serde_json::Value;

/// One test at a time: each wants all cores.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Traffic flows, none of it is lost, and the device has counted what its driver has.
fn assert_lossless(figures: &Value) {
    assert!(figures["packets"].as_u64() > Some(100), "hardly anything: {figures}");
    assert_eq!(figures["drops"], 0, "{figures}");
    assert_eq!(figures["device_packets"], figures["packets"], "{figures}");
}

/// Waits until figures are shown.
fn wait_for_figures(stderr: &mut impl BufRead) {
    let shown = stderr.lines().map(Result::unwrap).find(|line| line.contains(" drops"));
    assert!(shown.is_some(), "it has ended");
}

#[test]
fn without_a_word_it_forwards_what_a_generator_sends() {
    let _alone = alone();
    let figures = figures("--seconds 0.5");
    assert_lossless(&figures);
    assert_eq!((&figures["device"], &figures["mode"]), (&"soft".into(), &"fwd".into()));
    assert_eq!((&figures["size"], &figures["burst"]), (&64.into(), &32.into()));
    assert!(figures["elapsed_s"].as_f64() >= Some(0.5), "{figures}");
    let burst = figures["mean_burst"].as_f64().unwrap();
    assert!((1.0..=32.0).contains(&burst), "{burst} frames");
    assert!((0.0..=1.0).contains(&figures["idle"].as_f64().unwrap()), "{figures}");
    if cfg!(target_arch = "x86_64") {
        assert!(figures["cycles_per_packet"].as_f64().unwrap() > 1.0, "{figures}");
    }
}

#[test]
fn each_mode_is_lossless_at_each_size() {
    let _alone = alone();
    for (words, size) in [
        ("rx", 64),
        ("tx", 64),
        ("rx --size 128", 128),
        ("fwd --vf soft:size=1518", 1518),
        ("rx --size 9018 --burst 8", 9018),
        ("fwd --vf soft:vfs=4,vf=3,size=9018", 9018),
        ("tx --size 9018 --burst 1", 9018),
        ("tx --vf soft:size=64", 64),
        ("tx --vf soft:uplink=loop --size 1518", 1518),
    ] {
        let figures = figures(&format!("{words} --seconds 0.3"));
        assert_lossless(&figures);
        assert_eq!(figures["size"], size, "{words}: {figures}");
    }
}

#[test]
fn every_generation_and_a_mix_of_sizes() {
    let _alone = alone();
    for model in ["82599", "x540", "x550", "x552", "x553", "e610"] {
        let figures = figures(&format!("fwd --vf soft:model={model},size=imix --seconds 0.2"));
        assert_lossless(&figures);
        // 7 of 64 bytes, 4 of 594, 1 of 1518: 361.8 on average.
        let mean = figures["size"].as_u64().unwrap();
        assert!((340..=385).contains(&mean), "{mean} bytes on average");
    }
}

#[test]
fn a_queue_for_each_core() {
    let _alone = alone();
    let queues = cores::allowed().len().min(4);
    let figures = figures(&format!("fwd --queues {queues} --seconds 0.3"));
    assert_lossless(&figures);
    assert_eq!(figures["cores"], Value::from(&cores::allowed()[..queues]), "{figures}");
    // None is left for the adapter.
    assert_eq!(figures["shared_core"], Value::from(queues == cores::allowed().len()), "{figures}");
}

#[test]
fn on_one_core_it_works_and_says_that_figures_suffer() {
    let _alone = alone();
    let output = std::thread::spawn(|| {
        // A child may use what its parent may.
        cores::pin(cores::allowed()[0]).unwrap();
        bench("--seconds 0.3").output().unwrap()
    });
    let output = output.join().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && stdout.contains("figures suffer"), "{stdout}");
    assert!(stdout.contains("  drops       0\n") && !stdout.contains(": 0 packets"), "{stdout}");
}

#[test]
fn an_adapter_that_its_caller_moves() {
    let _alone = alone();
    for mode in ["rx", "tx", "fwd", "latency"] {
        let figures = figures(&format!("{mode} --vf soft:drive=caller --seconds 0.3"));
        assert!(figures["packets"].as_u64() > Some(10), "{mode}: {figures}");
        assert_eq!(figures["drops"], 0, "{mode}: {figures}");
        assert_eq!(
            (&figures["device_core"], &figures["shared_core"]),
            (&Value::Null, &false.into())
        );
    }
}

#[test]
fn latency_from_one_vf_to_the_next() {
    let _alone = alone();
    for words in ["latency", "latency --burst 8 --size 1518", "latency --burst 1 --size 9000"] {
        let figures = figures(&format!("{words} --seconds 0.4"));
        assert!(figures["packets"].as_u64() > Some(10), "{words}: {figures}");
        assert_eq!(figures["drops"], 0, "{words}: {figures}");
        assert_eq!(figures["peer"], "soft:uplink=sink,vf=1");
        let at = |name: &str| figures["latency_ns"][name].as_f64().unwrap();
        let times = ["min", "p50", "p90", "p99", "p99_9", "p99_99", "max"].map(at);
        assert!(times.is_sorted() && times[0] > 0.0, "{words}: {figures}");
        assert!(at("clock") > 0.0, "{words}: {figures}");
        // There is one burst on its way at a time.
        let rounds = figures["packets"].as_f64().unwrap() / figures["burst"].as_f64().unwrap();
        assert!(rounds * times[0] <= 1.01e9 * figures["elapsed_s"].as_f64().unwrap(), "{figures}");
    }
}

#[test]
fn live_lines_on_standard_error_and_a_summary_on_standard_output() {
    let _alone = alone();
    for (words, live, summary) in [("fwd", "Mpps", "packets sent in"), ("latency", "p99", "p99.99")]
    {
        let output = bench(&format!("{words} --seconds 1.3")).output().unwrap();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(output.status.success(), "{stderr}");
        assert!(stderr.starts_with("soft"), "{stderr}");
        assert!(stderr.contains("82599 VF, 02:82:59:90:00:00, link up"), "{stderr}");
        assert!(stderr.contains("for 1.3 s, or until Ctrl-C"), "{stderr}");
        let lines: Vec<_> = stderr.lines().filter(|line| line.contains("drops")).collect();
        assert_eq!(lines.len(), 1, "{stderr}");
        assert!(lines[0].contains(live), "{stderr}");
        assert!(stdout.contains(summary) && stdout.contains("Gbit/s"), "{stdout}");
    }
}

#[test]
fn ctrl_c_ends_it_with_the_figures() {
    let _alone = alone();
    for mode in ["rx", "tx", "fwd", "latency"] {
        let mut running =
            Running::start(&mut bench(&format!("{mode} --json --live --seconds 600")));
        let mut stderr = BufReader::new(running.stderr());
        wait_for_figures(&mut stderr);
        running.interrupt();
        let figures = checked(running.output());
        assert!(figures["elapsed_s"].as_f64() < Some(60.0), "{figures}");
        assert_eq!((&figures["mode"], &figures["drops"]), (&mode.into(), &0.into()));
    }
}

#[test]
fn a_second_ctrl_c_ends_it_at_once() {
    let _alone = alone();
    // What is in the ring takes half a minute to go out at this rate.
    let words = "tx --vf soft:uplink=sink,rate=1 --size 9018 --live --seconds 600";
    let mut running = Running::start(&mut bench(words));
    wait_for_figures(&mut BufReader::new(running.stderr()));
    running.interrupt();
    std::thread::sleep(std::time::Duration::from_millis(200));
    running.interrupt();
    let output = running.output();
    assert_eq!(output.status.signal(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
}

#[test]
fn a_vf_that_another_process_drives_is_refused() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let device = format!("soft:share={}/adapter,uplink=sink", folder.path().display());
    let mut holder = Running::start(&mut bench(&format!("rx --vf {device} --live --seconds 600")));
    wait_for_figures(&mut BufReader::new(holder.stderr()));
    let problem = run::failure(&mut bench(&format!("rx --vf {device} --seconds 1")), 1);
    assert!(problem.contains("in use"), "{problem}");
    // Its other VF is free.
    let figures = figures(&format!("tx --vf {device},vf=1 --seconds 0.3"));
    assert!(figures["packets"].as_u64() > Some(100), "{figures}");
}
