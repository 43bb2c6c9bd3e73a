//! `barline bench` as its user meets it: figures that agree, exit statuses, Ctrl-C, a device that is
//! taken away.

use crate::traffic::{End, Flow};
use crate::vf::{self, Vf};
use crate::{hugepages, sys};
use barline::{Config, MacAddress};
use serde_json::Value;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use vmtest::{Context, Result, bail, ensure};

/// Frames there and back through `fwd`.
const COUNT: u64 = 20_000;

/// What an answer has.
const FIELDS: [&str; 20] = [
    "device",
    "peer",
    "mode",
    "size",
    "burst",
    "queues",
    "cores",
    "device_core",
    "shared_core",
    "packets",
    "device_packets",
    "drops",
    "mpps",
    "gbps",
    "cycles_per_packet",
    "idle",
    "stolen",
    "mean_burst",
    "elapsed_s",
    "latency_ns",
];

/// All of it.
pub fn run() -> Result {
    // Without them there is a warning, and standard error is looked at here.
    hugepages::reserve(32)?;
    let (_pf, vfs) = vf::ready(0, 2)?;
    wrong_usage(&vfs[0])?;
    sent_and_received(&vfs, &[])?;
    sent_and_received(&vfs, &["--size", "9000", "--burst", "1"])?;
    two_queues(&vfs)?;
    there_and_back(&vfs)?;
    latency(&vfs)?;
    text(&vfs[0])?;
    live(&vfs[0])?;
    nobody_reads(&vfs[0])?;
    taken_away(&vfs[0])
}

/// Exit status 2 and one line, with the VF untouched; 1 for what is the device's fault.
fn wrong_usage(vf: &Vf) -> Result {
    for (words, status, told) in [
        ("tx", 2, "--dst MAC"),
        ("tx --dst 00:00:00:00:00:00", 2, "nobody's address"),
        ("rx --dst 02:00:00:00:00:01", 2, "--dst is for tx"),
        ("rx --burst 257", 2, "257 is not in 1..=256"),
        ("rx --size 63", 2, "from 64"),
        ("rx --size 20000", 2, "--size 20000 is not possible: this device takes up to"),
        ("rx --queues 0", 2, "0 is not in 1.."),
        ("rx --queues 3", 2, "--queues"),
        ("rx --cores 0 --queues 2", 2, "name one core for each queue"),
        ("rx --cores 64", 2, "--cores 64: this process may use 0,1"),
        ("latency", 2, "latency needs --peer DEVICE"),
        ("rx --seconds 0", 2, "0.1 or more"),
        ("rx --vf 0000:77:00.0", 1, "no such PCI device"),
    ] {
        let words: Vec<_> = words.split(' ').collect();
        let mut command = Command::new("barline");
        command.args(["bench", "--json"]).args(&words);
        if !words.contains(&"--vf") {
            command.args(["--vf", &vf.bdf]);
        }
        let output = command.output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(status), "{words:?}: {output:?}");
        let one_line = stderr.starts_with("barline: ") && stderr.matches('\n').count() == 1;
        ensure!(one_line && stderr.contains(told), "{words:?}: {stderr}");
        ensure!(output.stdout.is_empty(), "{words:?}: something on standard output");
    }
    vf.unbind()?;
    let output = start(vf, "rx", &["--seconds", "1"])?.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(1) && stderr.contains("barline bind"), "{output:?}");
    vf.bind("vfio-pci")
}

/// One sends, the other receives; as many at most.
fn sent_and_received(vfs: &[Vf], more: &[&str]) -> Result {
    let rx = start(&vfs[1], "rx", &[&["--json", "--cores", "0"], more].concat())?;
    wait_for_open(&vfs[1])?;
    let dst = vfs[1].mac();
    let args = ["--json", "--cores", "1", "--seconds", "2", "--dst", &dst];
    let sent = figures(start(&vfs[0], "tx", &[&args, more].concat())?, &vfs[0], "tx")?;
    rx.interrupt()?;
    let received = figures(rx, &vfs[1], "rx")?;
    println!("sent     {sent}\nreceived {received}");
    let size: u64 = if more.is_empty() { 64 } else { 9000 };
    ensure!(sent["size"] == size, "not {size} bytes");
    // The PF's own frames may be among what came.
    let mean = received["size"].as_u64().context("size")?;
    ensure!(mean.abs_diff(size) <= 8, "{mean} bytes on average");
    ensure!(sent["drops"].is_null() && received["drops"].is_u64(), "drops");
    let packets = |figures: &Value| figures["packets"].as_u64().unwrap_or(0);
    ensure!(packets(&received) > 100, "hardly anything was received");
    ensure!(packets(&received) <= packets(&sent) + 100, "more was received than sent");
    let seconds = sent["elapsed_s"].as_f64().context("elapsed_s")?;
    ensure!((2.0..3.0).contains(&seconds), "{seconds} s");
    Ok(())
}

