//! Archives in the kernel's initramfs format (cpio, "newc").

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use vmtest::{Context, Result};

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A directory.
    Directory,
    /// A regular file with the content and permissions of one on the host.
    File(PathBuf),
    /// A regular file with this content, read-only.
    Text(String),
    /// A symbolic link to this target.
    Link(String),
}

/// A tree to be archived: paths without the leading slash.
#[derive(Debug, Default)]
pub struct Tree {
    entries: BTreeMap<String, Entry>,
}

impl Tree {
    /// Puts an entry at a path, with its parent directories. What is there already stays: the
    /// first to claim a path has it.
    pub fn add(&mut self, path: &str, entry: Entry) {
        let path = path.trim_matches('/');
        for (at, _) in path.match_indices('/') {
            self.entries.entry(path[..at].to_string()).or_insert(Entry::Directory);
        }
        self.entries.entry(path.to_string()).or_insert(entry);
    }

    /// Paths and entries in the order of the archive.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// Writes the archive. Its length is a multiple of 512, so that another can follow it: the
    /// kernel finds an archive only on a boundary of 4 bytes.
    pub fn write(&self, sink: impl Write) -> Result {
        let mut archive = Archive { sink, written: 0, inode: 0 };
        for (path, entry) in self.entries() {
            match entry {
                Entry::Directory => archive.entry(path, 0o040_755, b"")?,
                Entry::Text(text) => archive.entry(path, 0o100_644, text.as_bytes())?,
                Entry::Link(target) => archive.entry(path, 0o120_777, target.as_bytes())?,
                Entry::File(source) => {
                    let (content, mode) = read(source)?;
                    archive.entry(path, 0o100_000 | mode, &content)?;
                }
            }
        }
        archive.entry("TRAILER!!!", 0, b"")?;
        archive.pad(512)?;
        Ok(archive.sink.flush()?)
    }
}

/// The content of a file and its permissions, which become readable for all.
pub fn read(source: &Path) -> Result<(Vec<u8>, u32)> {
    let content = fs::read(source).context(source.display())?;
    let mode = fs::metadata(source).context(source.display())?.permissions().mode();
    Ok((content, (mode & 0o755) | 0o444))
}

struct Archive<W> {
    sink: W,
    written: usize,
    inode: u32,
}

impl<W: Write> Archive<W> {
    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) -> io::Result<()> {
        self.inode += 1;
        let links = if mode & 0o170_000 == 0o040_000 { 2 } else { 1 };
        let (size, name_size) = (content.len() as u32, path.len() as u32 + 1);
        // inode, mode, uid, gid, links, mtime, size, device and special device (major, minor),
        // length of the name with its NUL, checksum (unused)
        let fields = [self.inode, mode, 0, 0, links, 0, size, 0, 0, 0, 0, name_size, 0];
        let mut header = String::from("070701");
        for field in fields {
            header.push_str(&format!("{field:08x}"));
        }
        self.put(header.as_bytes())?;
        self.put(path.as_bytes())?;
        self.put(b"\0")?;
        self.pad(4)?;
        self.put(content)?;
        self.pad(4)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len();
        self.sink.write_all(bytes)
    }

    fn pad(&mut self, boundary: usize) -> io::Result<()> {
        let missing = self.written.next_multiple_of(boundary) - self.written;
        self.put(&vec![0; missing])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(tree: &Tree) -> Vec<u8> {
        let mut bytes = Vec::new();
        tree.write(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn parents_come_before_their_children() {
        let mut tree = Tree::default();
        tree.add("/usr/bin/sh", Entry::Link("busybox".into()));
        let paths: Vec<_> = tree.entries().map(|(path, _)| path).collect();
        assert_eq!(paths, ["usr", "usr/bin", "usr/bin/sh"]);
    }

    #[test]
    fn the_first_claim_to_a_path_holds() {
        let mut tree = Tree::default();
        tree.add("usr/sbin/ip", Entry::Text("iproute2".into()));
        tree.add("usr/sbin/ip", Entry::Link("busybox".into()));
        assert_eq!(tree.entries().last().unwrap().1, &Entry::Text("iproute2".into()));
    }

    #[test]
    fn the_layout_is_newc() {
        let mut tree = Tree::default();
        tree.add("etc/motd", Entry::Text("hello".into()));
        let bytes = archive(&tree);
        assert_eq!(bytes.len() % 512, 0);
        // etc: header of 110, name of 4, padded to 116
        assert_eq!(&bytes[..6], b"070701");
        assert_eq!(&bytes[14..22], b"000041ed");
        assert_eq!(&bytes[110..114], b"etc\0");
        // etc/motd: header of 110, name of 9, padded; then five bytes
        assert_eq!(&bytes[116..122], b"070701");
        assert_eq!(&bytes[116 + 54..116 + 62], b"00000005");
        assert_eq!(&bytes[116 + 110..116 + 119], b"etc/motd\0");
        assert_eq!(&bytes[236..241], b"hello");
        assert!(bytes.windows(10).any(|window| window == b"TRAILER!!!"));
    }

    #[test]
    fn archives_can_follow_each_other() {
        let mut tree = Tree::default();
        tree.add("a", Entry::Text("x".into()));
        let mut both = archive(&tree);
        let first = both.len();
        both.extend(archive(&tree));
        assert_eq!(&both[first..first + 6], b"070701");
        assert_eq!(first % 4, 0);
    }
}
