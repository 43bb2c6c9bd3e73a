//! Programs that no library can be preloaded into.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use nix::unistd::geteuid;

/// `PT_INTERP` of elf(5): the part that names the dynamic loader.
const INTERPRETER: u32 = 3;

/// Why a program will not find the adapter. `None`: it will, or there is no telling.
pub(super) fn why(program: &OsStr) -> Option<&'static str> {
    let file = find(program)?;
    let about = fs::metadata(&file).ok()?;
    if about.mode() & 0o6000 != 0 && about.uid() != geteuid().as_raw() {
        return Some("runs with the rights of another user (set-user-ID), and preloads nothing");
    }
    let is_static = File::open(&file).and_then(|file| is_static(&file));
    is_static.ok()?.then_some("is statically linked, and preloads nothing")
}

/// The file that execvp(3) takes.
fn find(program: &OsStr) -> Option<PathBuf> {
    if program.as_encoded_bytes().contains(&b'/') {
        return Some(program.into());
    }
    let path: OsString = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// Whether it is a 64-bit ELF file of this machine's byte order that no loader loads.
fn is_static(file: &File) -> io::Result<bool> {
    let mut header = [0; 64];
    file.read_exact_at(&mut header, 0)?;
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return Ok(false);
    }
    let half = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let mut place = [0; 8];
    place.copy_from_slice(&header[32..40]);
    // e_phoff, e_phentsize, e_phnum.
    let (place, size, count) = (u64::from_le_bytes(place), half(54), half(56));
    for n in 0..u64::from(count) {
        let mut kind = [0; 4];
        file.read_exact_at(&mut kind, place.saturating_add(n * u64::from(size)))?;
        if u32::from_le_bytes(kind) == INTERPRETER {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_loader_loads_is_not_static_and_a_script_is_nothing_to_judge() {
        assert_eq!(why(OsStr::new("sh")), None);
        assert_eq!(why(std::env::current_exe().unwrap().as_os_str()), None);
        assert_eq!(why(OsStr::new("/etc/passwd")), None);
        assert_eq!(why(OsStr::new("no-such-program-anywhere")), None);
    }

    #[test]
    fn a_program_without_a_loader_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("static");
        // A header with one part, which is loaded (PT_LOAD).
        let mut elf = vec![0; 64 + 56];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        elf[32] = 64;
        elf[54] = 56;
        elf[56] = 1;
        elf[64] = 1;
        fs::write(&file, &elf).unwrap();
        assert!(why(file.as_os_str()).unwrap().contains("statically"));
        elf[64] = INTERPRETER as u8;
        fs::write(&file, &elf).unwrap();
        assert_eq!(why(file.as_os_str()), None);
        elf[64] = 1;
        elf[56] = 2;
        fs::write(&file, &elf).unwrap();
        assert_eq!(why(file.as_os_str()), None, "its second part is cut off");
    }
}
