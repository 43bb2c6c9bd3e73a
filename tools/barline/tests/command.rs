//! The command as a user meets it: what it prints where, and its exit status.

#[path = "../../../driver/tests/fixtures/mod.rs"]
mod fixtures;

use std::fs::{self, File};
use std::process::{Command, Output, Stdio};

use fixtures::{IGB, NVME, PF, Tree, vf};
use serde_json::{Value, json};

const VF: &str = "0000:01:10.0";

fn command(tree: &Tree, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_barline"));
    command.env_remove("RUST_LOG").env("BARLINE_ROOT", tree.path()).args(args);
    command
}

fn run(tree: &Tree, args: &[&str]) -> Output {
    command(tree, args).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

/// Success, nothing on standard error, and one JSON object on one line.
fn json(tree: &Tree, args: &[&str]) -> Value {
    let output = run(tree, &[args, &["--json"]].concat());
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(stdout(&output).matches('\n').count(), 1);
    serde_json::from_str(stdout(&output)).unwrap()
}

fn text(tree: &Tree, args: &[&str]) -> String {
    let output = run(tree, args);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    stdout(&output).to_string()
}

/// The line on standard error, without `barline: `; nothing on standard output.
fn failure(tree: &Tree, args: &[&str], status: i32) -> String {
    let output = run(tree, args);
    assert_eq!(output.status.code(), Some(status), "{output:?}");
    assert_eq!(stdout(&output), "");
    line(&output)
}

fn line(output: &Output) -> String {
    let stderr = std::str::from_utf8(&output.stderr).unwrap();
    assert_eq!(stderr.matches('\n').count(), 1, "{stderr}");
    stderr.trim_end().strip_prefix("barline: ").unwrap().to_string()
}

/// A PF with three VFs: one bound to vfio-pci, one to igbvf in a shared group, one to none.
fn machine() -> Tree {
    let tree = Tree::with_pf();
    tree.add_vf(PF, 0, 20);
    tree.add_vf(PF, 1, 21);
    tree.add_vf(PF, 2, 21);
    tree.bind(VF, Some("vfio-pci"));
    tree.set(VF, "driver_override", "vfio-pci\n");
    tree.bind(&vf(1), Some("igbvf"));
    tree.netdev(&vf(1), "eth1", "02:00:00:00:00:11");
    tree.function("0000:02:00.0", NVME);
    tree.group("0000:02:00.0", 30);
    tree
}

#[test]
fn list() {
    let tree = machine();
    tree.function("0000:03:00.0", IGB);
    tree.bind("0000:03:00.0", Some("vfio-pci"));
    let list = json(&tree, &["list"]);
    assert_eq!(list["pfs"].as_array().unwrap().len(), 1);
    let pf = &list["pfs"][0];
    assert_eq!(pf["address"], PF);
    assert_eq!((&pf["total_vfs"], &pf["num_vfs"]), (&json!(7), &json!(3)));
    assert_eq!(pf["interfaces"], json!([{"name": "eth0", "mac": "52:54:00:00:00:01"}]));
    assert_eq!((&pf["vendor"], &pf["device"]), (&json!("8086"), &json!("10c9")));
    assert_eq!(pf["numa_node"], Value::Null);
    assert_eq!(
        pf["vfs"][1],
        json!({
            "index": 1,
            "address": vf(1),
            "vendor": "8086",
            "device": "10ca",
            "driver": "igbvf",
            "iommu_group": {
                "number": 21,
                "no_iommu": false,
                "members": [
                    {"device": vf(1), "driver": "igbvf", "in_the_way": true},
                    {"device": vf(2), "driver": null, "in_the_way": false},
                ],
            },
            "numa_node": null,
            "interfaces": [{"name": "eth1", "mac": "02:00:00:00:00:11"}],
        })
    );
    assert_eq!(list["others"][0]["address"], "0000:03:00.0");
    assert_eq!(list["others"].as_array().unwrap().len(), 1);

    let text = text(&tree, &["list"]);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert!(lines[0].starts_with(PF) && lines[0].contains("3 of 7 VFs"), "{text}");
    assert!(lines[1].contains("VF 0") && lines[1].contains("vfio-pci"), "{text}");
    assert!(lines[2].contains("group shared with 0000:01:10.4 (no driver)"), "{text}");
}

#[test]
fn list_where_there_is_nothing() {
    let tree = Tree::new();
    assert_eq!(json(&tree, &["list"]), json!({"pfs": [], "others": []}));
    assert_eq!(text(&tree, &["list"]).lines().count(), 1);
    fs::remove_dir_all(tree.sys("")).unwrap();
    assert_eq!(json(&tree, &["list"]), json!({"pfs": [], "others": []}));
}

#[test]
fn info_of_a_vf() {
    let tree = machine();
    let info = json(&tree, &["info", VF]);
    assert_eq!((&info["physfn"], &info["vf_index"]), (&json!(PF), &json!(0)));
    assert_eq!(info["driver_override"], "vfio-pci");
    assert_eq!((&info["class"], &info["revision"]), (&json!("020000"), &json!("01")));
    assert_eq!(info["msix"]["vectors"], 3);
    assert_eq!(info["sriov"], Value::Null);
    assert_eq!(info["bars"][0]["len"], 128 << 10);
    assert_eq!(info["config"], json!({"visible": 4096, "size": 4096}));
    assert_eq!(info["capabilities"][0]["name"], "MSI-X");
    assert_eq!(info["mac"], Value::Null);
    let why = info["unknown"]["mac"].as_str().unwrap();
    assert!(why.contains("mailbox") && why.contains("ip link show eth0"), "{why}");
    assert_eq!(info["unknown"].as_object().unwrap().len(), 1);

    let text = text(&tree, &["info", "01:10.0"]);
    assert!(text.contains("PF            0000:01:00.0, of which this is VF 0"), "{text}");
    assert!(text.contains("MAC           unknown: bound to vfio-pci"), "{text}");
    assert!(text.contains("IOMMU group   20, alone"), "{text}");
    assert!(text.contains("MSI-X         3 vectors, off, table in BAR 3"), "{text}");

    let info = json(&tree, &["info", &vf(1)]);
    assert_eq!(info["mac"], "02:00:00:00:00:11");
    assert_eq!(info["unknown"], json!({}));
    let info = json(&tree, &["info", &vf(2)]);
    assert!(info["unknown"]["mac"].as_str().unwrap().contains("no driver"));
}

#[test]
fn info_of_a_pf() {
    let tree = machine();
    let info = json(&tree, &["info", PF]);
    let pf = &info["sriov"];
    assert_eq!(pf["vfs"], json!([vf(0), vf(1), vf(2)]));
    assert_eq!((&pf["total_vfs"], &pf["capability"]["total_vfs"]), (&json!(7), &json!(8)));
    assert_eq!(pf["vf_bars"], json!([{"index": 0, "len": 16384}, {"index": 3, "len": 16384}]));
    assert_eq!(pf["capability"]["page_size"], 4096);
    assert_eq!((&info["mac"], &info["physfn"]), (&json!("52:54:00:00:00:01"), &Value::Null));
    let text = text(&tree, &["info", PF]);
    assert!(text.contains("3 of 7 VFs: 0000:01:10.0 0000:01:10.2 0000:01:10.4"), "{text}");
    assert!(text.contains("VF BAR 0      16 KiB for each VF"), "{text}");
}

#[test]
fn info_as_a_user_sees_it() {
    let tree = machine();
    fs::write(tree.device(PF).join("config"), &fixtures::config::pf()[..64]).unwrap();
    let info = json(&tree, &["info", PF]);
    assert_eq!(info["config"]["visible"], 64);
    for field in ["msix", "capabilities", "sriov.capability", "sriov.vf_bars"] {
        assert!(info["unknown"][field].as_str().unwrap().contains("run as root"), "{field}");
    }
    assert_eq!((&info["msix"], &info["sriov"]["capability"]), (&Value::Null, &Value::Null));
    assert!(text(&tree, &["info", PF]).contains("MSI-X         unknown: "));
    fs::remove_file(tree.device(PF).join("config")).unwrap();
    assert!(json(&tree, &["info", PF])["unknown"]["config"].is_string());
}

#[test]
fn info_of_something_else() {
    let tree = machine();
    let info = json(&tree, &["info", "0000:02:00.0"]);
    // Not a network device: that it has no MAC is nothing to explain.
    assert_eq!((&info["mac"], &info["unknown"]), (&Value::Null, &json!({})));
    assert_eq!(info["msix"], Value::Null);
    assert!(text(&tree, &["info", "0000:02:00.0"]).contains("MSI-X         none"));
    let mut broken = fixtures::config::pf();
    broken[0x41] = 0x40;
    fs::write(tree.device(PF).join("config"), broken).unwrap();
    let faults = json(&tree, &["info", PF])["faults"].clone();
    assert_eq!(faults, json!(["the standard capability list comes back to 0x40"]));
}

#[test]
fn what_is_done_already_succeeds() {
    let tree = machine();
    assert_eq!(
        json(&tree, &["bind", VF, VF])["bound"],
        json!([
            {"address": VF, "before": "vfio-pci", "iommu_group": 20, "in_the_way": []},
            {"address": VF, "before": "vfio-pci", "iommu_group": 20, "in_the_way": []},
        ])
    );
    assert_eq!(
        text(&tree, &["bind", VF]),
        "0000:01:10.0: bound to vfio-pci, as before; IOMMU group 20\n"
    );
    assert_eq!(
        json(&tree, &["unbind", &vf(1), &vf(2)])["unbound"],
        json!([
            {"address": vf(1), "before": "igbvf", "driver": "igbvf"},
            {"address": vf(2), "before": null, "driver": null},
        ])
    );
    assert_eq!(
        json(&tree, &["create", PF, "3"]),
        json!({"pf": PF, "before": 3, "num_vfs": 3, "vfs": [vf(0), vf(1), vf(2)]})
    );
    assert_eq!(
        text(&tree, &["create", PF, "3"]),
        "0000:01:00.0: has 3 VFs: 0000:01:10.0 0000:01:10.2 0000:01:10.4 (as before)\n"
    );
}

#[test]
fn a_group_that_cannot_be_opened_is_told() {
    let tree = machine();
    tree.bind(&vf(2), Some("vfio-pci"));
    assert_eq!(
        json(&tree, &["bind", &vf(2)])["bound"][0]["in_the_way"],
        json!(["0000:01:10.2 (igbvf)"])
    );
    assert!(text(&tree, &["bind", &vf(2)]).contains("until these are bound to vfio-pci too"));
}

#[test]
fn a_kernel_that_does_nothing_is_noticed() {
    // The fixture is such a kernel: it takes each write, and no driver changes.
    let tree = machine();
    let problem = failure(&tree, &["bind", &vf(2)], 1);
    assert!(problem.contains("0000:01:10.4: bound to no driver, though"), "{problem}");
    assert_eq!(tree.text(&vf(2), "driver_override").trim_end(), "");
    let problem = failure(&tree, &["create", PF, "2"], 1);
    assert!(problem.contains("asked for 0 VFs, but the kernel counts 0 and shows 3"), "{problem}");
    let problem = failure(&tree, &["unbind", VF], 1);
    assert!(problem.contains("0000:01:10.0: bound to vfio-pci, though"), "{problem}");
}

#[test]
fn what_was_done_before_a_failure_is_told() {
    let tree = machine();
    let output = run(&tree, &["bind", "--json", VF, &vf(2)]);
    assert_eq!(output.status.code(), Some(1));
    let answer: Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(answer["bound"].as_array().unwrap().len(), 1);
    assert!(line(&output).starts_with("0000:01:10.4: "));
}

#[test]
fn failures() {
    let tree = machine();
    for (args, words) in [
        (vec!["info", "0000:09:00.0"], "0000:09:00.0: no such PCI device"),
        (vec!["bind", "0000:09:00.0"], "no such PCI device"),
        (vec!["unbind", "0000:09:00.0"], "no such PCI device"),
        (vec!["bind", PF], "add `--force`"),
        (vec!["create", VF, "1"], "ask its PF, 0000:01:00.0"),
        (vec!["create", "0000:02:00.0", "1"], "not a PF"),
        (vec!["create", PF, "8"], "ask for 7 at most"),
    ] {
        let problem = failure(&tree, &args, 1);
        assert!(problem.contains(words), "{args:?}: {problem}");
        let json = failure(&tree, &[&args[..], &["--json"]].concat(), 1);
        assert_eq!(problem, json);
    }
    fs::remove_dir_all(tree.sys("bus/pci/drivers/vfio-pci")).unwrap();
    assert!(failure(&tree, &["bind", &vf(1)], 1).contains("modprobe vfio-pci"));
}

#[test]
fn one_wrong_address_leaves_the_others_alone() {
    let tree = machine();
    failure(&tree, &["bind", &vf(2), "0000:09:00.0"], 1);
    assert_eq!(tree.text(&vf(2), "driver_override"), "(null)\n");
}

#[test]
fn wrong_usage() {
    let tree = machine();
    for (args, words) in [
        (vec![], "requires a subcommand"),
        (vec!["dance"], "unrecognized subcommand 'dance'"),
        (vec!["list", "--loud"], "unexpected argument '--loud'"),
        (vec!["list", VF], "unexpected argument"),
        (vec!["info"], "<BDF>"),
        (
            vec!["info", "01:10"],
            "`01:10` is not a PCI address: expected domain:bus:device.function",
        ),
        (vec!["info", "../../etc"], "is not a PCI address"),
        (vec!["info", "0000:01:10.0\n"], "is not a PCI address"),
        (vec!["info", "soft"], "a software adapter is nothing of this machine"),
        (vec!["bind", "soft:vfs=4,vf=1"], "a software adapter is nothing of this machine"),
        (vec!["info", "soft:vfs=0"], "`vfs=0`: allowed is 1 to 63"),
        (vec!["bind"], "<BDF>..."),
        (vec!["bind", VF, "eth0"], "`eth0` is not a PCI address"),
        (vec!["unbind"], "<BDF>..."),
        (vec!["create", PF], "<N>"),
        (vec!["create", PF, "65536"], "65536 is not in 0..=65535"),
        (vec!["create", PF, "-1"], "'-1'"),
        (vec!["create", PF, "two"], "'two'"),
        (vec!["create", "two", "2"], "`two` is not a PCI address"),
        (vec!["soft"], "requires a subcommand"),
    ] {
        let problem = failure(&tree, &args, 2);
        assert!(problem.contains(words), "{args:?}: {problem}");
        let known = args.first().filter(|name| **name != "dance");
        let meant = known.map_or("barline".to_string(), |name| format!("barline {name}"));
        assert!(problem.ends_with(&format!("(see `{meant} --help`)")), "{problem}");
    }
    let output = command(&tree, &[]).env_remove("BARLINE_ROOT").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(line(&output).contains("requires a subcommand"));
}

#[test]
fn help_and_version_are_answers() {
    let tree = Tree::new();
    let help = text(&tree, &["--help"]);
    for command in ["list", "info", "bind", "unbind", "create", "bench"] {
        assert!(help.contains(command), "{help}");
    }
    assert!(!help.contains("BARLINE_ROOT") && !help.contains("--root"), "{help}");
    assert!(text(&tree, &["--version"]).starts_with("barline "));
}

#[test]
fn a_reader_that_stops_reading_is_no_failure() {
    let tree = machine();
    for args in [&["list"][..], &["list", "--json"], &["info", PF], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(&tree, args).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{args:?}: {output:?}");
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let tree = machine();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = command(&tree, &["list"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(line(&output).starts_with("writing to standard output: "));
}

#[test]
fn root_as_an_option() {
    let tree = machine();
    let output = Command::new(env!("CARGO_BIN_EXE_barline"))
        .env_remove("BARLINE_ROOT")
        .args(["list", "--json", "--root"])
        .arg(tree.path())
        .output()
        .unwrap();
    assert!(stdout(&output).contains(VF));
}

#[test]
fn bench_of_a_pf_says_what_it_takes_instead_of_how_to_bind_it() {
    let problem = failure(&machine(), &["bench", "rx", "--vf", PF, "--seconds", "1"], 1);
    assert!(problem.contains("8086:10c9 is not a supported VF"), "{problem}");
    assert!(problem.contains("8086:10ca") && !problem.contains("barline bind"), "{problem}");
}
