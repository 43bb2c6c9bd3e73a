//! The lines on the second serial port: guest to host what happened, host to guest the answers.
//!
//! One message a line. Text is escaped so that a line feed inside it does not end the line; all
//! other bytes travel as they are, since both ends put the port into raw mode.

/// What the guest tells the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromGuest {
    /// The guest is up: everything is mounted and the test is about to start.
    Up,
    /// Output of the test, in pieces as it comes, not necessarily whole lines.
    Output(String),
    /// A request that wants one [`FromHost`] as its answer.
    Ask(Request),
    /// The test passed.
    Pass,
    /// The test failed, and why.
    Fail(String),
}

/// What a guest can ask its host for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Plug or pull the cable of a PF.
    SetLink {
        /// Which PF, from 0.
        pf: u8,
        /// True to plug.
        up: bool,
    },
    /// How many DMA faults have been seen so far, on the guest's console and by QEMU together.
    DmaFaults,
    /// A command for QEMU's monitor, answered with the text that it prints.
    Monitor(String),
}

/// The host's answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromHost {
    /// Done; the text is the result, if there is any.
    Ok(String),
    /// Not done, and why.
    Refused(String),
}

impl FromGuest {
    /// The message as a line, without the line feed.
    pub fn to_line(&self) -> String {
        match self {
            Self::Up => "up".into(),
            Self::Output(text) => format!("out {}", escape(text)),
            Self::Ask(Request::SetLink { pf, up }) => {
                format!("ask set_link {pf} {}", if *up { "on" } else { "off" })
            }
            Self::Ask(Request::DmaFaults) => "ask dma_faults".into(),
            Self::Ask(Request::Monitor(command)) => format!("ask monitor {}", escape(command)),
            Self::Pass => "pass".into(),
            Self::Fail(reason) => format!("fail {}", escape(reason)),
        }
    }

    /// Reads a line; `None` when it is no message.
    pub fn parse(line: &str) -> Option<Self> {
        let (word, rest) = split(line);
        Some(match word {
            "up" => Self::Up,
            "out" => Self::Output(unescape(rest)),
            "ask" => Self::Ask(Request::parse(rest)?),
            "pass" => Self::Pass,
            "fail" => Self::Fail(unescape(rest)),
            _ => return None,
        })
    }
}

impl Request {
    fn parse(text: &str) -> Option<Self> {
        let (word, rest) = split(text);
        match word {
            "set_link" => {
                let (pf, state) = split(rest);
                let up = match state {
                    "on" => true,
                    "off" => false,
                    _ => return None,
                };
                Some(Self::SetLink { pf: pf.parse().ok()?, up })
            }
            "dma_faults" => Some(Self::DmaFaults),
            "monitor" => Some(Self::Monitor(unescape(rest))),
            _ => None,
        }
    }
}

impl FromHost {
    /// The answer as a line, without the line feed.
    pub fn to_line(&self) -> String {
        match self {
            Self::Ok(text) => format!("ok {}", escape(text)),
            Self::Refused(reason) => format!("err {}", escape(reason)),
        }
    }

    /// Reads a line; `None` when it is no answer.
    pub fn parse(line: &str) -> Option<Self> {
        let (word, rest) = split(line);
        match word {
            "ok" => Some(Self::Ok(unescape(rest))),
            "err" => Some(Self::Refused(unescape(rest))),
            _ => None,
        }
    }
}

/// The first word and what follows its space.
fn split(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => plain.push('\n'),
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_survives_the_line() {
        let messages = [
            FromGuest::Up,
            FromGuest::Output("two\nlines \\n and\ta tab \r".into()),
            FromGuest::Ask(Request::SetLink { pf: 1, up: false }),
            FromGuest::Ask(Request::DmaFaults),
            FromGuest::Ask(Request::Monitor("info pci".into())),
            FromGuest::Pass,
            FromGuest::Fail("left: 1\nright: 2".into()),
        ];
        for message in messages {
            let line = message.to_line();
            assert!(!line.contains('\n'), "{line:?}");
            assert_eq!(FromGuest::parse(&line), Some(message));
        }
        for answer in [FromHost::Ok("3".into()), FromHost::Refused("no PF 7\n".into())] {
            assert_eq!(FromHost::parse(&answer.to_line()), Some(answer));
        }
    }

    #[test]
    fn anything_else_is_no_message() {
        for line in ["", "passed", "ask", "ask set_link", "ask set_link 0", "ask set_link x on"] {
            assert_eq!(FromGuest::parse(line), None, "{line:?}");
        }
        assert_eq!(FromHost::parse("okay"), None);
    }

    #[test]
    fn a_backslash_at_the_end_is_harmless() {
        assert_eq!(FromGuest::parse("fail x\\"), Some(FromGuest::Fail("x".into())));
    }
}
