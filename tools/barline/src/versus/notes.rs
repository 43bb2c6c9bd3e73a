//! What one has to know to read the figures.

use barline_benches::versus::parent::Setting;
use barline_benches::versus::rows::Results;

/// Whole sentences, the ones that matter most first.
pub fn notes(results: &Results, setting: &Setting<'_>, missing: Option<&str>) -> Vec<String> {
    let mut notes = vec![
        "A software device: registers, descriptors and doorbells are ordinary memory. No PCIe and no MMIO \
         cost is in these figures, on either side."
            .to_string(),
        "Nothing here was run on silicon.".to_string(),
    ];
    if results.dpdk.is_some() {
        notes.push(
            "Neither side rings its doorbells with MOVDIRI. DPDK would where the processor has it, which is \
             right on silicon, but throws a software device's doorbell out of the cache and would double \
             DPDK's figures here: so its program does not see that instruction."
                .into(),
        );
        notes.push(
            "DPDK's program was compiled here with -O3 -march=native; ours is one binary for all x86-64."
                .into(),
        );
    }
    if let Some(missing) = missing {
        notes.push(format!("DPDK was not measured: {missing}"));
    }
    if results.machine.hugepages == 0 {
        notes.push(
            "There are no hugepages: ours runs on ordinary pages, which a little costs.".into(),
        );
    }
    if setting.other_core.is_none() {
        notes.push(
            "One core: nothing that takes two was measured (rings last written by another core, rates, \
             round trips)."
                .into(),
        );
    }
    notes.push(
        "Cycles are those of the time stamp counter, which ticks at a fixed rate whatever the core runs at."
            .into(),
    );
    notes
}
