//! Debian's own 6.1: its package, unpacked, with those of its modules that tests want.

use crate::cache::{Cache, Key};
use crate::cpio::{Entry, Tree};
use crate::kernel::Boot;
use crate::{command, packages};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;
use vmtest::{Context, Result, ensure};

/// The package whose dependency is the current image.
const META: &str = "linux-image-amd64";
const SERIES: &str = "6.1.";
/// What tests load; what these need comes along.
const MODULES: [&str; 9] =
    ["igb", "igbvf", "vfio_iommu_type1", "vfio-pci", "8021q", "dummy", "tun", "veth", "bridge"];
/// To be changed with the steps below: it makes the kernels of the old steps unknown.
const RECIPE: &str = "unpacked, listed modules, depmod";

/// The kernel, from the cache or fetched.
pub fn boot(cache: &Cache) -> Result<Boot> {
    packages::ensure(packages::DEBIAN_KERNEL)?;
    let policy = || command::output(Command::new("apt-cache").args(["show", META]));
    let mut choices = choices(&policy().unwrap_or_default());
    if choices.is_empty() {
        packages::update_lists()?;
        choices = self::choices(&policy()?);
    }
    ensure!(!choices.is_empty(), "apt knows no {META} {SERIES}x: is this Debian 12?");
    let key = |choice: &Choice| {
        let key = Key::default().add("package", &choice.package).add("version", &choice.version);
        key.add("modules", MODULES.join(" ")).add("recipe", RECIPE).finish()
    };
    // One that is here already is as good as the newest.
    let kind = "kernel-debian";
    let cached = choices.iter().find(|choice| cache.find(kind, &key(choice)).is_some());
    let choice = cached.unwrap_or(&choices[0]);
    let directory = cache.get(kind, &key(choice), |directory| fetch(choice, directory))?;
    Ok(Boot {
        version: format!("6.1 ({})", choice.version),
        image: directory.join("vmlinuz"),
        modules: Some(directory.join("modules.cpio")),
    })
}

/// A package with an image.
#[derive(Debug, PartialEq, Eq)]
struct Choice {
    package: String,
    version: String,
}

/// The images that the versions of the meta package depend on, newest first as apt lists them.
fn choices(shown: &str) -> Vec<Choice> {
    let depends = shown.lines().filter_map(|line| line.strip_prefix("Depends: "));
    let images = depends.flat_map(|list| list.split(", ")).filter_map(|dependency| {
        let (package, rest) = dependency.split_once(" (= ")?;
        let version = rest.strip_suffix(')')?;
        let wanted = package.starts_with("linux-image-") && version.starts_with(SERIES);
        wanted.then(|| Choice { package: package.into(), version: version.into() })
    });
    images.collect()
}

fn fetch(choice: &Choice, directory: &Path) -> Result {
    let Choice { package, version } = choice;
    eprintln!("vmtest: fetching Debian's {package} {version}");
    let work = directory.join("work");
    fs::create_dir(&work)?;
    // apt drops its privileges for a download, and then may not write into a directory of root's.
    let mut download = Command::new("apt-get");
    download.args(["-o", "APT::Sandbox::User=root", "download", &format!("{package}={version}")]);
    command::quiet(download.current_dir(&work))?;
    let file = find(&work, |name| name.ends_with(".deb"))?;
    let root = work.join("root");
    command::quiet(Command::new("dpkg-deb").arg("-x").arg(&file).arg(&root))?;
    let image = find(&root.join("boot"), |name| name.starts_with("vmlinuz-"))?;
    fs::copy(&image, directory.join("vmlinuz"))?;
    let modules = find(&root.join("lib/modules"), |_| true)?;
    let archive = File::create(directory.join("modules.cpio"))?;
    module_tree(&root, &modules)?.write(BufWriter::new(archive))?;
    fs::remove_dir_all(&work)?;
    Ok(())
}

