//! Which core does what.

use barline_device::DeviceName;

use super::Problem;
use super::target;

/// Who runs where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cores {
    /// The core of each queue's worker.
    pub workers: Vec<usize>,
    /// The core of the software adapter's thread. `None` without one, or where the kernel chooses it.
    pub device: Option<usize>,
    /// The software adapter's thread has no core to itself.
    pub shared: bool,
}

impl Cores {
    /// Gives each queue the core that was asked for, or one that is left; and the adapter's thread,
    /// where there is one, that of its options, or one that no worker has.
    pub fn choose(
        asked: &[usize],
        queues: u16,
        device: &DeviceName,
        allowed: &[usize],
    ) -> Result<Cores, Problem> {
        let threaded = target::has_thread(device);
        let fixed = device.as_soft().and_then(|(spec, _)| spec.core);
        if let Some(core) = fixed.filter(|core| !allowed.contains(core)) {
            return Err(Problem::Usage(format!(
                "{device}: core={core}: this process may use {}: choose among these",
                list(allowed)
            )));
        }
        let workers = workers(asked, queues, fixed, allowed)?;
        let free = || allowed.iter().copied().find(|core| !workers.contains(core));
        let chosen = if threaded { fixed.or_else(free) } else { None };
        let shared = threaded && chosen.is_none_or(|core| workers.contains(&core));
        Ok(Cores { workers, device: chosen, shared })
    }
}

/// A core for each queue; `taken` last.
fn workers(
    asked: &[usize],
    queues: u16,
    taken: Option<usize>,
    allowed: &[usize],
) -> Result<Vec<usize>, Problem> {
    let queues = usize::from(queues);
    if asked.is_empty() {
        if queues > allowed.len() {
            return Err(Problem::Usage(format!(
                "--queues {queues}: each has a core of its own, and this process may use {} ({}): ask \
                 for fewer",
                allowed.len(),
                list(allowed)
            )));
        }
        let mut cores = allowed.to_vec();
        cores.sort_by_key(|core| (Some(*core) == taken, *core));
        cores.truncate(queues);
        return Ok(cores);
    }
    for (i, core) in asked.iter().enumerate() {
        if !allowed.contains(core) {
            return Err(Problem::Usage(format!(
                "--cores {core}: this process may use {}: choose among these",
                list(allowed)
            )));
        }
        if asked[..i].contains(core) {
            return Err(Problem::Usage(format!(
                "--cores {}: {core} is there twice, and two threads that poll want a core each",
                list(asked)
            )));
        }
    }
    if asked.len() != queues {
        return Err(Problem::Usage(format!(
            "--cores {}: {} named and --queues {queues}: name one core for each queue",
            list(asked),
            asked.len(),
        )));
    }
    Ok(asked.to_vec())
}

/// Cores as the command line has them.
pub fn list(cores: &[usize]) -> String {
    cores.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: [usize; 3] = [0, 1, 5];

    fn choose(asked: &[usize], queues: u16, device: &str) -> Result<Cores, Problem> {
        Cores::choose(asked, queues, &device.parse().unwrap(), &ALLOWED)
    }

    fn problem(asked: &[usize], queues: u16, device: &str) -> String {
        match choose(asked, queues, device) {
            Err(Problem::Usage(problem)) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_queue_gets_a_core_that_there_is() {
        let workers = |asked: &[usize], queues| choose(asked, queues, "0000:01:10.0").unwrap();
        assert_eq!(workers(&[], 2), Cores { workers: vec![0, 1], device: None, shared: false });
        assert_eq!(workers(&[5, 0], 2).workers, [5, 0]);
        let problem = |asked: &[usize], queues| problem(asked, queues, "0000:01:10.0");
        assert!(problem(&[], 4).contains("may use 3 (0,1,5)"));
        assert!(problem(&[2], 1).contains("--cores 2: this process may use 0,1,5"));
        assert!(problem(&[1, 1], 2).contains("1 is there twice"));
        assert!(problem(&[0, 1], 1).starts_with("--cores 0,1: 2 named and --queues 1"));
        assert!(problem(&[0], 2).starts_with("--cores 0: 1 named and --queues 2"));
    }

    #[test]
    fn the_adapter_gets_a_core_that_is_left() {
        let cores = |asked: &[usize], queues, device| {
            let cores = choose(asked, queues, device).unwrap();
            (cores.workers, cores.device, cores.shared)
        };
        assert_eq!(cores(&[], 1, "soft"), (vec![0], Some(1), false));
        assert_eq!(cores(&[1], 1, "soft"), (vec![1], Some(0), false));
        assert_eq!(cores(&[], 3, "soft"), (vec![0, 1, 5], None, true));
        assert_eq!(cores(&[], 1, "soft:core=0"), (vec![1], Some(0), false));
        assert_eq!(cores(&[0], 1, "soft:core=0"), (vec![0], Some(0), true));
        assert_eq!(cores(&[], 1, "soft:drive=caller"), (vec![0], None, false));
        let problem = problem(&[], 1, "soft:core=2");
        assert!(problem.contains("core=2: this process may use 0,1,5"), "{problem}");
    }
}
