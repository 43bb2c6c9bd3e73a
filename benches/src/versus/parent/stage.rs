//! A scene with its children: an adapter of its own, and each part's process, parked until it is asked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::process::Command;
use std::time::Duration;

use softnic::uplink::{self, GenSpec, UplinkSpec};
use softnic::{Drive, Spec};
use softvfio::run::Run;
use softvfio::topology;

use super::plan::{Part, Scene};
use super::process::Process;
use super::row::NoRow;
use super::{Problem, Setting};
use crate::versus::protocol::{Answer, ChildConfig, Order, Ready};
use crate::versus::rows::{Column, Size};

/// A program in a run that measures what its configuration says.
pub type Program<'p> = dyn Fn(&Run, &ChildConfig) -> Command + 'p;

/// Those who measure.
pub(super) trait Cast {
    /// The scene that they play.
    fn scene(&self) -> &Scene;

    /// Asks one of them, which takes `time`.
    ///
    /// # Errors
    /// It cannot, or the user wants an end.
    fn ask(&mut self, part: Part, order: Order, time: Duration) -> Result<Answer, Problem>;

    /// An answer that does not belong to the question.
    fn nonsense(&mut self, part: Part, answer: &Answer) -> Problem;

    /// Frequency of the clock that one of them counts by.
    fn tsc_hz(&self, part: Part) -> u64;

    /// DPDK's functions that one of them runs.
    ///
    /// # Errors
    /// They could not be told, or are not those of its column.
    fn functions(&self, part: Part) -> Result<String, NoRow>;
}

/// A scene that is being played.
pub(super) struct Stage<'s> {
    pub(super) scene: Scene,
    // They go before the run does.
    children: BTreeMap<Part, (Process, Ready)>,
    run: Run,
    setting: &'s Setting<'s>,
}

impl<'s> Stage<'s> {
    /// Makes the adapter, and starts all children that there can be: DPDK's only where it is there, and ours
    /// that are to use less only where they would use more by themselves.
    ///
    /// # Errors
    /// There can be no adapter, or a child cannot measure.
    pub(super) fn set(mut scene: Scene, setting: &'s Setting<'s>) -> Result<Stage<'s>, Problem> {
        scene.cast.retain(|part| !part.column.is_dpdk() || setting.dpdk.is_some());
        let run = Run::create_in(&setting.places, &spec(&scene))?;
        let mut stage = Stage { scene: scene.clone(), children: BTreeMap::new(), run, setting };
        for (n, part) in scene.cast.iter().enumerate() {
            if stage.would_be_the_same(*part) {
                stage.scene.cast.retain(|other| other != part);
                continue;
            }
            let first = n * usize::from(scene.vfs);
            stage.start(*part, first)?;
        }
        Ok(stage)
    }

    /// Whether a column that is to use less uses what ours does anyway.
    fn would_be_the_same(&self, part: Part) -> bool {
        let ours = Part { column: Column::Ours, offloads: false };
        let best = self.children.get(&ours).and_then(|(_, ready)| ready.simd.as_deref());
        match part.column {
            Column::OursAvx2 => best != Some("avx512"),
            Column::OursPlain => best == Some("plain"),
            _ => false,
        }
    }

    fn start(&mut self, part: Part, first_vf: usize) -> Result<(), Problem> {
        let vfs = first_vf..first_vf + usize::from(self.scene.vfs);
        let config = ChildConfig {
            column: part.column,
            vfs: vfs.map(topology::vf_address).collect(),
            ring: self.scene.ring,
            queues: self.scene.queues,
            core: self.setting.core,
            other_core: self.setting.other_core,
            max_frame: self.scene.size.largest(),
            offloads: part.offloads,
        };
        let command = match (part.column.is_dpdk(), self.setting.dpdk) {
            (true, Some(dpdk)) => dpdk(&self.run, &config),
            _ => (self.setting.ours)(&self.run, &config),
        };
        let mut process = Process::start(part.column.name(), command, self.log(part)?)?;
        let ready = process.ready(self.setting.stopped)?;
        self.children.insert(part, (process, ready));
        Ok(())
    }

    /// A file without a name: it goes with who has it open.
    fn log(&self, part: Part) -> Result<File, Problem> {
        let path = self.run.view().dir.join("log");
        let opened = File::options().read(true).append(true).create_new(true).open(&path);
        let opened = opened.and_then(|file| std::fs::remove_file(&path).map(|()| file));
        opened.map_err(|error: io::Error| {
            let path = path.display();
            Problem::Failed(format!("{}: making its log, {path}: {error}", part.column))
        })
    }

    fn process(&mut self, part: Part) -> Result<&mut Process, Problem> {
        match self.children.get_mut(&part) {
            Some((process, _)) => Ok(process),
            None => Err(Problem::Failed(format!("{}: it is not on this stage", part.column))),
        }
    }

    /// What each child said when it was ready, by part.
    pub(super) fn ready(&self) -> impl Iterator<Item = (Part, &Ready)> {
        self.children.iter().map(|(part, (_, ready))| (*part, ready))
    }

    /// Has all children end, in order.
    ///
    /// # Errors
    /// One does not.
    pub(super) fn strike(self) -> Result<(), Problem> {
        self.children.into_values().try_for_each(|(process, _)| process.quit())
    }
}

impl Cast for Stage<'_> {
    fn scene(&self) -> &Scene {
        &self.scene
    }

    fn ask(&mut self, part: Part, order: Order, time: Duration) -> Result<Answer, Problem> {
        let stopped = self.setting.stopped;
        if stopped() {
            return Err(Problem::Stopped);
        }
        self.process(part)?.ask(order, time, stopped)
    }

    fn nonsense(&mut self, part: Part, answer: &Answer) -> Problem {
        match self.process(part) {
            Ok(process) => process.nonsense(answer),
            Err(problem) => problem,
        }
    }

    fn tsc_hz(&self, part: Part) -> u64 {
        self.children.get(&part).map_or(0, |(_, ready)| ready.tsc_hz)
    }

    fn functions(&self, part: Part) -> Result<String, NoRow> {
        let ready = self.children.get(&part).map(|(_, ready)| ready);
        let functions = ready.and_then(|ready| ready.functions.clone());
        let column = part.column;
        let functions = functions.filter(|functions| !functions.is_empty()).ok_or_else(|| {
            NoRow::Failure(format!("which functions {column} ran could not be told"))
        })?;
        let is_vector = functions.contains("vec");
        if (column == Column::Vector && !is_vector) || (column == Column::Scalar && is_vector) {
            return Err(NoRow::Failure(format!(
                "{column} ran {functions}, which is another column"
            )));
        }
        Ok(functions)
    }
}

/// The adapter: each process moves its own VFs, and what is forwarded as it came is not taken for forged.
fn spec(scene: &Scene) -> Spec {
    let size = match scene.size {
        Size::Bytes(bytes) => uplink::Size::Fixed(bytes),
        Size::Imix => uplink::Size::Imix,
    };
    Spec {
        vfs: scene.all_vfs().into(),
        uplink: UplinkSpec::Gen(GenSpec { size, ..GenSpec::default() }),
        spoof_check: false,
        drive: Drive::Caller,
        ..Spec::default()
    }
}
