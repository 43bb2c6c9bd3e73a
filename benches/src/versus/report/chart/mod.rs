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
pub(super) use spread::{Span, Spread};

use maud::{Markup, html};

use crate::versus::report::words;
use crate::versus::rows::Column;

/// Width of every plot in CSS pixels: a phone of 360 less the page's margins.
const WIDTH: f64 = 328.0;
/// Pixels that a character takes at most, on average: letters are 14 pixels high.
const CHARACTER: f64 = 9.0;
/// Pixels from one line of text to the next.
const LINE: f64 = 20.0;

/// A column's class in the style sheet, which has its colour and dash.
fn class(column: Column) -> &'static str {
    match column {
        Column::Ours => "ours",
        Column::OursAvx2 => "avx2",
        Column::OursPlain => "plain-x86",
        Column::OursSmall => "small",
        Column::Vector => "vector",
        Column::Scalar => "scalar",
        Column::Full => "full",
    }
}

/// A column's marker with its centre at a point: a shape of its own, so that colour does not decide
/// alone.
fn marker(column: Column, x: f64, y: f64) -> Markup {
    let class = format!("mark {}", class(column));
    let [left, right, top, bottom] = [x - 5.0, x + 5.0, y - 5.0, y + 5.0].map(px);
    let (x, y) = (px(x), px(y));
    let path = match column {
        Column::Ours => return html! { circle class=(class) cx=(x) cy=(y) r="4.8" {} },
        Column::Vector => format!("M{left} {top}H{right}V{bottom}H{left}Z"),
        Column::Scalar => format!("M{x} {top}L{right} {bottom}H{left}Z"),
        Column::Full => format!("M{x} {top}L{right} {y}L{x} {bottom}L{left} {y}Z"),
        Column::OursAvx2 => format!("M{left} {top}H{right}L{x} {bottom}Z"),
        Column::OursPlain => format!("M{left} {top}L{right} {y}L{left} {bottom}Z"),
        Column::OursSmall => format!("M{right} {top}L{left} {y}L{right} {bottom}Z"),
    };
    html! { path class=(class) d=(path) {} }
}

/// A coordinate as SVG writes it: tenths of a pixel are fine enough.
fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// A plot in its place: what it shows, whose figures these are, and the drawing. `about` is what a screen
/// reader says of the drawing; the tables of the page have its figures.
fn framed(title: &str, columns: &[Column], about: &str, height: f64, drawing: Markup) -> Markup {
    html! {
        figure {
            figcaption {
                strong { (title) }
                @if !columns.is_empty() {
                    ul.legend {
                        @for column in columns {
                            li {
                                svg width="16" height="16" aria-hidden="true" { (marker(*column, 8.0, 8.0)) }
                                (words::column(*column))
                            }
                        }
                    }
                }
            }
            div.scroll role="region" aria-label=(title) tabindex="0" {
                svg.plot role="img" aria-label=(about) width=(px(WIDTH)) height=(px(height))
                    viewBox=(format!("0 0 {} {}", px(WIDTH), px(height))) { (drawing) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
