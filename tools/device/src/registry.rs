//! The software adapters of this process.

use std::collections::HashMap;
use std::process;
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
struct Ticket {
    spec: Spec,
    /// The process whose list it is about: a child made by fork may find it locked.
    home: u32,
}

impl Use {
    /// The adapter with these options, which may have to be made.
    pub(crate) fn of(spec: &Spec) -> Result<Use> {
        let mut guard = lock();
        let adapters = guard.get_or_insert_default();
        // What a child made by fork finds is its parent's.
        adapters.retain(|_, entry| !entry.running.host.is_elsewhere());
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
        let ticket = Ticket { spec: spec.clone(), home: process::id() };
        Ok(Use { running: entry.running.clone(), ticket })
    }

    pub(crate) fn spec(&self) -> &Spec {
        &self.ticket.spec
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
        if self.home == process::id()
            && let Some(entry) = lock().as_mut().and_then(|list| list.get_mut(&self.spec))
        {
            entry.users += 1;
        }
        Ticket { spec: self.spec.clone(), home: self.home }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.home != process::id() {
            return;
        }
        let mut guard = lock();
        let adapters = guard.get_or_insert_default();
        let Some(entry) = adapters.get_mut(&self.spec) else { return };
        entry.users -= 1;
        if entry.users == 0 {
            entry.running.space.close();
            // It ends here, with the list locked: whoever opens the same one next finds its TAP
            // interface and its files free.
            adapters.remove(&self.spec);
        }
    }
}

fn lock() -> MutexGuard<'static, Option<HashMap<Spec, Entry>>> {
    // No code that can panic leaves the list half-changed.
    ADAPTERS.lock().unwrap_or_else(PoisonError::into_inner)
}
