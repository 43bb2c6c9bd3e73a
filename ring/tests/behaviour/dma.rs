//! Slices of DMA memory.

use std::sync::Arc;

use crate::model::{Region, Register};

#[test]
fn a_slice_is_cut_in_two() {
    let (_, slice) = Region::new(4096, 0x4000);
    let base = slice.base();
    let (head, tail) = slice.split_at(1024).unwrap();
    assert_eq!((head.len(), head.iova()), (1024, 0x4000));
    assert_eq!((tail.len(), tail.iova()), (3072, 0x4400));
    assert_eq!(head.base(), base);
    assert_eq!(tail.base().addr().get() - base.addr().get(), 1024);
    let (tail, end) = tail.split_at(3072).unwrap();
    assert!(end.is_empty() && !tail.is_empty());
    assert!(tail.split_at(3073).is_none());
    assert!(format!("{head:?}").contains("0x4000"));
}

#[test]
fn parts_keep_the_memory() {
    let (region, slice) = Region::new(4096, 0);
    let (head, tail) = slice.split_at(64).unwrap();
    drop(region);
    drop(head);
    // Still there: AddressSanitizer would tell.
    // (Only the model reads it, and the region that did is gone.)
    assert_eq!(tail.len(), 4032);
}

#[test]
fn descriptions_name_no_address_of_the_process() {
    let register = Register::default();
    assert_eq!(format!("{:?}", register.doorbell()), "Doorbell");
    let _: Arc<dyn std::any::Any + Send + Sync> = Arc::new(());
}
