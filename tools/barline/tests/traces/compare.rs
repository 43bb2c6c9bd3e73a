//! What two drivers do differently in a phase, as lines of text.

use std::collections::{BTreeMap, BTreeSet};

use crate::normal::{ENABLE, Item};
use crate::phase::Phase;

/// What a device is told in what order matters between these, and not within one of them: a queue takes
/// its set-up in any order, but before it is turned on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Reset,
    Messages,
    BusMaster,
    Interrupts,
    Spreading,
    RxSetUp,
    RxOn,
    RxOff,
    RxTail,
    TxSetUp,
    TxOn,
    TxOff,
    TxTail,
}

impl Class {
    fn of(item: &Item) -> Option<Class> {
        let (name, value) = match item {
            Item::Call { .. } => return Some(Class::Reset),
            Item::Request { .. } => return Some(Class::Messages),
            Item::Write { name, value } => (name.as_str(), value.as_str()),
            _ => return None,
        };
        let is_on = u64::from_str_radix(value, 16).is_ok_and(|value| value & ENABLE != 0);
        let is = |kinds: &[&str]| kinds.iter().any(|kind| name.starts_with(kind));
        Some(match name {
            "VFCTRL" => Class::Reset,
            "bus master" => Class::BusMaster,
            _ if is(&["VTE", "VTIVAR", "VTRSCINT"]) => Class::Interrupts,
            _ if is(&["VFPSRTYPE", "VFMRQC", "VFRSSRK", "VFRETA"]) => Class::Spreading,
            _ if is(&["VFRXDCTL"]) => {
                if is_on {
                    Class::RxOn
                } else {
                    Class::RxOff
                }
            }
            _ if is(&["VFTXDCTL"]) => {
                if is_on {
                    Class::TxOn
                } else {
                    Class::TxOff
                }
            }
            // A tail of 0 gives the device nothing.
            _ if is(&["VFRDT"]) && value != "00000000" => Class::RxTail,
            _ if is(&["VFTDT"]) && value != "00000000" => Class::TxTail,
            _ if is(&["VFRD", "VFDCA_RX", "VFSRRCTL", "VFRSCCTL"]) => Class::RxSetUp,
            _ if is(&["VFTD", "VFDCA_TX"]) => Class::TxSetUp,
            _ => return None,
        })
    }
}

/// All differences, each as `PHASE: KIND: WHAT`.
pub fn differences(phase: Phase, ours: &[Item], theirs: &[Item]) -> Vec<String> {
    let mut found = values(ours, theirs);
    found.extend(order(ours, theirs));
    found.into_iter().map(|difference| format!("{phase}: {difference}")).collect()
}

/// What is written, sent, seen and read by one only, or with other values.
fn values(ours: &[Item], theirs: &[Item]) -> Vec<String> {
    let (ours, theirs) = (by_key(ours), by_key(theirs));
    let keys: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let shown = |values: &[String]| values.join(" ");
    let difference = |key: &String| match (ours.get(key), theirs.get(key)) {
        (Some(a), Some(b)) if a == b => None,
        (Some(a), Some(b)) => Some(("other", format!("{} / {}", shown(a), shown(b)))),
        (Some(a), None) => Some(("ours", shown(a))),
        (None, Some(b)) => Some(("theirs", shown(b))),
        (None, None) => None,
    };
    let found =
        keys.into_iter().filter_map(|key| difference(key).map(|found| (key.clone(), found)));
    let line = |(key, (kind, values)): (String, (&str, String))| match values.as_str() {
        "" => format!("{kind}: {key}"),
        values => format!("{kind}: {key}: {values}"),
    };
    in_rows(found.collect()).into_iter().map(line).collect()
}

/// Puts registers of which each has a number, and which follow each other and are all the same, into one.
fn in_rows<T: PartialEq>(found: Vec<(String, T)>) -> Vec<(String, T)> {
    let mut rows: Vec<(String, u32, u32, T)> = Vec::new();
    for (key, what) in found {
        let numbered = key.split_once('(').and_then(|(name, number)| {
            Some((name.to_string(), number.strip_suffix(')')?.parse().ok()?))
        });
        let (name, number) = numbered.unwrap_or((key, u32::MAX));
        match rows.last_mut() {
            Some((before, _, last, the_same))
                if *before == name && last.checked_add(1) == Some(number) && *the_same == what =>
            {
                *last = number;
            }
            _ => rows.push((name, number, number, what)),
        }
    }
    let named = |(name, first, last, what)| match (first, last) {
        (u32::MAX, _) => (name, what),
        (first, last) if first == last => (format!("{name}({first})"), what),
        (first, last) => (format!("{name}({first}-{last})"), what),
    };
    rows.into_iter().map(named).collect()
}

