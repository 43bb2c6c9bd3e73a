//! Calls that fail when a test wants it.

use std::sync::Mutex;

use barline::{Error, Result};

/// Counts the calls that can fail, and fails one of them.
#[derive(Debug)]
pub struct Trouble {
    device: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<&'static str>,
    fail_at: Option<usize>,
    refused: Option<&'static str>,
}

impl Trouble {
    pub fn new(device: &str) -> Trouble {
        Trouble { device: device.to_string(), state: Mutex::default() }
    }

    /// Notes a call; an error if it is the one to fail.
    pub fn call(&self, what: &'static str) -> Result<()> {
        let mut state = self.state.lock().unwrap();
        state.calls.push(what);
        if state.fail_at != Some(state.calls.len()) && state.refused != Some(what) {
            return Ok(());
        }
        Err(Error::Device {
            device: self.device.clone(),
            what: format!("{what} was made to fail"),
            remedy: "none".to_string(),
        })
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<&'static str> {
        self.state.lock().unwrap().calls.clone()
    }

    /// Fails the call that is the `n`th from the beginning, counted from 1.
    pub fn fail_at(&self, n: Option<usize>) {
        let mut state = self.state.lock().unwrap();
        state.calls.clear();
        state.fail_at = n;
    }

    /// Fails all calls of a kind.
    pub fn refuse(&self, what: Option<&'static str>) {
        self.state.lock().unwrap().refused = what;
    }
}
