//! What hangs, told to the console before the guest is switched off.

use std::fs;

/// Writes to the console what each thread of a hanging test, and of its children, is waiting for.
pub fn describe(child: u32) {
    eprintln!("vmtest: process {child} hangs; every process of the guest and where it waits:");
    let Ok(processes) = fs::read_dir("/proc") else {
        return;
    };
    for process in processes.flatten() {
        let name = process.file_name();
        if name.to_string_lossy().parse::<u32>().is_err() {
            continue;
        }
        let Ok(threads) = fs::read_dir(process.path().join("task")) else {
            continue;
        };
        let command = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
        if command.is_empty() {
            continue;
        }
        eprintln!("vmtest: {} {}", name.to_string_lossy(), command.replace('\0', " "));
        for thread in threads.flatten() {
            let read = |file: &str| {
                let text = fs::read_to_string(thread.path().join(file)).unwrap_or_default();
                text.trim().replace('\n', " < ")
            };
            let (comm, call, stack) = (read("comm"), read("syscall"), read("stack"));
            eprintln!("vmtest:   {comm}: {}; call {call}; {stack}", read("wchan"));
        }
    }
}