/// Two queues send at once.
fn two_queues(vfs: &[Vf]) -> Result {
    let args = ["--json", "--queues", "2", "--seconds", "1", "--dst", &vfs[1].mac()];
    let sent = figures(start(&vfs[0], "tx", &args)?, &vfs[0], "tx")?;
    println!("by two queues {sent}");
    ensure!(sent["packets"].as_u64() > Some(100), "hardly anything was sent");
    Ok(())
}

/// What `fwd` sends back is what came, its addresses swapped; nothing is lost in a closed loop.
fn there_and_back(vfs: &[Vf]) -> Result {
    let fwd = start(&vfs[1], "fwd", &["--json", "--cores", "1"])?;
    wait_for_open(&vfs[1])?;
    let mut end = End::open(&vfs[0], Config::default())?;
    let peer = MacAddress(vfs[1].mac_bytes());
    let mut flow = Flow::new(COUNT, |_| 124);
    let (mut out, mut back) = (end.pool.batch(64), end.pool.batch(64));
    let deadline = Instant::now() + Duration::from_secs(60);
    while !flow.is_done() {
        ensure!(Instant::now() < deadline, "the loop stands still");
        flow.send(&mut out, peer, end.mac);
        end.queues.tx[0].push(&mut out);
        end.queues.rx[0].poll(&mut back);
        for frame in back.frames().filter(|frame| frame.data()[12..14] == [0x88, 0xb5]) {
            ensure!(frame.data()[6..12] == peer.0, "not from {peer}: {:02x?}", frame.data());
        }
        flow.receive(&mut back, end.mac)?;
    }
    fwd.interrupt()?;
    let figures = figures(fwd, &vfs[1], "fwd")?;
    println!("returned {figures}");
    let packets = figures["packets"].as_u64().context("packets")?;
    ensure!((COUNT..COUNT + 100).contains(&packets), "{packets} of {COUNT} returned");
    ensure!(figures["size"] == 128 && figures["drops"] == 0, "wrong size, or drops");
    Ok(())
}

/// Each frame that goes from one VF to the other is timed, and none is lost.
fn latency(vfs: &[Vf]) -> Result {
    let args = ["--json", "--seconds", "2", "--peer", &vfs[1].bdf];
    let figures = figures(start(&vfs[0], "latency", &args)?, &vfs[0], "latency")?;
    println!("one way  {figures}");
    ensure!(figures["packets"].as_u64() > Some(10), "hardly anything arrived");
    ensure!(figures["drops"] == 0 && figures["peer"] == vfs[1].bdf.as_str(), "{figures}");
    let names = ["clock", "min", "p50", "p90", "p99", "p99_9", "p99_99", "max"];
    let times = names.map(|name| figures["latency_ns"][name].as_f64());
    ensure!(times[0] > Some(0.0) && times.is_sorted(), "{figures}");
    Ok(())
}

/// Ctrl-C ends it with a summary, exit status 0.
fn text(vf: &Vf) -> Result {
    let rx = start(vf, "rx", &[])?;
    wait_for_open(vf)?;
    rx.interrupt()?;
    let output = rx.output()?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let told = ["82576 VF, ", "link up", "until Ctrl-C"];
    ensure!(told.iter().all(|part| stderr.contains(part)), "{stderr}");
    for part in [format!("{} rx: ", vf.bdf).as_str(), "packets received in", "Mpps", "drops"] {
        ensure!(stdout.contains(part), "no {part:?} in: {stdout}");
    }
    print!("{stdout}");
    Ok(())
}

/// A line a second on standard error, and only the JSON on standard output.
fn live(vf: &Vf) -> Result {
    let output = start(vf, "rx", &["--json", "--live", "--seconds", "2.5"])?.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines = stderr.lines().filter(|line| line.contains("Mpps")).count();
    ensure!(output.status.success() && lines == 2, "{output:?}");
    serde_json::from_slice::<Value>(&output.stdout).map(drop).context("JSON alone")
}

