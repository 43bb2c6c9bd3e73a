//! Plots as SVG within the page: text that a reader can select and enlarge, colours from the page's style
//! sheet, so that they follow light and dark.
//!
//! A plot has a fixed width that fits a phone, and letters of the page's own size: one that shrinks with
//! its frame has letters that nobody can read there.

mod axis;
mod bars;
mod lines;
mod spread;

pub(super) use bars::Bars;
pub(super) use lines::Lines;
pub(super) use spread::{Spread, Span};

use maud::{Markup, html};

/// Width of every plot in CSS pixels: a phone of 360 less the page's margins.
const WIDTH: f64 = 328.0;
/// Pixels that a character takes at most, on average: letters are 14 pixels high.
const CHARACTER: f64 = 8.2;
/// Pixels from one line of text to the next.
const LINE: f64 = 20.0;

/// Whose figures a bar or line shows. Each has a colour, a marker and a dash of its own, so that neither
/// colour nor print decides alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Series {
    /// barline.
    Ours,
    /// DPDK's path with SIMD.
    Vector,
    /// DPDK's path without it.
    Scalar,
    /// DPDK's path with transmit offloads.
    Full,
    /// The path of DPDK's that is best for the work.
    Best,
}

impl Series {
    /// As the legend and the tables have it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Series::Ours => "barline",
            Series::Vector => "DPDK vector",
            Series::Scalar => "DPDK scalar",
            Series::Full => "DPDK full-featured",
            Series::Best => "DPDK, its best path",
        }
    }

    /// Its class in the style sheet.
    fn class(self) -> &'static str {
        match self {
            Series::Ours => "ours",
            Series::Vector | Series::Best => "vector",
            Series::Scalar => "scalar",
            Series::Full => "full",
        }
    }

    /// Its marker with its centre at a point.
    fn marker(self, x: f64, y: f64) -> Markup {
        let class = format!("mark {}", self.class());
        let [left, right, top, bottom] = [x - 5.0, x + 5.0, y - 5.0, y + 5.0].map(px);
        let (x, y) = (px(x), px(y));
        html! {
            @match self {
                Series::Ours => circle class=(class) cx=(x) cy=(y) r="4.5" {},
                Series::Vector | Series::Best => rect class=(class) x=(left) y=(top) width="9" height="9" {},
                Series::Scalar => path class=(class) d=(format!("M{x} {top}L{right} {bottom}H{left}Z")) {},
                Series::Full => path class=(class) d=(format!("M{x} {top}L{right} {y}L{x} {bottom}L{left} {y}Z")) {},
            }
        }
    }
}

/// A coordinate as SVG writes it: tenths of a pixel are fine enough.
fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// A figure above its bar or in a tooltip: three digits that count.
pub(super) fn figure(value: f64) -> String {
    match value {
        v if v >= 99.95 => format!("{v:.0}"),
        v if v >= 9.995 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// A plot in its place: what it shows, whose figures these are, and the drawing. `about` is what a screen
/// reader says of the drawing; the tables of the page have its figures.
fn framed(title: &str, series: &[Series], about: &str, height: f64, drawing: Markup) -> Markup {
    html! {
        figure {
            figcaption {
                strong { (title) }
                @if !series.is_empty() {
                    ul.legend {
                        @for one in series {
                            li {
                                svg width="16" height="16" aria-hidden="true" { (one.marker(8.0, 8.0)) }
                                (one.name())
                            }
                        }
                    }
                }
            }
            div.scroll tabindex="0" {
                svg.plot role="img" aria-label=(about) width=(px(WIDTH)) height=(px(height))
                    viewBox=(format!("0 0 {} {}", px(WIDTH), px(height))) { (drawing) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
