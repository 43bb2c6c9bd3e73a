//! Axes of values: from 0 to a round number, in round steps.

use maud::{Markup, html};

use super::{CHARACTER, px};

/// An axis from 0 on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// From one tick to the next: 1, 2 or 5 times a power of ten.
    step: f64,
    /// Steps that it has.
    steps: u32,
    /// Where 0 is, in pixels.
    from: f64,
    /// Where its end is, in pixels: less than `from` on an axis that goes up.
    to: f64,
}

impl Axis {
    /// One that reaches to the greatest of `values` or beyond, in at most `ticks` steps, drawn from
    /// pixel to pixel. What is no number, or less than 0, does not count.
    pub(super) fn new(
        values: impl IntoIterator<Item = f64>,
        ticks: u32,
        from: f64,
        to: f64,
    ) -> Axis {
        let usable = values.into_iter().filter(|value| value.is_finite());
        let greatest = usable.fold(0.0, f64::max).clamp(1e-6, 1e12);
        let rough = greatest / f64::from(ticks);
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|factor| factor * power)
            .into_iter()
            .find(|step| *step >= rough * (1.0 - 1e-9));
        let step = step.unwrap_or(rough);
        Axis { step, steps: (greatest / step - 1e-9).ceil().max(1.0) as u32, from, to }
    }

    /// The value at its end.
    pub(super) fn end(&self) -> f64 {
        self.step * f64::from(self.steps)
    }

    /// Where a value is, in pixels. One beyond an end is at that end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = (value / self.end()).clamp(0.0, 1.0);
        self.from + (self.to - self.from) * if share.is_nan() { 0.0 } else { share }
    }

    /// Its ticks: value, and place in pixels.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        (0..=self.steps).map(|n| self.step * f64::from(n)).map(|value| (value, self.place(value)))
    }

    /// A tick's value in as many digits as the step needs.
    pub(super) fn label(&self, value: f64) -> String {
        let digits = (-self.step.log10().floor()).clamp(0.0, 6.0) as usize;
        format!("{value:.digits$}")
    }

    /// Drawn below a plot: a line up to `top` at each tick, its value below `bottom`, the title under that.
    pub(super) fn below(&self, top: f64, bottom: f64, title: &str) -> Markup {
        html! {
            @for (value, x) in self.ticks() {
                line.grid x1=(px(x)) x2=(px(x)) y1=(px(top)) y2=(px(bottom)) {}
                text.tick x=(px(x)) y=(px(bottom + 17.0)) text-anchor="middle" { (self.label(value)) }
            }
            text.title x=(px((self.from + self.to) / 2.0)) y=(px(bottom + 38.0)) text-anchor="middle" { (title) }
        }
    }

    /// Drawn at the left of a plot: a line to `right` at each tick, its value left of `left`.
    pub(super) fn beside(&self, left: f64, right: f64) -> Markup {
        html! {
            @for (value, y) in self.ticks() {
                line.grid x1=(px(left)) x2=(px(right)) y1=(px(y)) y2=(px(y)) {}
                text.tick x=(px(left - 6.0)) y=(px(y + 5.0)) text-anchor="end" { (self.label(value)) }
            }
        }
    }

    /// Pixels that its widest label takes.
    pub(super) fn label_width(&self) -> f64 {
        self.label(self.end()).chars().count() as f64 * CHARACTER
    }
}
