//! Where testpmd's prompt is in what it prints.
//!
//! It writes the prompt byte by byte, and its threads that wait for interrupts print whole lines at any
//! time. So a line can come between the bytes of a prompt: the rest of it is at the start of the next line.

use std::ops::Range;

const PROMPT: &str = "testpmd> ";

/// Which bytes are the first prompt, or the rest of one that a line has come into.
pub fn find(text: &str) -> Option<Range<usize>> {
    let whole = text.find(PROMPT).map(|at| at..at + PROMPT.len());
    let torn = (1..PROMPT.len()).filter_map(|cut| find_torn(text, PROMPT.split_at(cut)));
    whole.into_iter().chain(torn).min_by_key(|prompt| prompt.start)
}

/// The second part at the start of a line, after a line that starts with the first part and something else.
fn find_torn(text: &str, (first, second): (&str, &str)) -> Option<Range<usize>> {
    let mut at = 0;
    let mut begun = false;
    for line in text.split_inclusive('\n') {
        // One blank is the start of many a line, but seldom the whole of one that has no end.
        let is_rest = if second == " " { line == second } else { line.starts_with(second) };
        if begun && is_rest {
            return Some(at..at + second.len());
        }
        begun |= line.strip_prefix(first).is_some_and(|more| !more.starts_with(second));
        at += line.len();
    }
    None
}

#[test]
fn prompts_are_found_whole_and_torn() {
    assert_eq!(find("Done\ntestpmd> "), Some(5..14));
    assert_eq!(find("Done\nteixgbevf_intr_enable():  >>\nstpmd> "), Some(34..41));
    assert_eq!(find("testpmd>ixgbevf_intr_enable():  >>\n "), Some(35..36));
    assert_eq!(find("testpmdPort 0: event\n> Port 0: event\n"), Some(21..23));
    assert_eq!(find("testpmd> ixgbevf_intr_enable():  >>\n"), Some(0..9));
    for none in
        ["", "Done\n", "testpmd", "t\n  RX-packets: 1\n", "testpmd: create\n  RX\n", "tx\n> "]
    {
        assert_eq!(find(none), None, "{none}");
    }
}