/// A reader that does not read on is no failure, on neither output.
fn nobody_reads(vf: &Vf) -> Result {
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    let args = ["bench", "rx", "--vf", &vf.bdf, "--live", "--seconds", "1.2"];
    let status =
        Command::new("barline").args(args).stdout(writer.try_clone()?).stderr(writer).status()?;
    ensure!(status.success(), "with its outputs closed: {status}");
    Ok(())
}

/// The kernel gets the VF back at once, the user the figures, the line and exit status 1.
fn taken_away(vf: &Vf) -> Result {
    let rx = start(vf, "rx", &["--json"])?;
    wait_for_open(vf)?;
    let asked = Instant::now();
    vf.unbind()?;
    let waited = asked.elapsed();
    let output = rx.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(1), "{output:?}");
    ensure!(stderr.contains("the kernel asked for the device back"), "{stderr}");
    check(&serde_json::from_slice(&output.stdout)?, vf, "rx")?;
    ensure!(waited < Duration::from_secs(5), "unbinding took {waited:?}");
    println!("taken away after {waited:?}: {}", stderr.trim_end());
    vf.bind("vfio-pci")
}

/// A `barline bench` that runs; killed when dropped.
struct Bench(Option<Child>);

impl Bench {
    /// Ends it as Ctrl-C does.
    fn interrupt(&self) -> Result {
        let child = self.0.as_ref().context("it has ended")?;
        sys::kill(child.id(), libc::SIGINT)
    }

    /// Waits for its end.
    fn output(mut self) -> Result<Output> {
        let child = self.0.take().context("it has ended")?;
        Ok(child.wait_with_output()?)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // Both fail when it has ended, which is as well.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn start(vf: &Vf, mode: &str, args: &[&str]) -> Result<Bench> {
    let mut command = Command::new("barline");
    command.args(["bench", mode, "--vf", &vf.bdf]).args(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(Bench(Some(command.spawn().context("barline")?)))
}

/// Waits until a program drives the VF: its bus mastering is on.
fn wait_for_open(vf: &Vf) -> Result {
    let end = Instant::now() + Duration::from_secs(10);
    while std::fs::read(vf.sysfs("config"))?.get(4).is_none_or(|command| command & 4 == 0) {
        if Instant::now() > end {
            bail!("{}: nobody drives it", vf.bdf);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    // From there on it polls within a moment.
    std::thread::sleep(Duration::from_millis(200));
    Ok(())
}

/// The figures of a run that ends well.
fn figures(bench: Bench, vf: &Vf, mode: &str) -> Result<Value> {
    let Output { status, stdout, stderr } = bench.output()?;
    let stderr = String::from_utf8_lossy(&stderr);
    ensure!(status.success() && stderr.is_empty(), "{mode}: {status}: {stderr}");
    ensure!(stdout.iter().filter(|byte| **byte == b'\n').count() == 1, "not one line");
    let figures = serde_json::from_slice(&stdout)?;
    check(&figures, vf, mode)?;
    Ok(figures)
}

/// Each field is there, and they agree with each other.
fn check(figures: &Value, vf: &Vf, mode: &str) -> Result {
    let fields = figures.as_object().context("no object")?;
    let missing = FIELDS.iter().find(|field| !fields.contains_key(**field));
    ensure!(missing.is_none() && fields.len() == FIELDS.len(), "fields: {figures}");
    ensure!(figures["device"] == vf.bdf.as_str() && figures["mode"] == mode, "{figures}");
    let number = |field: &str| figures[field].as_f64().context(format_args!("{field}: {figures}"));
    let (size, mpps, elapsed) = (number("size")?, number("mpps")?, number("elapsed_s")?);
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
    ensure!(close(number("gbps")?, size * 8.0 * mpps / 1000.0), "gbps: {figures}");
    ensure!(close(number("packets")?, mpps * 1e6 * elapsed), "mpps: {figures}");
    ensure!((1.0..=256.0).contains(&number("burst")?), "burst: {figures}");
    let worked = number("packets")? > 0.0 && mode != "latency";
    ensure!(figures["cycles_per_packet"].is_f64() == worked, "cycles_per_packet: {figures}");
    // What only a software adapter has.
    ensure!(figures["device_packets"].is_null() && figures["device_core"].is_null(), "{figures}");
    ensure!(figures["shared_core"] == false, "{figures}");
    ensure!(figures["latency_ns"].is_object() == (mode == "latency"), "{figures}");
    Ok(())
}
