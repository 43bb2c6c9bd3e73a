//! What was counted before.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Instructions for a frame, by what was counted.
pub type Figures = BTreeMap<String, f64>;

/// When this is set, the baseline is written anew.
pub const RENEW: &str = "BARLINE_WRITE_BASELINE";

/// What to do when figures are as they shall be.
const HOW: &str = "to write the baseline anew: BARLINE_WRITE_BASELINE=1 cargo test -p barline-counted \
                   --test instructions";

/// By how much a figure may grow.
const GROWTH: f64 = 0.03;

/// The version of rustc that builds here.
pub fn rustc() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let output = Command::new(rustc).arg("-vV").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let release = said.lines().find_map(|line| line.strip_prefix("release: "));
    release.expect("rustc says its release").to_string()
}

/// The baseline of one version of rustc.
pub struct Baseline {
    rustc: String,
    path: PathBuf,
}

impl Baseline {
    /// The baseline of this version, in the package that is in `package`.
    pub fn of(package: &Path, rustc: &str) -> Baseline {
        let path = package.join("baselines").join(format!("{rustc}.json"));
        Baseline { rustc: rustc.to_string(), path }
    }

    /// Reads it.
    pub fn read(&self) -> Result<Figures, String> {
        let Baseline { rustc, path } = self;
        let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                format!("rustc {rustc} has no baseline, {} is missing\n{HOW}", path.display())
            }
            _ => format!("{}: {error}", path.display()),
        })?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}\n{HOW}", path.display()))
    }

    /// Writes it, to hundredths of an instruction.
    pub fn write(&self, figures: &Figures) {
        let hundredths =
            |(name, figure): (&String, &f64)| (name.clone(), (figure * 100.0).round() / 100.0);
        let figures: Figures = figures.iter().map(hundredths).collect();
        let text = serde_json::to_string_pretty(&figures).unwrap();
        std::fs::write(&self.path, text + "\n").unwrap();
    }
}

/// Whether nothing takes more than before, or what does.
pub fn compare(was: &Figures, is: &Figures) -> Result<(), String> {
    let grown = is.iter().filter_map(|(name, &is)| match was.get(name) {
        None => Some(format!("{name}: {is:.2} instructions a frame, and none in the baseline")),
        Some(&was) if is > was * (1.0 + GROWTH) => Some(format!(
            "{name}: was {was:.2} instructions a frame, is {is:.2}, {:+.1} %",
            (is / was - 1.0) * 100.0
        )),
        Some(_) => None,
    });
    let gone = was.keys().filter(|name| !is.contains_key(*name));
    let gone = gone.map(|name| format!("{name}: in the baseline, and not counted any more"));
    let mut complaints: Vec<String> = grown.chain(gone).collect();
    if complaints.is_empty() {
        return Ok(());
    }
    complaints.push(HOW.to_string());
    Err(complaints.join("\n"))
}

fn figures<const N: usize>(figures: [(&str, f64); N]) -> Figures {
    figures.map(|(name, figure)| (name.to_string(), figure)).into()
}

#[test]
fn growth_is_told_with_what_was_and_is_and_how_to_accept_it() {
    let was = figures([("plain/rx/32", 50.0), ("plain/tx/32", 40.0)]);
    let is = figures([("plain/rx/32", 51.6), ("plain/tx/32", 41.2)]);
    let said = compare(&was, &is).unwrap_err();
    let rest = "plain/rx/32: was 50.00 instructions a frame, is 51.60, +3.2 %\n";
    assert_eq!(said.strip_prefix(rest), Some(HOW), "{said}");
    assert_eq!(compare(&was, &was), Ok(()));
}

#[test]
fn less_is_fine() {
    let (was, is) = (figures([("plain/rx/32", 50.0)]), figures([("plain/rx/32", 5.0)]));
    assert_eq!(compare(&was, &is), Ok(()));
}

#[test]
fn what_is_only_there_or_only_here_is_told() {
    let (was, is) = (figures([("a", 1.0)]), figures([("b", 2.0)]));
    let said = compare(&was, &is).unwrap_err();
    assert!(said.contains("b: 2.00 instructions a frame, and none in the baseline"), "{said}");
    assert!(said.contains("a: in the baseline, and not counted any more"), "{said}");
}

#[test]
fn an_unknown_rustc_is_told_how_it_becomes_known() {
    let package = tempfile::tempdir().unwrap();
    let baseline = Baseline::of(package.path(), "9.99.0");
    let said = baseline.read().unwrap_err();
    assert!(said.starts_with("rustc 9.99.0 has no baseline") && said.ends_with(HOW), "{said}");

    std::fs::create_dir(package.path().join("baselines")).unwrap();
    baseline.write(&figures([("plain/rx/32", 50.123)]));
    assert_eq!(baseline.read(), Ok(figures([("plain/rx/32", 50.12)])));
}
