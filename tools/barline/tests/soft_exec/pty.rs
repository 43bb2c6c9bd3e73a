//! A shell at a terminal, with job control.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::pty::openpty;
use testkit::until;

/// An interactive bash whose controlling terminal this is. Dropping it hangs up.
pub struct Shell {
    shell: Child,
    /// Our end, the only one: the terminal hangs up with it.
    master: Option<File>,
    printed: RefCell<Vec<u8>>,
}

impl Shell {
    pub fn start() -> Shell {
        let pty = openpty(None, None).unwrap();
        fcntl(&pty.master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        fcntl(&pty.master, FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC)).unwrap();
        let terminal = File::from(pty.slave);
        let mut command = Command::new("setsid");
        command.args([
            "--ctty",
            "env",
            "--default-signal",
            "bash",
            "--norc",
            "--noprofile",
            "--noediting",
            "-i",
        ]);
        command.env("PS1", "").env_remove("BARLINE_SOFT").env_remove("LD_PRELOAD");
        command.stdin(terminal.try_clone().unwrap()).stdout(terminal.try_clone().unwrap());
        let shell = command.stderr(terminal).spawn().unwrap();
        Shell { shell, master: Some(File::from(pty.master)), printed: RefCell::default() }
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        self.master.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// All that has been printed.
    pub fn printed(&self) -> String {
        let mut printed = self.printed.borrow_mut();
        // It ends where there is nothing to be read for now, or nobody is left (EIO).
        _ = self.master.as_ref().unwrap().read_to_end(&mut printed);
        String::from_utf8_lossy(&printed).replace('\r', "")
    }

    /// Closes the terminal.
    pub fn hang_up(mut self) {
        self.master = None;
        until("the shell's end", || self.shell.try_wait().unwrap().is_some());
    }

    /// Waits until a line that begins with these words was printed so often, and returns the last one.
    #[track_caller]
    pub fn line(&self, begin: &str, count: usize) -> String {
        let mut found = String::new();
        let look = || {
            let printed = self.printed();
            // What is not ended yet is no line.
            let complete = printed.rsplit_once('\n').map_or("", |(lines, _)| lines);
            let mut lines = complete.lines().filter(|line| line.starts_with(begin));
            let Some(line) = lines.nth(count - 1) else { return false };
            found = line.to_string();
            true
        };
        let waited = catch_unwind(AssertUnwindSafe(|| until("a line", look)));
        assert!(waited.is_ok(), "no line {count} of `{begin}` in\n{}", self.printed());
        found
    }

    /// How many lines are just this.
    pub fn count(&self, line: &str) -> usize {
        self.printed().lines().filter(|one| *one == line).count()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.master = None;
        // It fails when it has ended, which is as well.
        _ = self.shell.kill();
        _ = self.shell.wait();
    }
}
