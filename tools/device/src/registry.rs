//! The software adapters of this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use barline::Result;
use softnic::{Host, Spec};

use crate::error;
use crate::space::Space;

/// What there is now, by its options.
static ADAPTERS: Mutex<Option<HashMap<Spec, Entry>>> = Mutex::new(None);

#[derive(Debug)]
struct Entry {
    running: Running,
    users: usize,
}

/// An adapter that runs, and the address space of its VFs.
#[derive(Clone, Debug)]
struct Running {
    host: Host,
    space: Arc<Space>,
}

/// One use of an adapter, which runs for as long as there is one.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    // Dropped before the ticket, so that the last one is that of the list.
    running: Running,
    ticket: Ticket,
}

/// A place among the users of an adapter.
#[derive(Debug)]
struct Ticket(Spec);

impl Use {
    /// The adapter with these options, which may have to be made.
    pub(crate) fn of(spec: &Spec) -> Result<Use> {
        let mut guard = lock();
        let adapters = guard.get_or_insert_default();
        let entry = match adapters.get_mut(spec) {
            Some(entry) => entry,
            None => {
                let host = Host::open(spec).map_err(|error| error::no_adapter(spec, &error))?;
                let space = Arc::new(Space::new(spec, host.clone()));
                let entry = Entry { running: Running { host, space }, users: 0 };
                adapters.entry(spec.clone()).or_insert(entry)
            }
        };
        entry.users += 1;
        Ok(Use { running: entry.running.clone(), ticket: Ticket(spec.clone()) })
    }

    pub(crate) fn spec(&self) -> &Spec {
        &self.ticket.0
    }

    pub(crate) fn host(&self) -> &Host {
        &self.running.host
    }

    pub(crate) fn space(&self) -> &Arc<Space> {
        &self.running.space
    }
}

impl Clone for Ticket {
    fn clone(&self) -> Ticket {
        if let Some(entry) = lock().as_mut().and_then(|adapters| adapters.get_mut(&self.0)) {
            entry.users += 1;
        }
        Ticket(self.0.clone())
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut guard = lock();
        let adapters = guard.get_or_insert_default();
        let Some(entry) = adapters.get_mut(&self.0) else { return };
        entry.users -= 1;
        if entry.users == 0 {
            entry.running.space.close();
            // It ends here, with the list locked: whoever opens the same one next finds its TAP
            // interface and its files free.
            adapters.remove(&self.0);
        }
    }
}

fn lock() -> MutexGuard<'static, Option<HashMap<Spec, Entry>>> {
    // No code that can panic leaves the list half-changed.
    ADAPTERS.lock().unwrap_or_else(PoisonError::into_inner)
}
