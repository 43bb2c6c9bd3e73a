//! Which rows belong together: those that differ in what is done with a frame alone, and those that
//! differ in one other thing.

use crate::versus::rows::{Column, Mode, Placement, Row, Size};

/// What most rows have in common. Each of these is the most frequent value of its own; rows that have all
/// of them are the run's plain ones, and the others vary one or two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Usual {
    pub burst: u16,
    pub size: Size,
    pub placement: Placement,
    pub queues: u16,
    pub ring: u16,
    pub vfs: u16,
}

/// What a sweep varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Varied {
    Burst,
    Ring,
    Size,
    Queues,
    Vfs,
    Placement,
}

impl Varied {
    /// What is drawn as lines, from left to right.
    pub(super) const SWEPT: [Varied; 5] =
        [Varied::Burst, Varied::Ring, Varied::Size, Varied::Queues, Varied::Vfs];

    /// As the axis has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Varied::Burst => "frames of a burst",
            Varied::Ring => "descriptors of a ring",
            Varied::Size => "bytes of a frame, with FCS",
            Varied::Queues => "queue pairs of each VF",
            Varied::Vfs => "VFs",
            Varied::Placement => "where rings and data were",
        }
    }

    /// A row's value as it is written, and a number to sort by.
    pub(super) fn value(self, row: &Row) -> (u32, String) {
        let number = |n: u16| (n.into(), n.to_string());
        match self {
            Varied::Burst => number(row.burst),
            Varied::Ring => number(row.ring),
            Varied::Size => match row.size {
                Size::Bytes(bytes) => number(bytes),
                Size::Imix => (u32::MAX, row.size.to_string()),
            },
            Varied::Queues => number(row.queues),
            Varied::Vfs => number(row.vfs),
            Varied::Placement => (row.placement as u32, row.placement.to_string()),
        }
    }
}

impl Usual {
    /// Of these rows; `None` if there are none.
    pub(super) fn of(rows: &[Row]) -> Option<Usual> {
        Some(Usual {
            burst: most(rows, |row| row.burst)?,
            size: most(rows, |row| row.size)?,
            placement: most(rows, |row| row.placement)?,
            queues: most(rows, |row| row.queues)?,
            ring: most(rows, |row| row.ring)?,
            vfs: most(rows, |row| row.vfs)?,
        })
    }

    /// What a row has otherwise than usual, in words such as `burst 4`; empty for a plain row.
    pub(super) fn otherwise(&self, row: &Row) -> Vec<String> {
        let mut words = Vec::new();
        let mut differs = |same: bool, word: String| {
            if !same {
                words.push(word);
            }
        };
        differs(row.burst == self.burst, format!("burst {}", row.burst));
        differs(row.size == self.size, size(row.size));
        differs(row.placement == self.placement, row.placement.to_string());
        differs(row.queues == self.queues, count(row.queues, "queue pair"));
        differs(row.ring == self.ring, format!("ring {}", row.ring));
        differs(row.vfs == self.vfs, count(row.vfs, "VF"));
        words
    }

    /// What is usual, in words.
    pub(super) fn words(&self) -> String {
        let Usual { burst, placement, ring, .. } = self;
        let (queues, vfs) = (count(self.queues, "queue pair"), count(self.vfs, "VF"));
        format!(
            "bursts of {burst}, {}, {placement}, {queues}, rings of {ring}, {vfs}",
            size(self.size)
        )
    }

    /// Whether a row is as usual, but for what is `varied`.
    pub(super) fn is(&self, row: &Row, varied: Option<Varied>) -> bool {
        let same = |what: Varied, same: bool| same || varied == Some(what);
        same(Varied::Burst, row.burst == self.burst)
            && same(Varied::Size, row.size == self.size)
            && same(Varied::Placement, row.placement == self.placement)
            && same(Varied::Queues, row.queues == self.queues)
            && same(Varied::Ring, row.ring == self.ring)
            && same(Varied::Vfs, row.vfs == self.vfs)
    }
}

/// The plain rows of a run, the first of each mode, in their order.
pub(super) fn plain(rows: &[Row]) -> Vec<&Row> {
    let mut plain: Vec<&Row> = Vec::new();
    for row in all_plain(rows) {
        if plain.iter().all(|other| other.mode != row.mode) {
            plain.push(row);
        }
    }
    plain
}

/// The plain rows of a run, in their order; a mode may have several.
pub(super) fn all_plain(rows: &[Row]) -> Vec<&Row> {
    let Some(usual) = Usual::of(rows) else { return Vec::new() };
    rows.iter().filter(|row| usual.is(row, None)).collect()
}

/// The row that the headline speaks of: forwarding, if it is among the plain ones, else the first.
pub(super) fn first(rows: &[Row]) -> Option<&Row> {
    let plain = plain(rows);
    let forward = plain.iter().find(|row| row.mode == Mode::Fwd);
    forward.or(plain.first()).copied().or(rows.first())
}

/// Rows of one mode in the order of what they vary, each value once; empty if there are fewer than
/// `least`.
pub(super) fn sweep(rows: &[Row], mode: Mode, varied: Varied, least: usize) -> Vec<&Row> {
    let Some(usual) = Usual::of(rows) else { return Vec::new() };
    let among = rows.iter().filter(|row| row.mode == mode && usual.is(row, Some(varied)));
    let mut found: Vec<&Row> = among.collect();
    found.sort_by_key(|row| varied.value(row).0);
    found.dedup_by_key(|row| varied.value(row).0);
    if found.len() < least { Vec::new() } else { found }
}

/// The minimum of a column in a row, if it has one.
pub(super) fn minimum(row: &Row, column: Column) -> Option<f64> {
    match column {
        Column::Ours => Some(row.ours.min),
        _ => row.columns.get(&column).map(|figures| figures.min).or_else(|| {
            row.dpdk.as_ref().filter(|dpdk| dpdk.column == column).map(|dpdk| dpdk.min)
        }),
    }
}

fn size(size: Size) -> String {
    match size {
        Size::Bytes(bytes) => format!("{bytes} bytes"),
        Size::Imix => size.to_string(),
    }
}

fn count(n: u16, of: &str) -> String {
    format!("{n} {of}{}", if n == 1 { "" } else { "s" })
}

/// The value that most rows have; of several, the first to come.
fn most<T: PartialEq>(rows: &[Row], value: impl Fn(&Row) -> T) -> Option<T> {
    let count = |one: &Row| rows.iter().filter(|row| value(row) == value(one)).count();
    let best = rows.iter().rev().max_by_key(|row| count(row))?;
    Some(value(best))
}
