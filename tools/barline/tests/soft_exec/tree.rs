//! The run's sysfs as barline's own commands read it, from plain files and through the preload library, and
//! as lspci does.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use softnic::Spec;
use softvfio::topology::{PF, vf_address};

use super::kit::{BARLINE, Place, said};

/// What a command of barline's answers below a directory.
fn answer(root: &Path, words: &[&str]) -> Value {
    let output =
        Command::new(BARLINE).arg("--root").arg(root).arg("--json").args(words).output().unwrap();
    serde_json::from_str(&said(&output)).unwrap()
}

fn tree(spec: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    softvfio::tree::write(dir.path(), &Spec::parse(spec).unwrap()).unwrap();
    dir
}

#[test]
fn list_shows_the_pf_with_its_vfs_and_nothing_else() {
    let dir = tree("vfs=3,model=x540");
    let list = answer(dir.path(), &["list"]);
    assert_eq!(list["others"], json!([]));
    let [pf] = &list["pfs"].as_array().unwrap()[..] else { panic!("{list}") };
    assert_eq!(
        (&pf["address"], &pf["vendor"], &pf["device"], &pf["driver"]),
        (&json!(PF), &json!("8086"), &json!("1528"), &json!("ixgbe"))
    );
    assert_eq!((&pf["num_vfs"], &pf["total_vfs"]), (&json!(3), &json!(63)));
    assert_eq!(pf["interfaces"], json!([{"name": "soft0", "mac": "02:82:59:90:00:ff"}]));
    let vfs = pf["vfs"].as_array().unwrap();
    assert_eq!(vfs.len(), 3);
    for (index, vf) in vfs.iter().enumerate() {
        let address = vf_address(index);
        assert_eq!(
            vf,
            &json!({
                "index": index,
                "address": address,
                "vendor": "8086",
                "device": "1515",
                "driver": "vfio-pci",
                "iommu_group": {
                    "number": index + 1,
                    "no_iommu": false,
                    "members":
                        [{"device": address, "driver": "vfio-pci", "in_the_way": false}],
                },
                "numa_node": 0,
                "interfaces": [],
            })
        );
    }
}

#[test]
fn info_finds_no_fault_in_any_function() {
    let dir = tree("vfs=2");
    let pf = answer(dir.path(), &["info", PF]);
    assert_eq!(pf["faults"], json!([]));
    assert_eq!(pf["sriov"]["num_vfs"], json!(2));
    assert_eq!(pf["sriov"]["vfs"], json!([vf_address(0), vf_address(1)]));
    let capability = &pf["sriov"]["capability"];
    assert_eq!(
        (&capability["first_vf_offset"], &capability["vf_stride"], &capability["vf_device"]),
        (&json!(128), &json!(2), &json!("10ed"))
    );
    assert_eq!(pf["sriov"]["vf_bars"][0]["len"], json!(16384));
    let vf = answer(dir.path(), &["info", &vf_address(1)]);
    assert_eq!(vf["faults"], json!([]));
    assert_eq!((&vf["physfn"], &vf["vf_index"]), (&json!(PF), &json!(1)));
    assert_eq!((&vf["msix"]["vectors"], &vf["msix"]["table_bar"]), (&json!(3), &json!(3)));
    let bars: Vec<_> = vf["bars"].as_array().unwrap().iter().map(|bar| &bar["len"]).collect();
    assert_eq!(bars, [&json!(16384), &json!(16384)]);
    assert_eq!(vf["config"], json!({"visible": 4096, "size": 4096}));
    let port = answer(dir.path(), &["info", "0000:00:01.0"]);
    assert_eq!((&port["faults"], &port["class"]), (&json!([]), &json!("060400")));
}

#[test]
fn a_program_in_a_run_reads_the_same() {
    let (place, dir) = (Place::new(), tree("vfs=2"));
    for words in [vec!["list"], vec!["info", PF], vec!["info", "0000:01:10.2"]] {
        let command = [&["--", BARLINE, "--json"][..], &words].concat();
        let inside = said(&place.exec(command).output().unwrap());
        let inside: Value = serde_json::from_str(&inside).unwrap();
        assert_eq!(inside, answer(dir.path(), &words), "{words:?}");
    }
    place.assert_empty();
}

#[test]
fn lspci_knows_every_function_and_its_driver() {
    let place = Place::new();
    let output = place.exec(["--soft", "soft:vfs=2", "--", "lspci", "-nkvv"]).output();
    let output = output.expect("lspci: install it (apt-get install pciutils)");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let functions: Vec<&str> = text.split("\n\n").filter(|text| !text.trim().is_empty()).collect();
    let [port, pf, vf, other] = functions[..] else { panic!("{text}") };
    for (function, lines) in [
        (
            port,
            &["00:01.0 0604: 8086:3c04", "Kernel driver in use: pcieport", "ACSCtl:\tSrcValid+"][..],
        ),
        (
            pf,
            &[
                "01:00.0 0200: 8086:10fb",
                "IOMMU group: 0",
                "Total VFs: 64, Number of VFs: 2",
                "VF offset: 128, stride: 2, Device ID: 10ed",
                "Kernel driver in use: ixgbe",
            ],
        ),
        (
            vf,
            &[
                "01:10.0 0200: 8086:10ed",
                "IOMMU group: 1",
                "Region 0: Memory at dfa00000",
                "MSI-X: Enable- Count=3 Masked-",
                "FLReset+",
                "Kernel driver in use: vfio-pci",
            ],
        ),
        (other, &["01:10.2 0200: 8086:10ed", "IOMMU group: 2"]),
    ] {
        for line in lines {
            assert!(function.contains(line), "no `{line}` in {function}");
        }
    }
}
