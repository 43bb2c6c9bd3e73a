//! Runs beside each other, within each other, and what is left of those that were killed.

use std::fs::{self, File};

use softnic::Spec;
use softvfio::run::Run;

use super::kit::{BARLINE, Place, Running, said};

#[test]
fn two_side_by_side_have_an_adapter_each() {
    let place = Place::new();
    let script = "echo $BARLINE_SOFT; read end";
    let start = |spec| {
        let mut command = place.exec(["--soft", spec, "--", "sh", "-c", script]);
        Running::start({
            command.stdin(std::process::Stdio::piped());
            command
        })
    };
    let (one, other) = (start("soft:vfs=3"), start("soft:vfs=5,uplink=sink"));
    let [one_dir, other_dir] = [one.line(), other.line()];
    assert_ne!(one_dir, other_dir);
    let vfs = |dir: &str| Run::open(dir.as_ref()).unwrap().spec.vfs;
    assert_eq!((vfs(&one_dir), vfs(&other_dir)), (3, 5));
    // A third one sweeps, and leaves both alone.
    assert_eq!(said(&place.output("echo third")), "third\n");
    assert_eq!(place.runs().len(), 2);
    drop(one);
    assert_eq!(vfs(&other_dir), 5);
    drop(other);
    // Both were killed.
    assert_eq!(said(&place.output("echo sweeps")), "sweeps\n");
    place.assert_empty();
}

#[test]
fn programs_of_a_run_share_it_however_they_were_started() {
    let place = Place::new();
    let script = "echo $BARLINE_SOFT; sh -c 'echo $BARLINE_SOFT; (echo $BARLINE_SOFT) & wait';
        env --unset=BARLINE_SOFT sh -c 'echo none $BARLINE_SOFT'";
    let said = said(&place.output(script));
    let [one, two, three, none] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert!(one == two && two == three && none == "none", "{said}");
    assert!(one.starts_with(place.shm().to_str().unwrap()));
    place.assert_empty();
}

#[test]
fn a_run_in_a_run_is_one_of_its_own() {
    let place = Place::new();
    let root = place.root().display();
    let script = format!(
        "echo $BARLINE_SOFT; {BARLINE} --root {root} soft exec --soft soft:vfs=7 -- \
         sh -c 'echo $BARLINE_SOFT; echo $LD_PRELOAD; ls $BARLINE_SOFT/dev/vfio | wc -l'; \
         echo $LD_PRELOAD; ls $BARLINE_SOFT/dev/vfio | wc -l"
    );
    let said = said(&place.output(&script));
    let [outer, inner, its_libraries, its_nodes, libraries, nodes] =
        said.lines().collect::<Vec<_>>()[..]
    else {
        panic!("{said}")
    };
    assert_ne!(outer, inner);
    assert_eq!(its_libraries, libraries, "the library is there once");
    assert_eq!((nodes, its_nodes), ("3", "8"), "a node for each VF, and vfio");
    place.assert_empty();
}

#[test]
fn what_killed_ones_have_left_goes_and_nothing_else() {
    let place = Place::new();
    let dir = |name: &str| place.shm().join(name);
    // Killed before it had a lock; before it was whole; in its life; while it was removed.
    fs::create_dir(dir("barline-soft-aaaaaa")).unwrap();
    for name in ["barline-soft-bbbbbb", "barline-soft-cccccc", "barline-soft-dddddd.gone"] {
        fs::create_dir_all(dir(name).join("sys/bus")).unwrap();
        File::create(dir(name).join("lock")).unwrap();
    }
    File::create(dir("barline-soft-cccccc").join("plane")).unwrap();
    // Somebody else's.
    fs::write(dir("barline-soft-eeeeee"), "a file").unwrap();
    fs::create_dir_all(dir("barline-soft-ffffff/is/not/ours")).unwrap();
    fs::create_dir(dir("other")).unwrap();
    // One that is alive.
    let run = Run::create_in(&[place.shm()], &Spec::default()).unwrap();
    let alive = run.view().dir.clone();
    assert_eq!(said(&place.output("echo fine")), "fine\n");
    let mut left = place.runs();
    left.sort();
    let mut expected =
        [dir("barline-soft-eeeeee"), dir("barline-soft-ffffff"), alive, dir("other")];
    expected.sort();
    assert_eq!(left, expected);
    drop(run);
    assert_eq!(place.runs().len(), 3);
}

#[test]
fn a_run_of_this_process_gives_programs_what_soft_exec_gives() {
    let place = Place::new();
    let run = Run::create_in(&[place.shm()], &Spec::parse("vfs=4").unwrap()).unwrap();
    let show = "echo $BARLINE_SOFT; echo $LD_PRELOAD";
    let here = run.command("sh").args(["-c", show]).env_remove("x").output().unwrap();
    let there = place.output(show);
    let (here, there) = (said(&here), said(&there));
    let libraries = |said: &str| said.lines().nth(1).map(str::to_string);
    assert_eq!(here.lines().next(), run.view().dir.to_str());
    let name =
        |path: Option<String>| path.and_then(|path| path.rsplit('/').next().map(str::to_string));
    assert_eq!(name(libraries(&here)), name(libraries(&there)));
    let spec = Run::open(&run.view().dir).unwrap().spec;
    assert_eq!(spec, run.view().spec);
    assert_eq!((spec.vfs, spec.share), (4, Some(run.view().dir.join("plane"))));
    drop(run);
    place.assert_empty();
}

#[test]
fn paths_in_the_options_mean_the_same_everywhere() {
    let place = Place::new();
    let script = "cat $BARLINE_SOFT/spec";
    let mut command =
        place.exec(["--soft", "soft:uplink=pcap,write=out.pcap", "--", "sh", "-c", script]);
    let spec = said(&command.current_dir(place.root()).output().unwrap());
    assert_eq!(spec, format!("uplink=pcap,write={}/out.pcap\n", place.root().display()));
}
