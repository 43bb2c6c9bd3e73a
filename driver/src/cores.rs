//! Which cores this process may use, and pinning threads to them.

use std::sync::OnceLock;

use core_affinity::CoreId;

use crate::{Error, Result};

/// The cores that the process was started with. A pinned thread sees only its own core from then on,
/// and its children inherit that, so the first answer is kept.
static AT_START: OnceLock<Vec<usize>> = OnceLock::new();

/// The cores that this process was allowed to use when this was first asked, ascending. Ask before
/// any thread is pinned; [`pin`] does.
pub fn allowed() -> &'static [usize] {
    AT_START.get_or_init(|| {
        let mut cores: Vec<_> = core_affinity::get_core_ids()
            .unwrap_or_default()
            .into_iter()
            .map(|core| core.id)
            .collect();
        cores.sort_unstable();
        cores
    })
}

/// Pins the calling thread to a core.
///
/// # Errors
/// The core is not among those [`allowed`], or the kernel refused.
pub fn pin(core: usize) -> Result<()> {
    let allowed = allowed();
    if allowed.contains(&core) && core_affinity::set_for_current(CoreId { id: core }) {
        return Ok(());
    }
    Err(Error::Config {
        key: "core",
        value: core.to_string(),
        allowed: format!("this process may run on cores {allowed:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_pinned_where_it_may_run_and_nowhere_else() {
        let all = allowed().to_vec();
        let first = *all.first().expect("a process runs somewhere");
        std::thread::spawn(move || {
            pin(first).unwrap();
            let now = core_affinity::get_core_ids().unwrap();
            assert_eq!(now.iter().map(|core| core.id).collect::<Vec<_>>(), [first]);
            assert_eq!(allowed(), all);
        })
        .join()
        .unwrap();
        let error = pin(100_000).unwrap_err().to_string();
        assert!(error.contains("core = 100000"), "{error}");
    }
}