/// What happens, and with which values in their order.
fn by_key(items: &[Item]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for item in items {
        let (key, value) = match item {
            Item::Write { name, value } => (format!("write {name}"), value.clone()),
            Item::Request { name, words } => {
                let words: Vec<_> = words.iter().map(|word| format!("{word:08x}")).collect();
                (format!("request {name}"), format!("({})", words.join(" ")))
            }
            Item::Answer { name, word } => (format!("answer {name}"), format!("{word:08x}")),
            Item::Protocol { steps } => ("mailbox".to_string(), format!("({steps})")),
            Item::Seen { name, on } => {
                (format!("seen {name}"), if *on { "on".into() } else { "off".into() })
            }
            Item::Call { name } => (format!("call {name}"), String::new()),
            Item::Read { name } => (format!("read {name}"), String::new()),
        };
        let values = found.entry(key).or_default();
        // What is done for each message is the same, or is a difference, however many there are.
        if !matches!(item, Item::Protocol { .. }) || !values.contains(&value) {
            values.push(value);
        }
    }
    found
}

/// Pairs of classes which one driver has in another order than the other.
fn order(ours: &[Item], theirs: &[Item]) -> Vec<String> {
    let (ours, theirs) = (places(ours), places(theirs));
    let common: Vec<_> = ours.keys().filter(|class| theirs.contains_key(class)).collect();
    let mut found = Vec::new();
    for (at, first) in common.iter().enumerate() {
        for second in &common[at + 1..] {
            let relation = |places: &BTreeMap<Class, (usize, usize)>| {
                let ((a, b), (c, d)) = (places[*first], places[*second]);
                match (b < c, d < a) {
                    (true, _) => "before",
                    (_, true) => "after",
                    _ => "among",
                }
            };
            let (a, b) = (relation(&ours), relation(&theirs));
            if a != b {
                found.push(format!("order: {first:?} {a} {second:?} / {b}"));
            }
        }
    }
    found
}

/// The first and the last place of each class.
fn places(items: &[Item]) -> BTreeMap<Class, (usize, usize)> {
    let mut found = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        if let Some(class) = Class::of(item) {
            found.entry(class).or_insert((at, at)).1 = at;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(name: &str, value: &str) -> Item {
        Item::Write { name: name.into(), value: value.into() }
    }

    #[test]
    fn equal_traces_do_not_differ() {
        let items = [write("VFRDBAL(0)", "address"), write("VFRXDCTL(0)", "02000000")];
        assert!(differences(Phase::Start, &items, &items).is_empty());
    }

    #[test]
    fn each_kind_of_difference() {
        let read = |name: &str| Item::Read { name: name.into() };
        let request = |word| Item::Request { name: "SET_LPE".into(), words: vec![5, word] };
        let ours =
            [write("VFRDLEN(0)", "00000400"), write("VTEIAM", "6"), request(1518), read("VTEICR")];
        let theirs =
            [write("VFRDLEN(0)", "00002000"), request(1522), write("VFTDH(0)", "00000000")];
        assert_eq!(
            differences(Phase::Start, &ours, &theirs),
            [
                "start: ours: read VTEICR",
                "start: other: request SET_LPE: (00000005 000005ee) / (00000005 000005f2)",
                "start: other: write VFRDLEN(0): 00000400 / 00002000",
                "start: theirs: write VFTDH(0): 00000000",
                "start: ours: write VTEIAM: 6",
            ]
        );
    }

    #[test]
    fn queues_that_are_treated_alike_are_in_one_line() {
        let heads = |queues: std::ops::Range<u32>| -> Vec<Item> {
            queues.map(|queue| write(&format!("VFRDH({queue})"), "00000000")).collect()
        };
        let mut theirs = heads(0..8);
        theirs.push(write("VFRDH(5)", "00000000"));
        assert_eq!(
            differences(Phase::Init, &heads(0..2), &theirs),
            [
                "init: theirs: write VFRDH(2-4): 00000000",
                "init: theirs: write VFRDH(5): 00000000 00000000",
                "init: theirs: write VFRDH(6-7): 00000000",
            ]
        );
    }

    #[test]
    fn order_counts_between_classes_and_not_within() {
        let (base, len) = (write("VFRDBAL(0)", "address"), write("VFRDLEN(0)", "00000400"));
        let (on, tail) = (write("VFRXDCTL(0)", "02000000"), write("VFRDT(0)", "0000001f"));
        let ours = [base.clone(), len.clone(), on.clone(), tail.clone()];
        let swapped = [len.clone(), base.clone(), on.clone(), tail.clone()];
        assert!(differences(Phase::Start, &ours, &swapped).is_empty());
        let early = [base.clone(), len.clone(), tail.clone(), on.clone()];
        assert_eq!(
            differences(Phase::Start, &ours, &early),
            ["start: order: RxOn before RxTail / after"]
        );
        let among = [base, on, len, tail];
        assert_eq!(
            differences(Phase::Start, &ours, &among),
            ["start: order: RxSetUp before RxOn / among"]
        );
    }
}
