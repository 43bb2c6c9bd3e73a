//! The verdict on a run, from everything that was seen.

use crate::console::Finding;
use vmtest::protocol::FromGuest;

/// Collects what counts.
#[derive(Debug, Default)]
pub struct Judge {
    result: Option<Result<(), String>>,
    broken: Option<String>,
    faults: Vec<String>,
    emulator_fault: bool,
    expects_faults: bool,
}

impl Judge {
    /// For a test that provokes DMA faults, or for one that does not.
    pub fn new(expects_faults: bool) -> Self {
        Self { expects_faults, ..Self::default() }
    }

    /// A line of note.
    pub fn note(&mut self, finding: Finding, line: &str) {
        match finding {
            Finding::DmaFault => self.faults.push(line.into()),
            Finding::EmulatorFault => self.emulator_fault = true,
            // The first is the cause; what follows is its wake.
            Finding::Broken => _ = self.broken.get_or_insert_with(|| line.into()),
        }
    }

    /// A message of the guest, which may be its result.
    pub fn hear(&mut self, message: &FromGuest) {
        match message {
            FromGuest::Pass => self.result = Some(Ok(())),
            FromGuest::Fail(reason) => self.result = Some(Err(reason.clone())),
            _ => {}
        }
    }

    /// How many DMA faults there were so far.
    pub fn faults(&self) -> usize {
        self.faults.len()
    }

    /// Whether the guest has told its result.
    pub fn has_result(&self) -> bool {
        self.result.is_some()
    }

    /// Whether the emulator failed by itself, so that nothing goes on.
    pub fn has_emulator_fault(&self) -> bool {
        self.emulator_fault
    }

    /// Whether nothing of worth can come any more.
    pub fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Why the run failed, or `None` when it did not. `cut_short` says why the runner ended it.
    pub fn failure(&self, cut_short: Option<String>) -> Option<String> {
        let mut reasons = Vec::new();
        match &self.result {
            Some(Ok(())) => {}
            Some(Err(reason)) => reasons.push(reason.clone()),
            None if cut_short.is_none() => reasons.push("the guest ended without a result".into()),
            None => {}
        }
        reasons.extend(cut_short);
        reasons.extend(self.broken.as_ref().map(|line| format!("the kernel broke: {line}")));
        match (self.faults.first(), self.expects_faults) {
            (Some(line), false) => reasons.push(format!("a DMA fault nobody expected: {line}")),
            (None, true) => reasons.push("no DMA fault, and the test is to provoke one".into()),
            _ => {}
        }
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(expects_faults: bool) -> Judge {
        let mut judge = Judge::new(expects_faults);
        judge.hear(&FromGuest::Pass);
        judge
    }

    #[test]
    fn a_pass_needs_a_result() {
        assert_eq!(passed(false).failure(None), None);
        let silent = Judge::new(false).failure(None).unwrap();
        assert!(silent.contains("without a result"), "{silent}");
        let hung = Judge::new(false).failure(Some("no result within 120 s".into())).unwrap();
        assert_eq!(hung, "no result within 120 s");
    }

    #[test]
    fn a_broken_kernel_outweighs_a_pass() {
        let mut judge = passed(false);
        judge.note(Finding::Broken, "Oops: 0002");
        judge.note(Finding::Broken, "Kernel panic");
        assert_eq!(judge.failure(None).unwrap(), "the kernel broke: Oops: 0002");
    }

    #[test]
    fn faults_must_be_as_declared() {
        let mut undeclared = passed(false);
        undeclared.note(Finding::DmaFault, "DMAR: x");
        assert!(undeclared.failure(None).unwrap().contains("DMAR: x"));
        assert!(passed(true).failure(None).unwrap().contains("no DMA fault"));
        let mut declared = passed(true);
        declared.note(Finding::DmaFault, "DMAR: x");
        assert_eq!((declared.failure(None), declared.faults()), (None, 1));
    }

    #[test]
    fn the_reason_of_the_test_comes_first() {
        let mut judge = Judge::new(false);
        judge.hear(&FromGuest::Fail("3 frames lost".into()));
        let reason = judge.failure(Some("QEMU did not end when told to".into())).unwrap();
        assert_eq!(reason, "3 frames lost; QEMU did not end when told to");
    }
}
