//! What sysfs and configuration space say of PCI functions: files, links and registers with anything in
//! them. Whatever it is, it is read or refused, and nothing is reported that does not stand there.
#![no_main]

mod case;
mod look;
mod tree;

use barline::pci::PciDevice;
use libfuzzer_sys::fuzz_target;

use case::Case;
use look::look;

fuzz_target!(|case: Case| {
    case.on_tree(|tree| {
        let functions = PciDevice::all(&tree.root()).expect("the folder is there");
        assert_eq!(functions.len(), 3);
        functions.iter().for_each(look);
    });
});
