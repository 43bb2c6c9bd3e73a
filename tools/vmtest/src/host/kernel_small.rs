//! The small kernel: Debian's linux-source-6.12 from tinyconfig and a fragment.

use crate::cache::{Cache, Key};
use crate::kernel::Boot;
use crate::{command, os, packages};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use vmtest::{Context, Result, bail, ensure};

const FRAGMENT: &str = include_str!("../../kernel.config");
const PACKAGE: &str = "linux-source-6.12";
const SOURCE: &str = "/usr/src/linux-source-6.12.tar.xz";
/// To be changed with the steps below: it makes the kernels of the old steps unknown.
const RECIPE: &str = "tinyconfig, fragment, olddefconfig, bzImage";

/// The kernel, from the cache or built.
pub fn boot(cache: &Cache) -> Result<Boot> {
    let version = source_version()?;
    let key =
        Key::default().add("version", &version).add("fragment", FRAGMENT).add("recipe", RECIPE);
    let directory = cache.get("kernel-small", &key.finish(), |directory| {
        packages::ensure(packages::KERNEL_BUILD)?;
        build(&version, directory)
    })?;
    Ok(Boot {
        version: format!("6.12 ({version})"),
        image: directory.join("bzImage"),
        modules: None,
    })
}

/// The version of the package that the source comes from; it is installed if need be.
fn source_version() -> Result<String> {
    packages::ensure(packages::KERNEL_SOURCE)?;
    let mut query = Command::new("dpkg-query");
    let version = command::output(query.args(["-W", "-f", "${Version}", PACKAGE]))?;
    ensure!(!version.is_empty(), "{PACKAGE} has no version");
    Ok(version)
}

fn build(version: &str, directory: &Path) -> Result {
    let start = Instant::now();
    eprintln!(
        "vmtest: building the small kernel from {PACKAGE} {version}: some 5 to 10 minutes on two cores, once"
    );
    let tree = directory.join("tree");
    fs::create_dir(&tree)?;
    let unpack = ["-xJf", SOURCE, "--strip-components=1", "-C"];
    command::quiet(Command::new("tar").args(unpack).arg(&tree))?;
    let fragment = directory.join("fragment");
    fs::write(&fragment, FRAGMENT)?;
    make(&tree, &["tinyconfig"])?;
    let mut merge = Command::new("scripts/kconfig/merge_config.sh");
    command::quiet(merge.args(["-m", ".config"]).arg(&fragment).current_dir(&tree))?;
    make(&tree, &["olddefconfig"])?;
    let config = fs::read_to_string(tree.join(".config"))?;
    let lost = lost(FRAGMENT, &config);
    if !lost.is_empty() {
        bail!("this kernel source does not take these lines of kernel.config: {}", lost.join(", "));
    }
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    make(&tree, &[&format!("-j{jobs}"), "bzImage"])?;
    let image: PathBuf = tree.join("arch/x86/boot/bzImage");
    fs::rename(&image, directory.join("bzImage")).context(image.display())?;
    fs::write(directory.join("config"), config)?;
    fs::remove_dir_all(&tree)?;
    eprintln!("vmtest: the small kernel is built, in {} s", start.elapsed().as_secs());
    Ok(())
}

fn make(tree: &Path, args: &[&str]) -> Result {
    // The version would otherwise carry the time and place of the build.
    let stamp = [("KBUILD_BUILD_USER", "vmtest"), ("KBUILD_BUILD_HOST", "vmtest")];
    let mut make = Command::new("nice");
    // A build that goes on without anybody to put its result into place only takes time.
    os::die_together(&mut make);
    command::quiet(make.args(["-n", "19", "make"]).args(args).envs(stamp).current_dir(tree))
}

/// The lines of the fragment that are not in the configuration that came of it.
fn lost<'a>(fragment: &'a str, config: &str) -> Vec<&'a str> {
    let wanted = fragment.lines().filter(|line| {
        line.starts_with("CONFIG_") || (line.starts_with("# CONFIG_") && line.ends_with("not set"))
    });
    let has = |wanted: &str| match wanted.strip_prefix("# ").and_then(|l| l.split(' ').next()) {
        // Unset is also what is not mentioned.
        Some(name) => !config.lines().any(|line| line.starts_with(&format!("{name}="))),
        None => config.lines().any(|line| line == wanted),
    };
    wanted.filter(|line| !has(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_got_lost_are_named() {
        let fragment =
            "# a remark\nCONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\n# CONFIG_D is not set\n";
        assert!(lost(fragment, "CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\n").is_empty());
        assert_eq!(
            lost(fragment, "CONFIG_A=y\nCONFIG_B=m\nCONFIG_D=y\n"),
            ["CONFIG_B=y", "# CONFIG_D is not set"]
        );
    }
}
