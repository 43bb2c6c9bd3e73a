//! The parent: it has each work done by its children in turns, and makes rows of what they say.

mod beside;
mod figures;
mod machine;
mod plan;
mod process;
mod row;
mod stage;
mod starts;
#[cfg(test)]
mod tests;
mod tie;
mod turns;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use softvfio::run::RunError;

use super::rows::{Dpdk, Results};
pub use plan::SECONDS;
use plan::Scene;
use row::NoRow;
pub use stage::Program;
use stage::Stage;

/// Why there are no results.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There can be no adapter.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A child failed.
    #[error("{0}")]
    Failed(String),
    /// The user wants it to end.
    #[error("stopped before its end: no figures")]
    Stopped,
}

/// What it takes to measure.
pub struct Setting<'s> {
    /// Starts a child of ours, which calls [`child::run`](super::child::run).
    pub ours: &'s Program<'s>,
    /// Starts a child of DPDK's. `None`: it is not here.
    pub dpdk: Option<&'s Program<'s>>,
    /// The core that is measured.
    pub core: usize,
    /// Another one, if there is one, which moves the device where that matters.
    pub other_core: Option<usize>,
    /// Directories that can hold a run; the first that does is taken.
    pub places: Vec<PathBuf>,
    /// The sweeps, too.
    pub full: bool,
    /// Seconds for each row, of which a point of a sweep gets half: [`SECONDS`] by default.
    pub seconds: f64,
    /// Whether the user wants it to end.
    pub stopped: &'s dyn Fn() -> bool,
    /// Is told what comes next.
    pub progress: &'s dyn Fn(&str),
}

/// Measures all there is to measure. Rows that failed are among the results' failures.
///
/// # Errors
/// A child cannot be started, ends or hangs, or the user does not want to wait.
pub fn measure(setting: &Setting<'_>) -> Result<Results, Problem> {
    let begun = Instant::now();
    let scenes = plan::scenes(setting.full, setting.other_core.is_some());
    let mut results = Results {
        rows: Vec::new(),
        rates: Vec::new(),
        latencies: Vec::new(),
        starts: Vec::new(),
        machine: machine::look(),
        failures: Vec::new(),
        notes: Vec::new(),
        dpdk: None,
        simd: String::new(),
        seconds: 0.0,
    };
    let mut works = Works { done: 0, all: scenes.iter().map(|scene| scene.works.len()).sum() };
    for scene in scenes {
        play(scene, setting, &mut works, &mut results)?;
    }
    if setting.full {
        (setting.progress)("start to first packet");
        starts::again(setting, &mut results)?;
    }
    results.seconds = begun.elapsed().as_secs_f64();
    Ok(results)
}

/// How far it is.
struct Works {
    done: usize,
    all: usize,
}

/// Plays a scene.
fn play(
    scene: Scene,
    setting: &Setting<'_>,
    works: &mut Works,
    results: &mut Results,
) -> Result<(), Problem> {
    let about = about(&scene);
    if scene.vfs > 4 {
        (setting.progress)(&format!("starting on {} VFs", scene.vfs));
    }
    let mut stage = Stage::set(scene, setting)?;
    introduce(&stage, results);
    for work in stage.scene.works.clone() {
        works.done += 1;
        let name = work.name() + &about;
        (setting.progress)(&format!("{name} ({} of {})", works.done, works.all));
        let time = Duration::from_secs_f64(setting.seconds * work.share);
        let row =
            turns::measure(&mut stage, &work, time).and_then(|found| found.row(&stage, &work));
        match row {
            Ok(row) => results.rows.push(row),
            Err(NoRow::Failure(why)) => results.failures.push(format!("{name}: {why}")),
            Err(NoRow::Problem(problem)) => return Err(problem),
        }
    }
    if stage.scene.beside {
        (setting.progress)("with the device on the other core");
        beside::measure(&mut stage, setting, results)?;
    }
    stage.strike()
}

/// What is unlike the first scene.
fn about(scene: &Scene) -> String {
    let Scene { size, ring, queues, vfs, .. } = scene;
    let usual = [
        (size.to_string() != "64", format!(", size {size}")),
        (*ring != 512, format!(", ring {ring}")),
        (*queues != 1, format!(", {queues} queues")),
        (*vfs != 1, format!(", {vfs} VFs")),
    ];
    usual.into_iter().filter(|(unlike, _)| *unlike).map(|(_, words)| words).collect()
}

/// What the children of the first scene say of themselves.
fn introduce(stage: &Stage<'_>, results: &mut Results) {
    for (part, ready) in stage.ready() {
        if results.machine.tsc_hz == 0 {
            results.machine.tsc_hz = ready.tsc_hz;
        }
        if let (None, Some(version)) = (&results.dpdk, &ready.version) {
            results.dpdk = Some(Dpdk { version: version.clone() });
        }
        if let (true, Some(simd)) = (results.simd.is_empty(), &ready.simd) {
            results.simd.clone_from(simd);
        }
        // One VF, and nothing swept: what a program is like when it starts.
        if stage.scene.vfs == 1 && stage.scene.ring == 512 && stage.scene.queues == 1 {
            starts::add(&mut results.starts, part, ready);
        }
    }
}
