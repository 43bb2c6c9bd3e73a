//! Bars side by side: one group for each kind of work, one bar for each driver.

use maud::{Markup, html};

use super::axis::Axis;
use super::{CHARACTER, LINE, WIDTH, class, framed, px};
use crate::versus::report::words::{self, figure};
use crate::versus::rows::Column;

const BAR: f64 = 18.0;

/// Groups of bars that lie, each with its value at its end.
#[derive(Debug)]
pub(in crate::versus::report) struct Bars<'a> {
    /// What is compared.
    pub title: &'a str,
    /// What the values are, and their unit.
    pub unit: &'a str,
    /// A name, and a value for each column that has one there.
    pub groups: Vec<(String, Vec<(Column, f64)>)>,
}

impl Bars<'_> {
    /// As a figure of the page.
    pub(in crate::versus::report) fn draw(&self) -> Markup {
        let values = || self.groups.iter().flat_map(|(_, bars)| bars);
        let mut columns = Vec::new();
        values().for_each(|(one, _)| {
            if !columns.contains(one) {
                columns.push(*one)
            }
        });
        // The value stands right of its bar.
        let widest = values().map(|(_, value)| figure(*value).len()).max().unwrap_or(0);
        let axis = Axis::new(
            values().map(|(_, value)| *value),
            4,
            6.0,
            WIDTH - 8.0 - widest as f64 * CHARACTER,
        );
        let height = |bars: &[(Column, f64)]| LINE + BAR * bars.len() as f64 + 12.0;
        let mut bottom = 0.0;
        let mut tops = Vec::new();
        for (_, bars) in &self.groups {
            tops.push(bottom);
            bottom += height(bars);
        }
        let drawing = html! {
            (axis.below(LINE, bottom, self.unit))
            @for ((name, bars), top) in self.groups.iter().zip(tops) {
                text.group x="1" y=(px(top + 15.0)) { (name) }
                @for (n, (column, value)) in bars.iter().enumerate() {
                    @let y = top + LINE + BAR * n as f64;
                    rect class=(format!("bar {}", class(*column))) x=(px(axis.place(0.0))) y=(px(y + 1.0))
                        width=(px(axis.place(*value) - axis.place(0.0))) height=(px(BAR - 3.0)) {
                        title { (format!("{name}, {}: {}", words::column(*column), figure(*value))) }
                    }
                    text.value x=(px(axis.place(*value) + 5.0)) y=(px(y + 13.5)) { (figure(*value)) }
                }
            }
        };
        framed(self.title, &columns, &self.about(), bottom + 44.0, drawing)
    }

    fn about(&self) -> String {
        let group = |(name, bars): &(String, Vec<(Column, f64)>)| {
            let bars: Vec<_> = bars
                .iter()
                .map(|(one, value)| format!("{} {}", words::column(*one), figure(*value)))
                .collect();
            format!("{name}: {}", bars.join(", "))
        };
        let groups: Vec<_> = self.groups.iter().map(group).collect();
        format!("Bars, {}. {}", self.unit, groups.join("; "))
    }
}
