//! DPDK's side: a small program over libdpdk, in C as its applications are, which is compiled where it
//! runs. That is what DPDK's users do, whose programs have half of the driver's interface compiled into
//! them, for the processor that they run on.
//!
//! | File | What |
//! |---|---|
//! | `program.c` | The lines that it exchanges with its parent |
//! | `ports.c` | Ports, mempool, and which of the driver's functions run |
//! | `device.c` | The software adapter's turns, and the other lcore |
//! | `burst.h` | What is timed |
//! | `measure.c` | Slots, rates, latencies |
//!
//! They compile with DPDK 22.11 and later ones (tried: 22.11 and 26.11). Another DPDK than the machine's
//! is taken by `PKG_CONFIG_PATH`.

mod compile;
mod hugepages;
mod missing;

use std::path::{Path, PathBuf};
use std::process::Command;

use compile::Tools;
pub use missing::Missing;
use softvfio::run::Run;

use super::protocol::ChildConfig;
use super::rows::Column;

/// The program, ready to be started.
#[derive(Debug)]
pub struct Program {
    file: PathBuf,
    /// Where DPDK puts the files of its runs.
    runtime: PathBuf,
}

impl Program {
    /// Compiles it in a directory, which it stays in, and sees whether there are hugepages for it.
    ///
    /// # Errors
    /// All that is missing, each with its remedy.
    pub fn compile(dir: &Path) -> Result<Program, Missing> {
        let compiled = Tools::default().compile(dir);
        match (compiled, hugepages::check(Path::new("/"))) {
            (Ok(file), Ok(())) => Ok(Program { file, runtime: dir.into() }),
            (Ok(_), Err(lack)) | (Err(lack), Ok(())) => Err(Missing(vec![lack])),
            (Err(lack), Err(other)) => Err(Missing(vec![lack, other])),
        }
    }

    /// The program as a child in a run.
    pub fn command(&self, run: &Run, config: &ChildConfig) -> Command {
        let mut command = run.command(&self.file);
        command.args(arguments(config)).env("RUNTIME_DIRECTORY", &self.runtime);
        command
    }
}

/// DPDK's own arguments, and the program's.
fn arguments(config: &ChildConfig) -> Vec<String> {
    // Nothing is shared with other processes, or left behind.
    let mut arguments = vec!["--in-memory".to_string(), "--no-telemetry".to_string()];
    let second = config.other_core.map_or(String::new(), |other| format!(",1@{other}"));
    arguments.push(format!("--lcores=0@{}{second}", config.core));
    arguments.push("--main-lcore=0".into());
    if config.column == Column::Scalar {
        arguments.push("--force-max-simd-bitwidth=64".into());
    }
    arguments.extend(config.vfs.iter().map(|vf| format!("--allow={vf}")));
    arguments.push("--".into());
    arguments.push(format!("--path={}", config.column));
    arguments.push(format!("--ports={}", config.vfs.len()));
    arguments.push(format!("--ring={}", config.ring));
    arguments.push(format!("--queues={}", config.queues));
    arguments.push(format!("--max-frame={}", config.max_frame));
    if config.offloads {
        arguments.push("--offloads".into());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(column: Column) -> ChildConfig {
        ChildConfig {
            column,
            vfs: vec!["0000:01:10.0".into()],
            ring: 512,
            queues: 1,
            core: 0,
            other_core: None,
            max_frame: 64,
            offloads: false,
        }
    }

    #[test]
    fn one_vf_on_one_core() {
        assert_eq!(
            arguments(&config(Column::Vector)).join(" "),
            "--in-memory --no-telemetry --lcores=0@0 --main-lcore=0 --allow=0000:01:10.0 -- \
             --path=vector --ports=1 --ring=512 --queues=1 --max-frame=64"
        );
    }

    #[test]
    fn several_vfs_on_two_cores_with_offloads() {
        let config = ChildConfig {
            vfs: vec!["0000:01:10.2".into(), "0000:01:11.0".into()],
            ring: 4096,
            queues: 4,
            core: 5,
            other_core: Some(3),
            max_frame: 9018,
            offloads: true,
            ..config(Column::Full)
        };
        assert_eq!(
            arguments(&config).join(" "),
            "--in-memory --no-telemetry --lcores=0@5,1@3 --main-lcore=0 --allow=0000:01:10.2 \
             --allow=0000:01:11.0 -- --path=full --ports=2 --ring=4096 --queues=4 --max-frame=9018 --offloads"
        );
    }

    #[test]
    fn the_scalar_path_has_no_simd() {
        let [scalar, vector] =
            [Column::Scalar, Column::Vector].map(|path| arguments(&config(path)));
        let narrow = "--force-max-simd-bitwidth=64".to_string();
        assert!(scalar.contains(&narrow) && scalar.contains(&"--path=scalar".into()), "{scalar:?}");
        assert!(!vector.contains(&narrow), "{vector:?}");
    }
}
