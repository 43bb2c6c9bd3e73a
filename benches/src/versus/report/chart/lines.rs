//! Lines over what was varied: bursts, rings, sizes, queues, VFs.

use maud::{Markup, html};

use super::axis::Axis;
use super::{CHARACTER, LINE, WIDTH, class, framed, marker, px};
use crate::versus::report::words::{self, figure};
use crate::versus::rows::Column;

const HEIGHT: f64 = 220.0;
const TOP: f64 = 34.0;
const RIGHT: f64 = WIDTH - 20.0;

/// One line for each column. What was measured stands at equal distances from left to right, each named.
#[derive(Debug)]
pub(in crate::versus::report) struct Lines<'a> {
    /// What is compared.
    pub title: &'a str,
    /// What was varied.
    pub across: &'a str,
    /// What the values are, and their unit.
    pub unit: &'a str,
    /// Names of the places from left to right.
    pub places: Vec<String>,
    /// A column and its value at each place, where it has one.
    pub lines: Vec<(Column, Vec<Option<f64>>)>,
}

impl Lines<'_> {
    /// As a figure of the page.
    pub(in crate::versus::report) fn draw(&self) -> Markup {
        let bottom = TOP + HEIGHT;
        let values = self.lines.iter().flat_map(|(_, values)| values.iter().flatten().copied());
        let axis = Axis::new(values, 5, bottom, TOP);
        let left = axis.label_width() + 10.0;
        let last = self.places.len().saturating_sub(1).max(1) as f64;
        let place = |n: usize| left + 12.0 + (RIGHT - left - 12.0) * n as f64 / last;
        let named = self.named(&place);
        let below = bottom + LINE * named.iter().map(|(_, row)| row + 1).max().unwrap_or(0) as f64;
        let drawing = html! {
            text.title x="1" y="15" { (self.unit) }
            (axis.beside(left, RIGHT))
            @for (n, row) in &named {
                text.tick x=(px(place(*n))) y=(px(bottom + 18.0 + *row as f64 * LINE)) text-anchor="middle" { (self.places[*n]) }
            }
            @for n in 0..self.places.len() {
                line.grid x1=(px(place(n))) x2=(px(place(n))) y1=(px(bottom)) y2=(px(bottom + 4.0)) {}
            }
            text.title x=(px((left + RIGHT) / 2.0)) y=(px(below + 20.0)) text-anchor="middle" { (self.across) }
            @for (column, values) in &self.lines {
                @for run in runs(values) {
                    @let points: Vec<_> = run.iter().map(|(n, value)| format!("{},{}", px(place(*n)), px(axis.place(*value)))).collect();
                    polyline class=(format!("line {}", class(*column))) points=(points.join(" ")) {}
                }
                @for (n, value) in values.iter().enumerate().filter_map(|(n, value)| Some((n, (*value)?))) {
                    g {
                        title { (format!("{}, {} {}: {}", words::column(*column), self.across, self.places[n], figure(value))) }
                        (marker(*column, place(n), axis.place(value)))
                    }
                }
            }
        };
        let columns: Vec<_> = self.lines.iter().map(|(column, _)| *column).collect();
        let about =
            format!("Lines, {} over {}; the table below has each value", self.unit, self.across);
        framed(self.title, &columns, &about, below + 26.0, drawing)
    }

    /// The names that have room, each with the row below the plot in which it has it, 0 or 1: the last
    /// one, and from the left each that keeps clear of its neighbours.
    fn named(&self, place: &impl Fn(usize) -> f64) -> Vec<(usize, usize)> {
        let half = |n: usize| self.places[n].chars().count() as f64 * CHARACTER / 2.0;
        let Some(last) = self.places.len().checked_sub(1) else { return Vec::new() };
        let mut shown = vec![(last, 0)];
        let mut free = [0.0; 2];
        let ends = [place(last) - half(last), WIDTH];
        for n in 0..last {
            let fits =
                |row: &usize| place(n) - half(n) >= free[*row] && place(n) + half(n) <= ends[*row];
            if let Some(row) = (0..2).find(fits) {
                free[row] = place(n) + half(n);
                shown.push((n, row));
            }
        }
        shown
    }
}

/// The values as runs of neighbours, so that a place without a value leaves a gap.
fn runs(values: &[Option<f64>]) -> Vec<Vec<(usize, f64)>> {
    let mut runs = vec![Vec::new()];
    for (n, value) in values.iter().enumerate() {
        match (value, runs.last_mut()) {
            (Some(value), Some(run)) => run.push((n, *value)),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}
