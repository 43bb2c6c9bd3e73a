//! `differences.txt`: the differences that have a reason.
//!
//! A line at the margin is a pattern of differences, in which `*` stands for anything; the lines behind
//! it that are set in are the reason. Lines that begin with `#` are for the reader.

use std::collections::BTreeSet;

const FILE: &str = include_str!("differences.txt");

/// A pattern with its reason.
#[derive(Debug, PartialEq, Eq)]
struct Entry<'a> {
    pattern: &'a str,
    reason: String,
}

/// Whether each difference has a reason, and each reason a difference.
///
/// # Errors
/// What has none, as text.
pub fn explained(differences: &[String]) -> Result<(), String> {
    check(&entries(FILE)?, differences)
}

fn check(entries: &[Entry<'_>], differences: &[String]) -> Result<(), String> {
    let fits = |entry: &Entry<'_>, difference: &String| matches(entry.pattern, difference);
    let mut trouble = Vec::new();
    for difference in differences {
        if !entries.iter().any(|entry| fits(entry, difference)) {
            trouble.push(format!("a difference without a reason: {difference}"));
        }
    }
    for entry in entries {
        if !differences.iter().any(|difference| fits(entry, difference)) {
            trouble.push(format!("a reason without a difference: {}", entry.pattern));
        }
    }
    if trouble.is_empty() { Ok(()) } else { Err(trouble.join("\n")) }
}

fn entries(text: &str) -> Result<Vec<Entry<'_>>, String> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut patterns = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        match (line.strip_prefix(' '), entries.last_mut()) {
            (Some(reason), Some(entry)) => {
                entry.reason += reason.trim();
                entry.reason.push(' ');
            }
            (Some(_), None) => return Err(format!("a reason without a pattern: {line}")),
            (None, _) => {
                if !patterns.insert(line) {
                    return Err(format!("a pattern that is there twice: {line}"));
                }
                entries.push(Entry { pattern: line, reason: String::new() });
            }
        }
    }
    match entries.iter().find(|entry| entry.reason.is_empty()) {
        Some(entry) => Err(format!("a pattern without a reason: {}", entry.pattern)),
        None => Ok(entries),
    }
}

/// Whether a pattern is about a text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(before) = last.replace(part) {
            let Some(at) = rest.find(before) else { return false };
            rest = &rest[at + before.len()..];
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[test]
fn patterns_match_from_end_to_end() {
    for (pattern, text) in [
        ("start: a", "start: a"),
        ("*: a", "start: a"),
        ("start: *", "start: "),
        ("*: write VFRD*(0): *", "stop: write VFRDLEN(0): 7"),
        ("a*a", "aa"),
    ] {
        assert!(matches(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [
        ("start: a", "start: ab"),
        ("a", "ba"),
        ("a*a", "a"),
        ("*b", "a"),
        ("a*b*c", "acb"),
        ("", "a"),
    ] {
        assert!(!matches(pattern, text), "{pattern} {text}");
    }
}

#[test]
fn what_has_no_reason_and_what_is_no_difference_both_fail() {
    let text = "# for the reader\n\nstart: a*\n    since it is\n    so\nstop: b\n  since\n";
    let entries = entries(text).unwrap();
    assert_eq!(entries[0].reason, "since it is so ");
    let check = |differences: &[&str]| {
        let differences: Vec<_> = differences.iter().map(ToString::to_string).collect();
        check(&entries, &differences)
    };
    assert_eq!(check(&["start: a", "start: ab", "stop: b"]), Ok(()));
    assert_eq!(
        check(&["start: a", "stop: b", "stop: c"]).unwrap_err(),
        "a difference without a reason: stop: c"
    );
    assert_eq!(check(&["start: a"]).unwrap_err(), "a reason without a difference: stop: b");
}

#[test]
fn lists_that_make_no_sense() {
    for (text, what) in [
        ("  since\n", "a reason without a pattern"),
        ("start: a\n", "a pattern without a reason"),
        ("a\n  x\na\n  x\n", "there twice"),
    ] {
        let error = entries(text).unwrap_err();
        assert!(error.contains(what), "{error}");
    }
}
