//! The bodies of the tests, keyed by the names in `vmtest::spec`, and the workers that they start.

mod boot;
mod testpmd_smoke;

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
    Test { name: "testpmd-smoke", body: testpmd_smoke::run },
];

/// All workers.
pub const WORKERS: &[Worker] = &[];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_guest_have_the_same_tests() {
        let bodies: Vec<_> = TESTS.iter().map(|test| test.name).collect();
        let specs: Vec<_> = vmtest::spec::TESTS.iter().map(|spec| spec.name).collect();
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
