//! Installing Debian's packages, QEMU from the backports.

use crate::command;
use std::fs;
use std::path::Path;
use std::process::Command;
use vmtest::{Context, Result};

/// The package with QEMU.
pub const QEMU: &str = "qemu-system-x86";

const BACKPORTS_FILE: &str = "/etc/apt/sources.list.d/barline-backports.sources";

/// QEMU's version, if it is there.
pub fn qemu_version() -> Option<(u32, u32)> {
    let text = command::output(Command::new("qemu-system-x86_64").arg("--version")).ok()?;
    parse_version(&text)
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_once("version ")?.1.split(['.', ' ', '(']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Installs packages. For root.
pub fn install(packages: &[&str]) -> Result {
    let release = fs::read_to_string("/etc/os-release").context("/etc/os-release")?;
    let codename = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .context("this is no Debian")?
        .trim_matches('"');
    let backports = format!("{codename}-backports");
    let is_bookworm = codename == "bookworm";
    let from_backports = is_bookworm && packages.contains(&QEMU);
    apt_get(&["update"])?;
    // The source of the newer kernel is in Debian 12's security updates, which not every machine
    // has among its sources, and in the backports.
    if from_backports || (is_bookworm && packages.iter().any(|name| !is_known(name))) {
        add_backports(codename, &backports)?;
        apt_get(&["update"])?;
    }
    let plain: Vec<_> =
        packages.iter().copied().filter(|name| !(from_backports && *name == QEMU)).collect();
    if !plain.is_empty() {
        apt_get(&[&["install"], &plain[..]].concat())?;
    }
    if from_backports {
        apt_get(&["install", "-t", &backports, QEMU])?;
    }
    Ok(())
}

/// Whether apt has a package of that name to offer.
fn is_known(package: &str) -> bool {
    command::quiet(Command::new("apt-cache").args(["show", package])).is_ok()
}

fn apt_get(args: &[&str]) -> Result {
    let mut apt = Command::new("apt-get");
    apt.args(["-q", "-y", "-o", "DPkg::Lock::Timeout=300", "--no-install-recommends"]).args(args);
    command::quiet(apt.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Adds the backports from where the machine's own Debian comes from, unless they are there.
fn add_backports(codename: &str, backports: &str) -> Result {
    let sources = all_sources()?;
    if sources.iter().any(|source| source.suites.iter().any(|suite| suite == backports)) {
        return Ok(());
    }
    let main = sources
        .iter()
        .find(|source| source.suites.iter().any(|suite| suite == codename))
        .context(format_args!("none of apt's sources has {codename} main"))?;
    let text = main.stanza(backports);
    eprintln!("vmtest: adding {backports} of {} to apt's sources", main.uri);
    fs::write(BACKPORTS_FILE, text).context(BACKPORTS_FILE)
}

/// A source of packages.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    uri: String,
    suites: Vec<String>,
    signed_by: Option<String>,
}

impl Source {
    /// The same source with another suite, as a file for apt.
    fn stanza(&self, suite: &str) -> String {
        let mut text =
            format!("Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\n", self.uri);
        if let Some(key) = &self.signed_by {
            text.push_str(&format!("Signed-By: {key}\n"));
        }
        text
    }
}

fn all_sources() -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let directory = "/etc/apt/sources.list.d";
    let listed = fs::read_dir(directory).map(|entries| entries.flatten().map(|entry| entry.path()));
    let files = listed.into_iter().flatten().chain([Path::new("/etc/apt/sources.list").into()]);
    for file in files {
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).context(file.display()),
        };
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("sources") => sources.extend(text.split("\n\n").filter_map(parse_stanza)),
            Some("list") => sources.extend(text.lines().filter_map(parse_line)),
            _ => {}
        }
    }
    Ok(sources)
}

/// A stanza of a `.sources` file, if it is for programs and has `main`.
fn parse_stanza(text: &str) -> Option<Source> {
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        Some(line[name.len() + 1..].trim())
    };
    let words = |name| field(name).map(|value| value.split_whitespace().map(String::from));
    let fit = words("Types")?.any(|word| word == "deb")
        && words("Components")?.any(|word| word == "main")
        && field("Enabled") != Some("no");
    let source = Source {
        uri: words("URIs")?.next()?,
        suites: words("Suites")?.collect(),
        // A key that is written out takes more than a line, and is not to be copied.
        signed_by: field("Signed-By").filter(|key| key.starts_with('/')).map(String::from),
    };
    fit.then_some(source)
}

/// A line of a `.list` file, if it is for programs and has `main`.
fn parse_line(line: &str) -> Option<Source> {
    let rest = line.trim().strip_prefix("deb ")?.trim();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace().map(String::from);
    let (uri, suite) = (words.next()?, words.next()?);
    let signed_by = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by="));
    let source = Source { uri, suites: vec![suite], signed_by: signed_by.map(String::from) };
    words.any(|component| component == "main").then_some(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        let text = "QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1~bpo12+1)\n";
        assert_eq!(parse_version(text), Some((10, 0)));
        assert!(Some((7, 2)) < Some((8, 0)) && parse_version("nothing").is_none());
    }

    #[test]
    fn backports_come_from_the_same_mirror_under_the_same_key() {
        let stanza = "Types: deb\n# a remark\nURIs: http://mirror.example/debian\n\
                      Suites: bookworm bookworm-updates\nComponents: main\n\
                      Signed-By: /usr/share/keyrings/debian.gpg\n";
        let source = parse_stanza(stanza).unwrap();
        assert_eq!(
            source.stanza("bookworm-backports"),
            "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm-backports\n\
             Components: main\nSigned-By: /usr/share/keyrings/debian.gpg\n"
        );
    }

    #[test]
    fn one_line_sources_are_read_too() {
        let line = "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main";
        let source = parse_line(line).unwrap();
        assert_eq!(source.suites, ["bookworm"]);
        assert_eq!(source.signed_by.as_deref(), Some("/k.gpg"));
        assert!(parse_line("# deb http://mirror.example/debian bookworm main").is_none());
        assert!(parse_line("deb-src http://mirror.example/debian bookworm main").is_none());
        assert!(parse_line("deb http://mirror.example/x bookworm contrib").is_none());
    }

    #[test]
    fn sources_only_stanzas_do_not_count() {
        let stanza = "Types: deb-src\nURIs: http://m/\nSuites: bookworm\nComponents: main\n";
        assert!(parse_stanza(stanza).is_none());
    }
}
