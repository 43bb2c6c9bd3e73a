//! What can go wrong with a software adapter, in the driver's words.

use barline::Error;
use softnic::{Broken, HostError, OpenError, Spec};

use crate::name;

/// The adapter could not be made.
pub(crate) fn no_adapter(spec: &Spec, error: &HostError) -> Error {
    let said = error.to_string();
    // What is wrong, and often what can be done about it.
    let (what, remedy) = said
        .split_once("; ")
        .unwrap_or((&said, "see the options of the device string in docs/softnic.md"));
    Error::Device {
        device: name::shown(spec, 0),
        what: what.to_string(),
        remedy: remedy.to_string(),
    }
}

/// The adapter has panicked, or is another process's.
pub(crate) fn broken(device: &str, error: &Broken) -> Error {
    let remedy = match error {
        Broken::Failed(_) => "this is a mistake of the software adapter's: please report it",
        Broken::Elsewhere => {
            "open a device after the fork; `share=` lets both have the same adapter"
        }
    };
    Error::Device {
        device: device.to_string(),
        what: error.to_string(),
        remedy: remedy.to_string(),
    }
}

/// A VF could not be opened.
pub(crate) fn not_opened(device: &str, error: OpenError) -> Error {
    let device = device.to_string();
    match error {
        OpenError::Absent { vf, vfs } => Error::Device {
            device,
            what: format!("the adapter has no VF {vf}, or it was pulled out"),
            remedy: format!("it has {vfs} VFs, from 0 on (vfs=)"),
        },
        OpenError::Busy { vf } => Error::Device {
            device,
            what: format!("VF {vf} is in use already, by this or another process"),
            remedy: "a VF has one owner at a time: close it there first".into(),
        },
        OpenError::Memory { error: source, .. } => Error::Kernel {
            device,
            action: "make its registers".into(),
            source,
            remedy: "raise the limit on open files (`ulimit -n`), or free memory".into(),
        },
    }
}
