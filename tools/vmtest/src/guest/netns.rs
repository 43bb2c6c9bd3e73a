//! Network namespaces: a Linux of its own at the other end of the wire.

use crate::program::ip;
use crate::sys;
use std::fs::File;
use std::os::fd::OwnedFd;
use vmtest::{Context, Result};

/// A network namespace that goes when this value does; its interfaces fall back to the first one
/// if they are hardware, some time later.
pub struct Netns {
    /// Its name, as `ip netns` knows it.
    pub name: String,
}

impl Netns {
    /// Makes a namespace, its loopback interface up.
    pub fn new(name: &str) -> Result<Self> {
        ip(&["netns", "add", name])?;
        let namespace = Self { name: name.into() };
        namespace.ip(&["link", "set", "lo", "up"])?;
        Ok(namespace)
    }

    /// Moves an interface of the first namespace into this one.
    pub fn take(&self, netdev: &str) -> Result {
        ip(&["link", "set", netdev, "netns", &self.name]).map(|_| ())
    }

    /// Moves an interface of this one back to the first namespace, that of process 1.
    pub fn give_back(&self, netdev: &str) -> Result {
        self.ip(&["link", "set", netdev, "netns", "1"]).map(|_| ())
    }

    /// Runs `ip` inside.
    pub fn ip(&self, args: &[&str]) -> Result<String> {
        let mut all = vec!["-n", self.name.as_str()];
        all.extend(args);
        ip(&all)
    }

    /// Runs a function inside, on a thread of its own. Sockets that it opens stay in the namespace
    /// wherever they are used afterwards.
    pub fn inside<T: Send>(&self, body: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let path = format!("/run/netns/{}", self.name);
        let namespace = OwnedFd::from(File::open(&path).context(&path)?);
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                sys::enter_netns(&namespace)?;
                body()
            });
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        // The guest is about to end anyway.
        let _ = ip(&["netns", "del", &self.name]);
    }
}
