//! VFs of software adapters, opened by name.

use std::os::fd::AsFd;
use std::sync::Arc;

use barline::transport::Transport;
use barline::{Config, Result};
use barline_device::{Adapter, Device, DeviceName};

fn open(name: &str) -> Result<Device> {
    let name: DeviceName = name.parse().unwrap_or_else(|error| panic!("{error}"));
    barline_device::open(&name, Config::default())
}

fn refusal(name: &str) -> String {
    open(name).err().unwrap_or_else(|| panic!("{name} opens")).to_string()
}

#[test]
fn each_generation_opens_and_starts() {
    for model in ["82599", "x540", "x550", "x552", "x553", "e610"] {
        let mut device = open(&format!("soft:model={model},uplink=sink")).unwrap();
        assert!(device.port.mac().is_unicast(), "{model}");
        assert_eq!(device.port.start().unwrap().rx.len(), 1, "{model}");
    }
}

#[test]
fn a_port_is_named_as_its_device() {
    let device = open("soft:vf=1,uplink=sink,vfs=3").unwrap();
    assert_eq!(device.port.name(), "soft:vfs=3,uplink=sink,vf=1");
}

#[test]
fn the_same_options_are_the_same_adapter() {
    let first = open("soft:vfs=5,uplink=sink").unwrap();
    let second = open("soft:uplink=sink,vfs=5,vf=1").unwrap();
    let other = open("soft:vfs=6,uplink=sink,vf=1").unwrap();
    let macs = [&first, &second, &other].map(|device| device.port.mac());
    assert_ne!(macs[0], macs[1]);
    let spaces = [&first, &second, &other].map(|device| device.adapter.clone().unwrap());
    let spaces = spaces.map(|adapter| adapter.transport(4).unwrap().dma());
    assert!(Arc::ptr_eq(&spaces[0], &spaces[1]));
    assert!(!Arc::ptr_eq(&spaces[0], &spaces[2]));
}

#[test]
fn a_vf_has_one_owner() {
    let name = "soft:vfs=7,uplink=sink,vf=3";
    let device = open(name).unwrap();
    let again = refusal(name);
    assert!(again.contains(name) && again.contains("in use already"), "{again}");
    drop(device);
    open(name).unwrap();
}

#[test]
fn an_adapter_ends_with_its_last_user() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("out.pcap");
    let name = format!("soft:uplink=pcap,write={}", file.display());
    let mut device = open(&name).unwrap();
    let queues = device.port.start().unwrap();
    let adapter = device.adapter.clone();
    drop(device.adapter);
    drop(device.port);
    // The file is written anew by each adapter.
    std::fs::remove_file(&file).unwrap();
    drop(adapter);
    open(&name.replace("soft:", "soft:vf=1,")).unwrap();
    assert!(!file.exists(), "a queue is a user");
    drop(queues);
    open(&name).unwrap();
    assert!(file.exists());
}

#[test]
fn what_cannot_be_had_is_told() {
    let absent = refusal("soft:uplink=pcap,read=/absent/file");
    assert!(absent.contains("read=/absent/file: No such file or directory"), "{absent}");
    let taken = refusal("soft:uplink=tap:lo");
    assert!(taken.contains("lo"), "{taken}");
    let config = Config { rx_queues: 5, tx_queues: 5, ..Config::default() };
    let name = "soft:uplink=sink".parse().unwrap();
    let queues = barline_device::open(&name, config).unwrap_err().to_string();
    assert!(queues.contains("rx_queues = 5"), "{queues}");
}

fn transport(name: &str) -> (Adapter, Arc<dyn Transport>) {
    let name: DeviceName = name.parse().unwrap();
    let (spec, vf) = name.as_soft().unwrap();
    let adapter = Adapter::open(spec).unwrap();
    let transport = adapter.transport(vf).unwrap();
    (adapter, transport)
}

#[test]
fn what_is_outside_a_vf_is_refused_or_reads_as_all_ones() {
    let (adapter, vf) = transport("soft:vfs=8,uplink=sink");
    assert_eq!((vf.bar_len(0), vf.bar_len(1), vf.bar_len(3)), (0x4000, 0, 0));
    for (bar, offset) in [(0, 0x4000), (0, 1), (0, u64::MAX - 3), (3, 0)] {
        assert_eq!(vf.read32(bar, offset), u32::MAX, "{bar} {offset:#x}");
    }
    for (bar, offset) in [(0, 0), (0, 0x4000), (0, 0x1001), (3, 0x1018)] {
        let refused = vf.clone().doorbell(bar, offset).unwrap_err().to_string();
        assert!(refused.contains(&format!("{offset:#x}")), "{refused}");
    }
    assert!(vf.clone().doorbell(0, 0x1018).is_ok());
    let mut bytes = [0; 4];
    assert!(vf.read_config(0xffc, &mut bytes).is_ok());
    assert!(vf.read_config(0xffd, &mut bytes).unwrap_err().to_string().contains("0xffd"));
    let fd = std::fs::File::open("/dev/null").unwrap();
    let refused = vf.set_vectors(&[fd.as_fd(); 4]).unwrap_err().to_string();
    assert!(vf.vectors() == 3 && refused.contains("has 3"), "{refused}");
    assert!(adapter.transport(8).unwrap_err().to_string().contains("no VF 8"));
}

#[test]
fn bus_mastering_is_off_until_it_is_turned_on_and_after_a_reset() {
    let (_adapter, vf) = transport("soft:vfs=10,uplink=sink");
    let is_on = || {
        let mut bytes = [0; 6];
        vf.read_config(0, &mut bytes).unwrap();
        assert_eq!(bytes[..4], [0xff; 4], "a VF has no ids of its own");
        bytes[4] & 4 != 0
    };
    assert!(!is_on());
    vf.set_bus_master(true).unwrap();
    assert!(is_on());
    vf.reset().unwrap();
    assert!(!is_on());
}

#[test]
fn a_space_ends_with_its_adapter() {
    let (adapter, vf) = transport("soft:vfs=9,uplink=sink");
    let space = vf.dma();
    assert!(!space.is_closed() && space.unmap(1 << 32, 4096).is_err());
    drop(vf);
    assert!(!space.is_closed());
    drop(adapter);
    assert!(space.is_closed() && space.unmap(1 << 32, 4096).is_ok());
}
