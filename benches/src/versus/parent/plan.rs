//! What is measured: scenes, each with an adapter and children of its own, and their works.

use crate::versus::rows::{Column, Mode, Placement, Size};

/// How long a row is measured by default, in seconds.
pub const SECONDS: f64 = 6.0;

/// The share of a row's time that a point of a sweep gets.
const SWEEP: f64 = 0.5;

/// VFs of an adapter at most.
pub(super) const VFS: u16 = 63;

/// VFs with four queues each at most; of more, each has two.
const VFS_OF_FOUR: u16 = 31;

/// An adapter, and children who share it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scene {
    pub(super) size: Size,
    pub(super) ring: u16,
    pub(super) queues: u16,
    /// VFs of each child.
    pub(super) vfs: u16,
    /// Whose children there are, as far as they can be.
    pub(super) cast: Vec<Part>,
    pub(super) works: Vec<Work>,
    /// Rates and round trips as well.
    pub(super) beside: bool,
}

/// A child's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) column: Column,
    pub(super) offloads: bool,
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Work {
    pub(super) mode: Mode,
    pub(super) burst: u16,
    pub(super) placement: Placement,
    /// How much of a row's time.
    pub(super) share: f64,
}

/// Slots side by side, of which the first is DPDK's, where it runs: each of the others is compared with it.
pub(super) type Bracket = Vec<Part>;

const fn plain(column: Column) -> Part {
    Part { column, offloads: false }
}

const fn offloading(column: Column) -> Part {
    Part { column, offloads: true }
}

/// DPDK's parts for one kind of work: its full-featured path is that with offloads.
const DPDK: [Part; 3] = [plain(Column::Vector), plain(Column::Scalar), offloading(Column::Full)];

impl Scene {
    fn of(cast: &[Part], works: Vec<Work>) -> Scene {
        Scene {
            size: Size::Bytes(64),
            ring: 512,
            queues: 1,
            vfs: 1,
            cast: cast.to_vec(),
            works,
            beside: false,
        }
    }

    /// Frames of the larger sort are forwarded, half as long as a row takes.
    fn sweep() -> Scene {
        Scene::of(&[plain(Column::Ours), plain(Column::Vector)], vec![fwd(32, SWEEP)])
    }

    /// Who does a work, side by side.
    pub(super) fn brackets(&self, work: &Work) -> Vec<Bracket> {
        let offloads = work.mode == Mode::FwdOffload;
        let ours = Part { column: Column::Ours, offloads };
        let is_there = |part: &Part| self.cast.contains(part);
        let theirs = DPDK.into_iter().filter(|part| !offloads || part.offloads).filter(is_there);
        let mut brackets: Vec<Bracket> = theirs.map(|part| vec![part, ours]).collect();
        if brackets.is_empty() {
            brackets.push(vec![ours]);
        }
        let others = [Column::OursAvx2, Column::OursPlain, Column::OursSmall];
        let less = others.map(plain).into_iter().filter(is_there);
        if let Some(first) = brackets.first_mut()
            && work.burst == 32
            && work.placement == Placement::Local
            && matches!(work.mode, Mode::Rx | Mode::Tx | Mode::Fwd)
        {
            first.extend(less);
        }
        brackets
    }

    /// VFs that the adapter has to have.
    pub(super) fn all_vfs(&self) -> u16 {
        self.cast.len() as u16 * self.vfs
    }
}

const fn work(mode: Mode, burst: u16, placement: Placement, share: f64) -> Work {
    Work { mode, burst, placement, share }
}

const fn fwd(burst: u16, share: f64) -> Work {
    work(Mode::Fwd, burst, Placement::Local, share)
}

/// What everybody wants to know.
fn short() -> Scene {
    use Placement::{Cold, Local, Remote};
    let ours = [
        plain(Column::Ours),
        offloading(Column::Ours),
        plain(Column::OursAvx2),
        plain(Column::OursPlain),
    ];
    let works = [
        (Mode::Rx, 32, Local),
        (Mode::Tx, 32, Local),
        (Mode::Fwd, 32, Local),
        (Mode::FwdMac, 32, Local),
        (Mode::FwdOffload, 32, Local),
        (Mode::Fwd, 4, Local),
        (Mode::Fwd, 32, Remote),
        (Mode::Fwd, 32, Cold),
    ];
    let works = works.map(|(mode, burst, placement)| work(mode, burst, placement, 1.0));
    Scene::of(&[&ours[..], &DPDK].concat(), works.to_vec())
}

/// The sweeps.
fn sweeps() -> Vec<Scene> {
    let mut scenes = Vec::new();
    let bursts = [1, 2, 8, 16, 64, 128, 256].map(|burst| fwd(burst, SWEEP));
    let apart = [Mode::Rx, Mode::Tx]
        .into_iter()
        .flat_map(|mode| [Placement::Remote, Placement::Cold].map(|at| work(mode, 32, at, SWEEP)));
    let works = bursts.into_iter().chain(apart).collect();
    scenes.push(Scene { works, beside: true, ..Scene::sweep() });
    for ring in [128, 256, 1024, 2048, 4096] {
        scenes.push(Scene { ring, ..Scene::sweep() });
    }
    let sizes = [128, 256, 512, 1024, 1518, 2048, 4096, 9018].map(Size::Bytes);
    for size in sizes.into_iter().chain([Size::Imix]) {
        scenes.push(Scene { size, ..Scene::sweep() });
    }
    for queues in [2, 4] {
        let split = work(Mode::Fwd, 32, Placement::Split, SWEEP);
        scenes.push(Scene { queues, works: vec![fwd(32, SWEEP), split], ..Scene::sweep() });
    }
    for vfs in [2, 4, 8, 16, VFS_OF_FOUR] {
        scenes.push(Scene { vfs, ..Scene::sweep() });
    }
    for vfs in [VFS_OF_FOUR + 1, VFS] {
        scenes.push(Scene { vfs, cast: vec![plain(Column::Ours)], ..Scene::sweep() });
    }
    scenes
}

