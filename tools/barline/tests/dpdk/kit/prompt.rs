//! Where testpmd's prompt is in what it prints.
//!
//! It writes the prompt byte by byte, and its threads that wait for interrupts print whole lines at any
//! time. So lines can come between the bytes of a prompt: the rest of it is at the start of the next line.

use std::ops::Range;

/// Without the blank behind it, which comes as a byte of its own, too.
const PROMPT: &str = "testpmd>";

/// Which bytes are the first prompt, or the rest of one that lines have come into.
pub fn find(text: &str) -> Option<Range<usize>> {
    let whole = text.find(PROMPT).map(|at| at..at + PROMPT.len());
    whole.into_iter().chain(find_torn(text)).min_by_key(|prompt| prompt.start)
}

/// The end of a prompt at the start of a line, after a line that starts as a prompt does.
fn find_torn(text: &str) -> Option<Range<usize>> {
    let mut at = 0;
    let mut begun = false;
    for line in text.split_inclusive('\n') {
        let rest = (1..PROMPT.len()).find(|cut| line.starts_with(&PROMPT[*cut..]));
        if let Some(cut) = rest.filter(|_| begun) {
            return Some(at..at + PROMPT.len() - cut);
        }
        begun |= line.starts_with(&PROMPT[..1]);
        at += line.len();
    }
    None
}

#[test]
fn prompts_are_found_whole_and_torn() {
    assert_eq!(find("Done\ntestpmd> "), Some(5..13));
    assert_eq!(find("Done\nteixgbevf_intr_enable():  >>\nstpmd> "), Some(34..40));
    assert_eq!(find("testpmd>ixgbevf_intr_enable():  >>\n "), Some(0..8));
    assert_eq!(find("testpmdPort 0: event\n>Port 0: event\n"), Some(21..22));
    assert_eq!(find("tePort 0: event\nstpPort 0: event\nmd> "), Some(33..36));
    for none in ["", "Done\n", "testpmd", "testpmd: create\n  RX-packets: 1\n", "RX\n> "] {
        assert_eq!(find(none), None, "{none}");
    }
}