fn find(directory: &Path, wanted: impl Fn(&str) -> bool) -> Result<PathBuf> {
    let entries = fs::read_dir(directory).context(directory.display())?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    paths
        .find(|path| path.file_name().is_some_and(|name| wanted(&name.to_string_lossy())))
        .context(format_args!("the package has nothing fit in {}", directory.display()))
}

/// The listed modules and what they need, with lists of modules that name only these.
fn module_tree(root: &Path, modules: &Path) -> Result<Tree> {
    let release = modules.file_name().context("no release")?.to_string_lossy().into_owned();
    let depmod = || {
        let program = crate::userland::find_program("depmod")?;
        command::quiet(Command::new(program).arg("-b").arg(root).arg(&release))
    };
    depmod()?;
    let lists = fs::read_to_string(modules.join("modules.dep"))?;
    let wanted = needed(&lists, &MODULES)?;
    let kept = modules.with_file_name("kept");
    for module in &wanted {
        let (from, to) = (modules.join(module), kept.join(module));
        fs::create_dir_all(to.parent().context("no parent")?)?;
        fs::rename(&from, &to).context(from.display())?;
    }
    for list in ["modules.order", "modules.builtin", "modules.builtin.modinfo"] {
        fs::rename(modules.join(list), kept.join(list)).context(list)?;
    }
    fs::remove_dir_all(modules)?;
    fs::rename(&kept, modules)?;
    depmod()?;
    let lists = ["modules.dep.bin", "modules.alias.bin", "modules.symbols.bin", "modules.softdep"];
    let more = ["modules.dep", "modules.builtin.bin", "modules.builtin.alias.bin"];
    let mut tree = Tree::default();
    let files = wanted.iter().map(String::as_str).chain(lists).chain(more);
    for file in files {
        let source = modules.join(file);
        if source.exists() {
            // The work directory goes before the archive is used, not before it is written.
            tree.add(&format!("usr/lib/modules/{release}/{file}"), Entry::File(source));
        }
    }
    Ok(tree)
}

/// The paths of these modules and of all that they need, from `modules.dep`.
fn needed(lists: &str, names: &[&str]) -> Result<BTreeSet<String>> {
    let plain = |path: &str| {
        let file = path.rsplit('/').next().unwrap_or_default();
        file.split(".ko").next().unwrap_or_default().replace('-', "_")
    };
    let mut paths = BTreeSet::new();
    for name in names {
        let line = lists
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(path, _)| plain(path) == name.replace('-', "_"));
        let (path, needs) = line.context(format_args!("the kernel has no module {name}"))?;
        paths.insert(path.to_string());
        // depmod lists what is needed at any depth.
        paths.extend(needs.split_whitespace().map(String::from));
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_is_picked_from_what_apt_shows() {
        let shown = "Package: linux-image-amd64
Version: 6.12.95-1~bpo12+1
Depends: linux-image-6.12.95+deb12-amd64 (= 6.12.95-1~bpo12+1)

Package: linux-image-amd64
Version: 6.1.192-2
Depends: linux-image-6.1.0-56-amd64 (= 6.1.192-2)
";
        let package = "linux-image-6.1.0-56-amd64".to_string();
        assert_eq!(choices(shown), [Choice { package, version: "6.1.192-2".into() }]);
        assert!(choices("").is_empty());
    }

    #[test]
    fn modules_bring_what_they_need() {
        let lists = "kernel/igb.ko: kernel/dca.ko kernel/i2c-algo-bit.ko
kernel/dca.ko:
kernel/vfio-pci.ko.xz: kernel/vfio.ko.xz
kernel/other.ko: kernel/dca.ko";
        let paths: Vec<_> = needed(lists, &["igb", "vfio_pci"]).unwrap().into_iter().collect();
        let expected = ["dca.ko", "i2c-algo-bit.ko", "igb.ko", "vfio-pci.ko.xz", "vfio.ko.xz"];
        assert_eq!(paths, expected.map(|name| format!("kernel/{name}")));
        assert!(needed(lists, &["ixgbe"]).is_err());
    }
}