/// Scenes in which everybody is started alone, for the time that takes.
pub(super) fn starts(dpdk: bool) -> Vec<Scene> {
    let alone = [plain(Column::Ours), plain(Column::OursSmall), plain(Column::Vector)];
    let there = alone.into_iter().filter(|part| dpdk || !part.column.is_dpdk());
    there.map(|part| Scene::of(&[part], Vec::new())).collect()
}

/// All scenes, in order, for a machine with or without a second core.
pub(super) fn scenes(full: bool, second_core: bool) -> Vec<Scene> {
    let mut scenes = vec![short()];
    if full {
        scenes[0].cast.push(plain(Column::OursSmall));
        scenes.extend(sweeps());
    }
    if !second_core {
        for scene in &mut scenes {
            let alone =
                |work: &Work| !matches!(work.placement, Placement::Remote | Placement::Split);
            scene.works.retain(alone);
            scene.beside = false;
        }
    }
    scenes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(scenes: &[Scene]) -> Vec<(Mode, u16, Placement, Size, u16, u16, u16)> {
        let rows = scenes.iter().flat_map(|scene| {
            let Scene { size, ring, queues, vfs, .. } = *scene;
            let of =
                move |work: &Work| (work.mode, work.burst, work.placement, size, ring, queues, vfs);
            scene.works.iter().map(of)
        });
        rows.collect()
    }

    #[test]
    fn the_short_run_has_what_the_promise_is_about() {
        let rows = rows(&scenes(false, true));
        let at = |mode, burst, placement| {
            rows.contains(&(mode, burst, placement, Size::Bytes(64), 512, 1, 1))
        };
        for mode in Mode::ALL {
            assert!(at(*mode, 32, Placement::Local), "{mode}");
        }
        assert!(at(Mode::Fwd, 4, Placement::Local));
        assert!(at(Mode::Fwd, 32, Placement::Remote));
        assert!(at(Mode::Fwd, 32, Placement::Cold));
    }

    #[test]
    fn the_full_one_sweeps_and_repeats_nothing() {
        let mut rows = rows(&scenes(true, true));
        let count = rows.len();
        for size in [64, 9018] {
            assert!(rows.iter().any(|row| row.3 == Size::Bytes(size)), "{size}");
        }
        assert!(rows.iter().any(|row| row.3 == Size::Imix));
        for (burst, ring, queues, vfs) in [
            (1, 512, 1, 1),
            (256, 512, 1, 1),
            (32, 128, 1, 1),
            (32, 4096, 1, 1),
            (32, 512, 4, 1),
            (32, 512, 1, 31),
            (32, 512, 1, 63),
        ] {
            let row = (Mode::Fwd, burst, Placement::Local, Size::Bytes(64), ring, queues, vfs);
            assert!(rows.contains(&row), "{row:?}");
        }
        rows.sort_by_key(|row| format!("{row:?}"));
        rows.dedup();
        assert_eq!(rows.len(), count);
    }

    #[test]
    fn no_adapter_has_more_vfs_than_there_are() {
        for scene in scenes(true, true) {
            assert!(scene.all_vfs() <= VFS, "{scene:?}");
            let queues = if scene.all_vfs() > VFS_OF_FOUR { 2 } else { 4 };
            assert!(scene.queues <= queues, "{scene:?}");
        }
    }

    #[test]
    fn each_of_dpdks_columns_has_ours_beside_it() {
        let scene = short();
        let at = |mode, burst| scene.brackets(&work(mode, burst, Placement::Local, 1.0));
        let columns = |brackets: &[Bracket]| -> Vec<Vec<Column>> {
            brackets
                .iter()
                .map(|bracket| bracket.iter().map(|part| part.column).collect())
                .collect()
        };
        use Column::*;
        let all = [vec![Vector, Ours, OursAvx2, OursPlain], vec![Scalar, Ours], vec![Full, Ours]];
        assert_eq!(columns(&at(Mode::Fwd, 32)), all);
        assert_eq!(columns(&at(Mode::FwdMac, 32))[0], [Vector, Ours]);
        assert_eq!(columns(&at(Mode::Fwd, 4))[0], [Vector, Ours]);
        let offload = at(Mode::FwdOffload, 32);
        assert_eq!(columns(&offload), [[Full, Ours]]);
        assert!(offload.iter().flatten().all(|part| part.offloads));
    }

    #[test]
    fn without_dpdk_ours_is_alone_and_with_one_core_nothing_takes_two() {
        let mut scene = short();
        scene.cast.retain(|part| !part.column.is_dpdk());
        let brackets = scene.brackets(&fwd(4, 1.0));
        assert_eq!(brackets, [[plain(Column::Ours)]]);
        let rows = rows(&scenes(true, false));
        assert!(rows.iter().all(|row| !matches!(row.2, Placement::Remote | Placement::Split)));
        assert!(scenes(true, false).iter().all(|scene| !scene.beside));
    }
}
