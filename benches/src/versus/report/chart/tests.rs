//! What can be said of plots without looking at them.

use super::axis::Axis;
use super::{Bars, Lines, Span, Spread};
use crate::versus::rows::Column;

/// A value that a plot has to live with.
const ODD: [f64; 6] = [0.0, -1.0, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

#[test]
fn an_axis_reaches_the_greatest_value_in_round_steps() {
    for (greatest, end, labels) in [
        (19.4, 20.0, vec!["0", "5", "10", "15", "20"]),
        (20.0, 20.0, vec!["0", "5", "10", "15", "20"]),
        (0.31, 0.4, vec!["0.0", "0.1", "0.2", "0.3", "0.4"]),
        (1.0, 1.5, vec!["0.0", "0.5", "1.0"]),
        (7000.0, 8000.0, vec!["0", "2000", "4000", "6000", "8000"]),
    ] {
        let axis = Axis::new([0.1, greatest], 4, 0.0, 100.0);
        let found: Vec<_> = axis.ticks().map(|(value, _)| axis.label(value)).collect();
        assert_eq!(found[..labels.len()], labels, "{greatest}");
        assert!(axis.end() >= greatest && axis.end() <= end, "{greatest}: {}", axis.end());
        assert!(axis.place(greatest) <= 100.0 && axis.place(0.0) == 0.0);
    }
}

#[test]
fn no_value_leads_out_of_a_plot() {
    for value in ODD {
        let axis = Axis::new([value], 4, 10.0, 90.0);
        for at in ODD {
            let place = axis.place(at);
            assert!((10.0..=90.0).contains(&place), "{value}, {at}: {place}");
        }
        assert!(axis.ticks().count() <= 6);
        let drawn = [
            Bars { title: "t", unit: "u", groups: vec![("g".into(), vec![(Column::Ours, value)])] }
                .draw(),
            Lines {
                title: "t",
                across: "a",
                unit: "u",
                places: vec!["1".into(), "2".into()],
                lines: vec![(Column::Ours, vec![Some(value), Some(1.0)])],
            }
            .draw(),
            Spread {
                title: "t",
                unit: "u",
                rows: vec![("r".into(), Span { median: value, low: value, high: value })],
            }
            .draw(),
        ];
        for plot in drawn {
            for (name, coordinate) in attributes(&plot.into_string()) {
                let broken = coordinate.contains("NaN") || coordinate.contains("inf");
                assert!(!broken && !coordinate.starts_with('-'), "{value}: {name}{coordinate}");
            }
        }
    }
}

/// Names and values of all attributes but the descriptions, which may say what they like.
fn attributes(plot: &str) -> Vec<(&str, &str)> {
    let pieces: Vec<&str> = plot.split('"').collect();
    let pairs = pieces.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    pairs.filter(|(name, _)| !name.ends_with("aria-label=")).collect()
}

#[test]
fn an_empty_plot_is_drawn() {
    for plot in [
        Bars { title: "t", unit: "u", groups: Vec::new() }.draw(),
        Lines { title: "t", across: "a", unit: "u", places: Vec::new(), lines: Vec::new() }.draw(),
        Spread { title: "t", unit: "u", rows: Vec::new() }.draw(),
    ] {
        assert!(plot.into_string().contains("<svg"));
    }
}

#[test]
fn a_place_without_a_value_leaves_a_gap() {
    let values = vec![Some(1.0), Some(2.0), None, Some(3.0), Some(4.0), None, Some(5.0)];
    let places = (0..7).map(|n| n.to_string()).collect();
    let plot =
        Lines { title: "t", across: "a", unit: "u", places, lines: vec![(Column::Full, values)] };
    let plot = plot.draw().into_string();
    // Two pairs of neighbours; the last value has a marker alone.
    assert_eq!(plot.matches("<polyline").count(), 2);
    assert_eq!(plot.matches("<g>").count(), 5);
}

#[test]
fn names_below_a_plot_keep_clear_of_each_other() {
    let places: Vec<_> = (0..40).map(|n| format!("place {n}")).collect();
    let lines = vec![(Column::Ours, vec![Some(1.0); 40])];
    let plot = Lines { title: "t", across: "a", unit: "u", places, lines }.draw().into_string();
    let shown = plot.matches(">place ").count();
    assert!((2..=10).contains(&shown), "{shown}");
    assert!(plot.contains(">place 39<"));
}
