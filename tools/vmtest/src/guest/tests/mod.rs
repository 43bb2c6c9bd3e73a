//! The bodies of the tests, keyed by the names in `vmtest::spec`, and the workers that they start.

mod bench;
mod boot;
mod examples;
mod exchange;
mod features;
mod igbvf_smoke;
mod info;
mod isolation;
mod peer;
mod removal;
mod resets;
mod tcp;
mod testpmd_smoke;
mod vfio_open;
mod vfio_refusals;

use vmtest::Result;

/// A test.
pub struct Test {
    /// Its name, as in the table that the host reads.
    pub name: &'static str,
    /// What it does; `Ok` is a pass.
    pub body: fn() -> Result,
}

/// Code of a test that runs in a process of its own, started by `Program::worker`.
pub struct Worker {
    /// Its name.
    pub name: &'static str,
    /// What it does with its arguments.
    pub body: fn(&[String]) -> Result,
}

/// All tests.
pub const TESTS: &[Test] = &[
    Test { name: "boot", body: boot::run },
    Test { name: "exchange", body: exchange::run },
    Test { name: "exchange-unprivileged", body: exchange::run_unprivileged },
    Test { name: "features", body: features::run },
    Test { name: "peer", body: peer::run },
    Test { name: "resets", body: resets::run },
    Test { name: "isolation", body: isolation::run },
    Test { name: "removal", body: removal::run },
    Test { name: "kills", body: removal::kills },
    Test { name: "rates", body: peer::rates },
    Test { name: "bench", body: bench::run },
    Test { name: "examples", body: examples::run },
    Test { name: "info", body: info::run },
    Test { name: "tcp", body: tcp::run },
    Test { name: "igbvf-smoke", body: igbvf_smoke::run },
    Test { name: "testpmd-smoke", body: testpmd_smoke::run },
    Test { name: "vfio-open", body: vfio_open::run },
    Test { name: "vfio-no-iommu", body: vfio_refusals::no_iommu },
    Test { name: "vfio-no-intremap", body: vfio_refusals::no_interrupt_remapping },
    Test { name: "vfio-not-viable", body: vfio_refusals::not_viable },
];

/// All workers.
pub const WORKERS: &[Worker] = &[
    Worker { name: "exchange", body: exchange::worker },
    Worker { name: "busy", body: removal::busy },
    Worker { name: "vfio-map", body: vfio_open::map_worker },
];

#[cfg(test)]
mod table {
    use super::*;

    #[test]
    fn host_and_guest_have_the_same_tests() {
        let bodies: Vec<_> = TESTS.iter().map(|test| test.name).collect();
        let specs: Vec<_> = vmtest::spec::TESTS.iter().map(|spec| spec.name).collect();
        assert_eq!(bodies, specs);
        let bodies: Vec<_> = crate::selftest::TESTS.iter().map(|test| test.name).collect();
        let specs: Vec<_> = vmtest::spec::SELF_TESTS.iter().map(|(spec, _)| spec.name).collect();
        assert_eq!(bodies, specs);
    }

    #[test]
    fn workers_have_names_of_their_own() {
        let mut names: Vec<_> = WORKERS.iter().map(|worker| worker.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), WORKERS.len());
    }
}
