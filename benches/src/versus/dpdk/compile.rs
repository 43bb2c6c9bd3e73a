//! From C to a program, by the machine's own compiler and pkg-config.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::missing::Lack;

/// The program's files by name.
const FILES: &[(&str, &str)] = &[
    ("program.c", include_str!("program.c")),
    ("ports.c", include_str!("ports.c")),
    ("device.c", include_str!("device.c")),
    ("measure.c", include_str!("measure.c")),
    ("ports.h", include_str!("ports.h")),
    ("device.h", include_str!("device.h")),
    ("measure.h", include_str!("measure.h")),
    ("burst.h", include_str!("burst.h")),
];

/// Below its directory.
const PROGRAM: &str = "versus-dpdk";

/// As DPDK's users compile their applications. What pkg-config asks for names an old processor, which the
/// last of these overrides. The driver finds what the program exports.
const FLAGS: &[&str] =
    &["-std=gnu11", "-O3", "-march=native", "-Wall", "-Wextra", "-Wl,--export-dynamic"];

/// Lines of a compiler that are told.
const LINES: usize = 5;

/// What is run, with its first arguments.
pub(super) struct Tools<'t> {
    pub(super) pkg_config: &'t [&'t str],
    pub(super) cc: &'t [&'t str],
}

impl Default for Tools<'_> {
    fn default() -> Self {
        Tools { pkg_config: &["pkg-config"], cc: &["cc"] }
    }
}

impl Tools<'_> {
    /// Writes the files to a directory, and compiles them there. Returns the program.
    pub(super) fn compile(&self, dir: &Path) -> Result<PathBuf, Lack> {
        let version = self.ask(&["--modversion"])?;
        if !is_known(&version) {
            return Err(Lack::Old { version });
        }
        let flags = self.ask(&["--cflags"])?;
        // A DPDK that was built from its sources is somewhere where nobody looks for libraries, and its
        // drivers need others of them: RPATH is inherited, RUNPATH is not.
        let libraries = self.ask(&["--variable=libdir"])?;
        let libs = self.ask(&["--libs"])?;

        let mut cc = command(self.cc);
        cc.args(flags.split_whitespace()).args(FLAGS);
        for (name, text) in FILES {
            let file = dir.join(name);
            fs::write(&file, text).map_err(|error| Lack::Write { file: file.clone(), error })?;
            if name.ends_with(".c") {
                cc.arg(file);
            }
        }
        let program = dir.join(PROGRAM);
        cc.arg("-o").arg(&program).arg(format!("-Wl,--disable-new-dtags,-rpath,{libraries}"));
        cc.args(libs.split_whitespace()).arg("-ldl");
        let done = run(self.cc, &mut cc)?;
        if done.status.success() {
            return Ok(program);
        }
        Err(Lack::Compile { version, said: first_errors(&done.stderr) })
    }

    /// What pkg-config says of libdpdk.
    fn ask(&self, what: &[&str]) -> Result<String, Lack> {
        let done = run(self.pkg_config, command(self.pkg_config).args(what).arg("libdpdk"))?;
        if done.status.success() {
            return Ok(String::from_utf8_lossy(&done.stdout).trim().into());
        }
        Err(Lack::Libdpdk { said: first_errors(&done.stderr) })
    }
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

fn run(tool: &[&str], command: &mut Command) -> Result<Output, Lack> {
    // Messages are looked through.
    let done = command.env("LC_ALL", "C").output();
    done.map_err(|error| Lack::Tool { tool: tool[0].into(), error })
}

/// Whether it is 22.11 or later.
fn is_known(version: &str) -> bool {
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(22), Some(11))
}

