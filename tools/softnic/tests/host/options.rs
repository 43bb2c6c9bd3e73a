//! What an adapter is made of, and what is wrong with that.

use softnic::{Host, Spec};

fn refused(options: &str) -> String {
    let spec = Spec::parse(options).unwrap();
    Host::open(&spec).expect_err(options).to_string()
}

#[test]
fn what_cannot_be_is_named() {
    assert!(refused("core=1023").starts_with("`core=1023`: this process may run on the CPUs 0"));
    assert!(
        refused("share=/nowhere/a").starts_with("share=/nowhere/a: cannot open or create it: ")
    );
    let read = refused("uplink=pcap,read=/nowhere/a.pcap");
    assert!(read.starts_with("read=/nowhere/a.pcap: "), "{read}");
    let spec = Spec { vfs: 64, ..Spec::default() };
    assert_eq!(Host::open(&spec).unwrap_err().to_string(), "`vfs=64`: allowed is 1 to 63");
}

#[test]
fn an_adapter_that_cannot_be_leaves_no_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    let share = folder.path().join("adapter");
    let options = format!("share={},uplink=pcap,read=/nowhere/a.pcap", share.display());
    assert!(refused(&options).contains("/nowhere/a.pcap"));
    assert!(!share.exists());
}

#[test]
fn other_options_of_a_shared_adapter_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let share = folder.path().join("adapter");
    let options = |rest: &str| format!("{rest},share={}", share.display());
    let _host = Host::open(&Spec::parse(&options("vfs=4")).unwrap()).unwrap();
    let error = refused(&options("vfs=3,size=128"));
    assert!(error.contains("`size` is the default there and 128 here"), "{error}");
    assert!(error.contains("`vfs` is 4 there and 3 here"), "{error}");
}

#[test]
fn a_host_tells_what_it_is() {
    let spec = Spec::parse("vfs=3,uplink=sink,drive=caller").unwrap();
    let host = Host::open(&spec).unwrap();
    assert_eq!(host.spec(), &spec);
    let shown = format!("{host:?}");
    assert!(shown.contains("vfs=3,uplink=sink,drive=caller") && shown.contains("false"), "{shown}");
}
