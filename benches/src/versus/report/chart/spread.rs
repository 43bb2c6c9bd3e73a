//! Ratios with their spread: a point, and a bar from the 10th to the 90th percentile.

use maud::{Markup, html};

use super::axis::Axis;
use super::{LINE, WIDTH, framed, marker, px};
use crate::versus::report::words::figure;
use crate::versus::rows::Column;

/// One ratio.
#[derive(Clone, Copy, Debug)]
pub(in crate::versus::report) struct Span {
    /// Its median.
    pub median: f64,
    /// Its 10th percentile.
    pub low: f64,
    /// Its 90th percentile.
    pub high: f64,
}

/// Ratios below each other, with a line at 1: equal.
#[derive(Debug)]
pub(in crate::versus::report) struct Spread<'a> {
    /// What is compared.
    pub title: &'a str,
    /// What the ratio is of.
    pub unit: &'a str,
    /// Each with its name.
    pub rows: Vec<(String, Span)>,
}

impl Spread<'_> {
    /// As a figure of the page.
    pub(in crate::versus::report) fn draw(&self) -> Markup {
        let row = 2.0 * LINE;
        let bottom = LINE + row * self.rows.len() as f64;
        let values = self.rows.iter().flat_map(|(_, span)| [span.median, span.high]).chain([1.0]);
        let axis = Axis::new(values, 4, 14.0, WIDTH - 50.0);
        let one = axis.place(1.0);
        let drawing = html! {
            (axis.below(LINE, bottom, self.unit))
            line.equal x1=(px(one)) x2=(px(one)) y1=(px(LINE)) y2=(px(bottom)) {}
            text.tick x=(px(one)) y="14" text-anchor=(if one > WIDTH - 80.0 { "end" } else { "middle" }) { "equal" }
            @for (n, (name, span)) in self.rows.iter().enumerate() {
                @let top = LINE + row * n as f64;
                @let y = top + LINE + 8.0;
                text.group x="1" y=(px(top + 15.0)) { (name) }
                g {
                    title { (format!("{name}: {} ({} to {})", figure(span.median), figure(span.low), figure(span.high))) }
                    line.span x1=(px(axis.place(span.low))) x2=(px(axis.place(span.high))) y1=(px(y)) y2=(px(y)) {}
                    (marker(Column::Ours, axis.place(span.median), y))
                }
                text.value x=(px(axis.place(span.median.max(span.high)) + 9.0)) y=(px(y + 5.0)) { (figure(span.median)) }
            }
        };
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|(name, span)| format!("{name} {}", figure(span.median)))
            .collect();
        let about = format!("Points with their spread, {}. {}", self.unit, rows.join("; "));
        framed(self.title, &[], &about, bottom + 44.0, drawing)
    }
}
