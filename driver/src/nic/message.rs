//! The first word of a mailbox message: what it is about, and what the PF marks it with.
//!
//! Sources: Linux's igb (`e1000_mbx.h`) and ixgbe (`ixgbe_mbx.h`), which agree.

/// Words that a message can have.
pub(super) const WORDS: usize = 16;

/// Set in an answer: the PF did what was asked.
pub(super) const ACK: u32 = 1 << 31;
/// Set in an answer: the PF refused.
pub(super) const NACK: u32 = 1 << 30;
/// Set while the PF takes requests from this VF.
pub(super) const CLEAR_TO_SEND: u32 = 1 << 29;

/// What a message is about.
pub(super) const KIND: u32 = 0xffff;
/// The first message of a VF after a reset.
pub(super) const GREETING: u32 = 0x01;

/// Whether a message answers one of the VF's.
pub(super) fn is_answer(message: &[u32; WORDS]) -> bool {
    message[0] & (ACK | NACK) != 0
}

/// Whether a message says that the PF takes no requests from the VF: it has forgotten its greeting.
/// PFs ping their VFs when their link changes, and before they reset; a refusal that nobody asked for
/// is how they answer a VF that they do not know.
pub(super) fn is_farewell(message: &[u32; WORDS]) -> bool {
    // The answer to a greeting never has the mark.
    let greeting = is_answer(message) && message[0] & KIND == GREETING;
    let marked = message[0] & (CLEAR_TO_SEND | ACK) != 0;
    !greeting && !marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn farewells_are_told_from_pings_and_answers() {
        const PING: u32 = 0x100;
        for (word, farewell) in [
            (PING | CLEAR_TO_SEND, false),
            (PING, true),
            (NACK, true),
            (GREETING | NACK, false),
            (GREETING | ACK, false),
            (0x04 | ACK | CLEAR_TO_SEND, false),
            (0x04 | NACK | CLEAR_TO_SEND, false),
            (0x04 | NACK, true),
        ] {
            let mut message = [0; WORDS];
            message[0] = word;
            assert_eq!(is_farewell(&message), farewell, "{word:#x}");
        }
    }
}
