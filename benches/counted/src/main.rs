//! Moves a fixed number of bursts over the rings, in the way that it is told, and does so the same at each
//! run: the test beside it has callgrind count what that takes.

mod lane;
#[path = "../../../ring/tests/model/mod.rs"]
mod model;

use std::hint::black_box;
use std::process::ExitCode;

use barline_ring::Simd;
use lane::Lane;

/// Frames that pass before any is counted: twice around the rings, so that these and the pool are as they
/// will be.
const WARM_UP: usize = 1024;

/// Frames that are counted: four times around the rings, so that what is done for blocks of frames is
/// counted as often as it happens.
const COUNTED: usize = 2048;

/// A step with a burst.
type Step = fn(&mut Lane<'_>);

/// The driver's turn, of which callgrind counts the instructions: it knows this function by its name.
#[inline(never)]
fn counted_turn(turn: Step, lane: &mut Lane<'_>) {
    turn(lane);
    // The call is no jump: this function ends after the turn.
    black_box(lane);
}

fn rx(lane: &mut Lane<'_>) {
    lane.poll();
}

fn tx(lane: &mut Lane<'_>) {
    lane.push();
}

fn fwd(lane: &mut Lane<'_>) {
    lane.forward();
}

fn fwd_offload(lane: &mut Lane<'_>) {
    lane.forward_offload();
}

/// What comes before the driver's turn, its turn, and what comes after.
fn mode(name: &str) -> Result<[Step; 3], String> {
    Ok(match name {
        "rx" => [|lane| lane.arrive(), rx, |lane| lane.free()],
        "tx" => [|lane| lane.prepare(|_, _| {}), tx, |lane| lane.depart()],
        "fwd" => [|lane| lane.arrive(), fwd, |lane| lane.depart()],
        "fwd_offload" => [|lane| lane.arrive_known(), fwd_offload, |lane| lane.depart()],
        _ => return Err(format!("mode `{name}`: expected rx, tx, fwd or fwd_offload")),
    })
}

/// Runs, and says how many frames there were to count.
fn run(args: &[String]) -> Result<usize, String> {
    let [simd, name, burst] = args else {
        return Err("usage: counted plain|avx2|avx512 rx|tx|fwd|fwd_offload BURST".to_string());
    };
    let simd: Simd = simd.parse().map_err(|error| format!("instructions {error}"))?;
    if !simd.is_available() {
        return Err(format!("{simd}: the CPU, as this program is shown it, does not have it"));
    }
    let [before, turn, after] = mode(name)?;
    let number = burst.parse().ok().filter(|n| (1..=32).contains(n) && 32 % n == 0);
    let Some(burst) = number else {
        return Err(format!("burst `{burst}`: expected 1, 2, 4, 8, 16 or 32 packets"));
    };
    let rig = lane::rig();
    let pool = lane::pool(&rig);
    let mut lane = Lane::new(&rig, &pool, simd, burst);
    for _ in 0..WARM_UP / burst {
        before(&mut lane);
        turn(&mut lane);
        after(&mut lane);
    }
    for _ in 0..COUNTED / burst {
        before(&mut lane);
        counted_turn(turn, &mut lane);
        after(&mut lane);
    }
    Ok(COUNTED)
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(frames) => {
            println!("{frames}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("counted: {error}");
            ExitCode::FAILURE
        }
    }
}
