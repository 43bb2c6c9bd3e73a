//! What the command and the library say of a VF, against what sysfs and iproute2 say.

use crate::program::{Program, ip};
use crate::traffic::wait_for;
use crate::vf;
use barline::{LinkState, Port};
use serde_json::Value;
use std::fs;
use vmtest::{Context, Result, ensure};

/// `bind`, open, MAC, link, `info` and `list`.
pub fn run() -> Result {
    let (pf, vfs) = vf::ready(0, 2)?;
    for vf in &vfs {
        vf.unbind()?;
    }
    let bind = ["bind", &vfs[0].bdf, &vfs[1].bdf, "--json"];
    let bound: Value = serde_json::from_str(&Program::new("barline").args(bind).check()?)?;
    println!("bind: {bound}");
    for vf in &vfs {
        ensure!(vf.driver().as_deref() == Some("vfio-pci"), "{}: {:?}", vf.bdf, vf.driver());
    }

    for vf in &vfs {
        let info = json(&["info", &vf.bdf, "--json"])?;
        let read = |file: &str| {
            let path = vf.sysfs(file);
            Ok::<_, vmtest::Error>(
                fs::read_to_string(&path).context(path.display())?.trim().to_string(),
            )
        };
        let text = info.to_string();
        for part in [&vf.bdf, &pf.bdf, "vfio-pci"] {
            ensure!(text.contains(part), "info says nothing of {part}: {text}");
        }
        // The numbers, as sysfs has them in hexadecimal.
        for file in ["vendor", "device"] {
            let id = read(file)?.trim_start_matches("0x").to_string();
            ensure!(text.contains(&id), "info says nothing of {file} {id}: {text}");
        }
        ensure!(text.contains(&vf.group()?.to_string()), "info does not know its group: {text}");
    }
    let listed = json(&["list", "--json"])?.to_string();
    for address in [&pf.bdf, &vfs[0].bdf, &vfs[1].bdf] {
        ensure!(listed.contains(address), "list says nothing of {address}: {listed}");
    }

    let shown = ip(&["link", "show", &pf.netdev])?;
    for vf in &vfs {
        let port = Port::open(&vf.bdf)?;
        ensure!(port.mac().to_string() == vf.mac(), "it has {} for {}", port.mac(), vf.mac());
        ensure!(shown.contains(&port.mac().to_string()), "{} is not in: {shown}", port.mac());
        wait_for("link", || port.link().is_up())?;
        let up = LinkState::Up { mbps: 1000, full_duplex: true };
        ensure!(port.link() == up, "the link is {}", port.link());
        ensure!(port.name() == vf.bdf, "it is called {}", port.name());
        println!("{}: {}, link {}", port.name(), port.mac(), port.link());
    }

    let unbind = ["unbind", &vfs[0].bdf, &vfs[1].bdf];
    println!("{}", Program::new("barline").args(unbind).check()?);
    for vf in &vfs {
        ensure!(vf.driver().is_none(), "{}: still {:?}", vf.bdf, vf.driver());
    }
    let gone = Port::open(&vfs[0].bdf).err().context("it was opened without a driver")?;
    println!("{gone}");
    ensure!(gone.to_string().contains("barline bind"), "no remedy in: {gone}");
    Ok(())
}

fn json(args: &[&str]) -> Result<Value> {
    Ok(serde_json::from_str(&Program::new("barline").args(args).check()?)?)
}
