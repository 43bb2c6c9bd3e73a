//! Registers on a processor that cannot trap accesses to them.

use super::super::kernel::PAGE;
use super::bar;
use super::child;

#[test]
fn registers_with_effects_are_not_mapped() {
    child(|| {
        let (mapped, used) = bar::map(0, 0, 0);
        assert_eq!(mapped, Err(libc::ENOTSUP));
        assert!(used.upgrade().is_none());
        let (mapped, used) = bar::map(0, 0, PAGE as i64);
        assert!(mapped.is_ok() && used.upgrade().is_some());
    });
}
