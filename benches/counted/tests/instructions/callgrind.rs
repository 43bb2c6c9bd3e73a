//! A program of known work, and callgrind, which counts it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The function whose instructions, and those of all that it calls, are counted.
const TURN: &str = "--toggle-collect=*counted_turn*";

/// The program, built for release.
pub struct Counted {
    program: PathBuf,
    /// Where a profile of each run is left.
    pub profiles: PathBuf,
}

impl Counted {
    /// Builds it as users build theirs: with no flags but those of the release profile.
    pub fn build() -> Counted {
        // As this test was built: target/<profile>/deps/<this program>.
        let me = std::env::current_exe().unwrap();
        let target = me.ancestors().nth(3).unwrap();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--release", "--package", "barline-counted"]);
        build.arg("--message-format=json-render-diagnostics");
        build.arg("--target-dir").arg(target);
        build.env("CARGO_ENCODED_RUSTFLAGS", "");
        let release = |name: &str| name.starts_with("CARGO_PROFILE_RELEASE_");
        for (name, _) in std::env::vars().filter(|(name, _)| release(name)) {
            build.env_remove(name);
        }
        let build = build.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
        let output = build.output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "barline-counted cannot be built:\n{log}");
        let messages = String::from_utf8(output.stdout).unwrap();
        let messages = messages.lines().map(|line| serde_json::from_str(line).unwrap());
        let program = messages
            .filter_map(|message: serde_json::Value| {
                message["executable"].as_str().map(PathBuf::from)
            })
            .next_back()
            .expect("a program");
        let profiles = target.join("callgrind");
        std::fs::create_dir_all(&profiles).unwrap();
        Counted { program, profiles }
    }

    /// Instructions for a frame, or what the program or valgrind said.
    pub fn per_frame(&self, path: &str, mode: &str, burst: usize) -> Result<f64, String> {
        let profile = self.profiles.join(format!("{path}-{mode}-{burst}.out"));
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--quiet", TURN]);
        valgrind.arg(format!("--callgrind-out-file={}", profile.display()));
        valgrind.arg(&self.program).args([path, mode, &burst.to_string()]);
        // Nothing of the surroundings but where programs are: no options of valgrind's, no choice of the
        // C library's functions.
        valgrind.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        let output = valgrind.current_dir(&self.profiles).stdin(Stdio::null()).output();
        let output = output.map_err(|error| match error.kind() {
            ErrorKind::NotFound => "valgrind is missing, which counts instructions: install it \
                (Debian, as root: apt-get install valgrind)"
                .to_string(),
            _ => format!("valgrind: {error}"),
        })?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("{valgrind:?}: {}\n{said}", output.status));
        }
        let frames: u32 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
        let instructions = total(&profile);
        assert!(instructions > 0, "callgrind has counted nothing: it saw no function {TURN}");
        Ok(instructions as f64 / f64::from(frames))
    }
}

/// The sum that callgrind writes into its profile.
fn total(profile: &Path) -> u64 {
    let text = std::fs::read_to_string(profile).unwrap();
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total.expect("a total in the profile").parse().unwrap()
}