/// The first lines that tell of errors, or else the first lines, as one.
fn first_errors(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let mut lines: Vec<&str> = text.lines().filter(|line| line.contains("error")).collect();
    if lines.is_empty() {
        lines = text.lines().collect();
    }
    lines.truncate(LINES);
    lines.join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tool that is a shell's script; what it is asked for is in `$*`.
    macro_rules! script {
        ($script:literal) => {
            &["sh", "-c", $script, "sh"]
        };
    }

    /// A pkg-config that knows a libdpdk.
    const KNOWS: &[&str] = script!("case $1 in --modversion) echo 22.11.4;; *) echo;; esac");

    fn complaint(pkg_config: &[&str], cc: &[&str]) -> String {
        let dir = tempfile::tempdir().unwrap();
        Tools { pkg_config, cc }.compile(dir.path()).unwrap_err().to_string()
    }

    #[test]
    fn each_tool_that_is_missing_is_named_with_what_installs_it() {
        for (pkg_config, cc, named) in [
            (
                &["/nonexistent/pkg-config"][..],
                &["cc"][..],
                "/nonexistent/pkg-config cannot be run",
            ),
            (KNOWS, &["/nonexistent/cc"], "/nonexistent/cc cannot be run"),
        ] {
            let said = complaint(pkg_config, cc);
            assert!(said.starts_with(named), "{said}");
            assert!(said.ends_with("apt-get install libdpdk-dev gcc pkg-config"), "{said}");
        }
    }

    #[test]
    fn a_library_that_is_missing_is_told_in_pkg_configs_words() {
        let said = complaint(script!("echo \"No package '$2' found\" >&2; exit 1"), &["cc"]);
        assert!(said.starts_with("there is no libdpdk (No package 'libdpdk' found): "), "{said}");
        assert!(said.ends_with("apt-get install libdpdk-dev gcc pkg-config"), "{said}");
    }

    #[test]
    fn a_library_that_is_too_old_is_told_apart() {
        let said = complaint(script!("echo 21.11.6"), &["cc"]);
        assert!(said.starts_with("libdpdk 21.11.6 is older than 22.11"), "{said}");
        let known = ["22.11.0", "22.12", "23.7.1", "26.11.0-rc0"];
        assert!(known.into_iter().all(is_known));
        assert!(!["22.7", "21.11.6", "", "22", "x.y"].into_iter().any(is_known));
    }

    #[test]
    fn what_the_compiler_complains_of_is_shown() {
        let cc =
            script!("echo 'note: x' >&2; echo 'ports.c:7:1: error: no such thing' >&2; exit 1");
        assert_eq!(
            complaint(KNOWS, cc),
            "the program does not compile with libdpdk 22.11.4: ports.c:7:1: error: no such thing"
        );
    }

    #[test]
    fn all_of_the_program_is_given_to_the_compiler_for_this_processor() {
        let dir = tempfile::tempdir().unwrap();
        let pkg_config = script!(
            "case $1 in --modversion) echo 23.11.0;; --cflags) echo -march=corei7;; --libs) echo -lrte_eal;; \
             *) echo /opt/lib;; esac"
        );
        let cc = script!("echo \"error: $*\" >&2; exit 1");
        let said = Tools { pkg_config, cc }.compile(dir.path()).unwrap_err().to_string();
        let at = |word: &str| said.find(word).unwrap_or_else(|| panic!("no {word}: {said}"));
        assert!(at("-march=corei7") < at("-march=native"), "the last one counts: {said}");
        assert!(at("measure.c") < at("-lrte_eal"), "{said}");
        for word in ["-O3", "-Wl,--export-dynamic", "-rpath,/opt/lib", "-ldl"] {
            at(word);
        }
        for (name, text) in FILES {
            assert_eq!(fs::read_to_string(dir.path().join(name)).unwrap(), *text);
            assert_eq!(said.contains(&format!("/{name}")), name.ends_with(".c"), "{name}: {said}");
        }
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_named() {
        let said = Tools { pkg_config: KNOWS, cc: &["cc"] }.compile(Path::new("/nonexistent"));
        let said = said.unwrap_err().to_string();
        assert!(said.starts_with("/nonexistent/program.c: No such file"), "{said}");
    }
}
