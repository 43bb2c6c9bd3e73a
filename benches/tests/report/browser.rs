//! Chromium without a window, which opens a page and says what the probe found in it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// Under which names it is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
/// How long it may take. Machines that test are busy.
const LONG: Duration = Duration::from_secs(120);

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Width of the window in CSS pixels.
    pub width: u32,
    /// Height of the window.
    pub height: u32,
    /// Whether the reader prefers dark.
    pub dark: bool,
}

/// The browser's program.
///
/// # Panics
/// It is not installed; says how it would be.
pub fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = || std::env::split_paths(&path);
    let found =
        NAMES.iter().find_map(|name| places().map(|dir| dir.join(name)).find(|it| it.is_file()));
    found.unwrap_or_else(|| panic!("no Chromium: install it (as root: apt-get install chromium)"))
}

/// What is wrong with a page, looked at like that; empty if nothing is.
///
/// # Panics
/// The browser does not come to an end, or not to the page's.
pub fn wrong(page: &str, look: Look, plots: usize) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a directory");
    let probed = dir.path().join("page.html");
    fs::write(&probed, with_probe(page, look, plots)).expect("a page");
    let (dom, log) = open(&probed, look, dir.path());
    let found = dom.split_once("data-probe=\"").and_then(|(_, rest)| rest.split_once('"'));
    let found = found.unwrap_or_else(|| panic!("the page did not load: {dom}\n{log}")).0;
    let found = found
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let mut wrong: Vec<String> = serde_json::from_str(&found).expect("the probe's list");
    wrong.extend(log.lines().filter(|line| line.contains(":CONSOLE")).map(String::from));
    wrong
}

/// A document with the page in a frame of the wanted size, since a window is never narrower than some 500
/// pixels. The probe comes before all else in the page, so that the page's own policy does not concern it.
fn with_probe(page: &str, look: Look, plots: usize) -> String {
    let Look { width, height, dark } = look;
    let values = format!("const WIDTH = {width}, DARK = {dark}, PLOTS = {plots};");
    let probe = include_str!("probe.js");
    let (before, after) = page.split_once("<head>").expect("a head");
    let page = format!("{before}<head><script>{values}{probe}</script>{after}");
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    let style = format!("width:{width}px;height:{height}px;border:0");
    format!("<!DOCTYPE html><body><iframe style=\"{style}\" srcdoc=\"{page}\"></iframe>")
}

/// The document after it was loaded, and what the browser logged.
fn open(page: &Path, look: Look, dir: &Path) -> (String, String) {
    let file = |name: &str| File::create(dir.join(name)).expect("a file");
    let mut command = Command::new(program());
    command
        .args([
            "--headless",
            "--disable-gpu",
            "--hide-scrollbars",
            "--enable-logging=stderr",
            "--dump-dom",
        ])
        // It opens a page that this test has written. Its sandbox is not to be had as root or in
        // most containers.
        .arg("--no-sandbox")
        .arg(format!("--user-data-dir={}", dir.join("profile").display()))
        .arg(format!("--window-size={},{}", look.width + 100, look.height + 100))
        .arg(format!("--blink-settings=preferredColorScheme={}", if look.dark { 0 } else { 1 }))
        .arg(format!("file://{}", page.display()))
        .stdout(file("dom"))
        .stderr(file("log"));
    let mut browser = command.spawn().expect("Chromium starts");
    let end = Instant::now() + LONG;
    while browser.try_wait().expect("Chromium's status").is_none() {
        if Instant::now() > end {
            browser.kill().expect("Chromium ends");
            browser.wait().expect("Chromium's status");
            panic!("Chromium took longer than {LONG:?}: {}", read(&dir.join("log")));
        }
        thread::sleep(Duration::from_millis(20));
    }
    (read(&dir.join("dom")), read(&dir.join("log")))
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).expect("a file")).into_owned()
}
