//! A shell in the guest on this terminal.

use crate::interrupt;
use crate::os::{self, RawTerminal};
use crate::prepare::Prepared;
use crate::qemu::{self, Qemu};
use crate::qemu_args::Machine;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use vmtest::spec::Topology;
use vmtest::{Context, Result};

/// Boots the guest and connects the terminal with its second serial port until it is off.
pub fn run(prepared: &Prepared, topology: Topology) -> Result<bool> {
    interrupt::install();
    let logs = prepared.logs.join(format!("shell-{}", prepared.kernel));
    fs::create_dir_all(&logs).context(logs.display())?;
    let (rows, columns) = os::terminal_size();
    let append = ["vmtest.mode=shell".to_string(), format!("vmtest.rows={rows}")];
    let append = [&append[..], &[format!("vmtest.columns={columns}")]].concat();
    eprintln!("vmtest: the console goes to {}", logs.join("console.log").display());
    let raw = RawTerminal::enter()?;
    let (mut qemu, mut sockets) = Qemu::start(Machine {
        topology,
        kernel: &prepared.kernel_image.to_string_lossy(),
        initramfs: &prepared.initramfs,
        append: &append,
        sockets: [0; 3],
    })?;
    let (sender, _events) = mpsc::channel();
    let log = |name: &str| File::create(logs.join(name)).context(logs.display());
    qemu::forward(sockets.console, log("console.log")?, sender.clone(), |_| (), ());
    qemu::forward(sockets.stderr, log("qemu.log")?, sender, |_| (), ());
    let mut keys = sockets.channel.try_clone()?;
    // It stays in its read when the guest ends, and goes with the process.
    thread::spawn(move || io::copy(&mut io::stdin().lock(), &mut keys));
    let screen = thread::spawn(move || -> io::Result<()> {
        let (mut buffer, mut out) = ([0; 4096], io::stdout());
        while let n @ 1.. = sockets.channel.read(&mut buffer)? {
            out.write_all(&buffer[..n])?;
            out.flush()?;
        }
        Ok(())
    });
    while qemu.try_wait()?.is_none() && !interrupt::seen() {
        thread::sleep(Duration::from_millis(20));
    }
    qemu.kill();
    // The socket is closed: only a stuck terminal could hold the thread.
    while !screen.is_finished() && !interrupt::seen() {
        thread::sleep(Duration::from_millis(5));
    }
    drop(raw);
    println!();
    Ok(true)
}
