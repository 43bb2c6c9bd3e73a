//! Whether a thread is inside this library, where its own calls of the C library are no calls of the
//! program's.

use std::cell::Cell;
use std::marker::PhantomData;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// A thread that is inside, until this is dropped. It stays on that thread.
#[derive(Debug)]
pub struct Inside {
    before: bool,
    thread: PhantomData<*const ()>,
}

impl Inside {
    /// Goes inside; `None` if the thread is there already, and its call is ours.
    pub fn enter() -> Option<Inside> {
        (!INSIDE.get()).then(Inside::stay)
    }

    /// Goes inside, or stays there: for signal handlers, which may come at any time.
    pub fn stay() -> Inside {
        Inside { before: INSIDE.replace(true), thread: PhantomData }
    }

    /// Whether this thread is inside.
    pub fn is() -> bool {
        INSIDE.get()
    }

    /// Leaves this thread inside for good: it is one of this library's.
    pub fn forever() {
        INSIDE.set(true);
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_inside_once_and_alone() {
        let outer = Inside::enter().unwrap();
        assert!(Inside::enter().is_none());
        drop(Inside::stay());
        assert!(Inside::is(), "who stayed leaves what was before");
        std::thread::spawn(|| {
            assert!(!Inside::is());
            Inside::forever();
            assert!(Inside::enter().is_none());
        })
        .join()
        .unwrap();
        drop(outer);
        assert!(!Inside::is());
    }
}
