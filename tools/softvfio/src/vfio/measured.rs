//! What a program asks of the adapter that times its own driver, and moves the adapter in between.
//!
//! Such a program calls this a million times a second, so no signals are kept back as for other calls, which
//! would take the kernel twice. A handler of the program's that runs on the calling thread meanwhile must
//! not reach for a device: it would wait for its own thread.

use softnic::Tally;
use softnic::host::now;

use super::Vfio;

impl Vfio {
    /// A measured step ([`softnic::Adapter::feed`]) with so many frames for each VF. Returns how many were
    /// delivered.
    ///
    /// `None`, here and below: there is no adapter yet, or it is not the program that moves it
    /// (`drive=caller`).
    pub fn feed(&self, frames: usize) -> Option<usize> {
        self.inner().home.measured(|adapter| adapter.feed(now(), frames))
    }

    /// Throws rings and received data out of all caches ([`softnic::Adapter::chill`]). Returns how many
    /// lines that were; `None` also if this processor cannot do it.
    pub fn chill(&self) -> Option<usize> {
        self.inner().home.measured(|adapter| adapter.chill()).flatten()
    }

    /// What this process's VFs have been given and have given.
    pub fn tally(&self) -> Option<Tally> {
        self.inner().home.measured(|adapter| adapter.tally())
    }
}
