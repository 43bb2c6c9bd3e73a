//! What all examples do alike: arguments, Ctrl-C, what happens to a port, the exit status.

use std::error::Error;
use std::io::{Write, stdout};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use barline::{Event, Port};
use clap::Parser;
use signal_hook::consts::{SIGINT, SIGPIPE, SIGTERM};
use signal_hook::flag;

/// What an example comes to. An error of clap's is wrong usage, too.
pub type Outcome = Result<(), Box<dyn Error>>;

/// Runs an example: exit status 0 if it went well, 1 if not, 2 for wrong usage, with one line that
/// says why.
pub fn run<A: Parser>(example: fn(A, &Stop) -> Outcome) -> ExitCode {
    let outcome = (|| example(A::try_parse()?, &Stop::listen()?))();
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    let name = A::command().get_name().to_string();
    let Some(usage) = error.downcast_ref::<clap::Error>() else {
        eprintln!("{name}: {error}");
        return ExitCode::FAILURE;
    };
    if !usage.use_stderr() {
        // The help, which was asked for.
        usage.exit();
    }
    // What clap says is a paragraph on what is wrong, and then hints.
    let text = usage.to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    let problem = lines.collect::<Vec<_>>().join(" ");
    eprintln!("{name}: {} (see --help)", problem.trim_start_matches("error: "));
    ExitCode::from(2)
}

/// Whether it is time to leave.
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens for Ctrl-C and SIGTERM. The second one ends the program at once, as does a reader of its
    /// output that goes away.
    fn listen() -> std::io::Result<Stop> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_default(signal, stop.clone())?;
            flag::register(signal, stop.clone())?;
        }
        flag::register_conditional_default(SIGPIPE, Arc::new(AtomicBool::new(true)))?;
        Ok(Stop(stop))
    }

    /// Tells what happens to a port, also to `news`; true when it is time to leave it. A lost link or
    /// a reset of the PF is no reason: the port recovers by itself, perhaps with another address.
    pub fn is_due(&self, port: &Port, mut news: impl FnMut(Event)) -> bool {
        let mut due = self.0.load(Ordering::Relaxed);
        while let Ok(event) = port.events().try_recv() {
            // Output that cannot be written ends the example where it says more than this.
            let _ = writeln!(stdout(), "{}: {event}", port.name());
            due |= event.must_close();
            news(event);
        }
        due
    }
}
