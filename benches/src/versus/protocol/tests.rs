use super::*;

const ORDERS: [&str; 5] = [
    "slot fwd_offload 32 cold 15000",
    "slot rx 1 local 1",
    "rate tx 256 50000",
    "latency 7",
    "quit",
];

#[test]
fn orders_are_read_as_they_are_written() {
    for line in ORDERS {
        assert_eq!(line.parse::<Order>().map(|order| order.to_string()), Ok(line.to_string()));
    }
    let slot = Order::Slot {
        mode: Mode::FwdOffload,
        burst: 32,
        placement: Placement::Cold,
        microseconds: 15000,
    };
    assert_eq!(ORDERS[0].parse(), Ok(slot));
}

#[test]
fn what_is_no_order_is_refused_with_its_words() {
    for line in [
        "",
        "slot",
        "slot rx 32 local",
        "slot rx 0 local 1",
        "slot rx 513 local 1",
        "slot rx 32 near 1",
        "slot sideways 32 local 1",
        "slot rx 32 local -1",
        "slot rx 32 local 1 1",
        "rate rx 32",
        "latency",
        "latency 4294967296",
        "Quit",
        "quit now",
        "ready {}",
    ] {
        assert_eq!(line.parse::<Order>(), Err(BadLine(line.into())), "{line}");
    }
    let long = "x".repeat(1000).parse::<Order>().unwrap_err().to_string();
    assert!(long.len() < 200 && long.contains("x…`"), "{long}");
}

#[test]
fn answers_are_read_as_they_are_written() {
    let ready = Ready {
        functions: None,
        simd: Some("avx2".into()),
        version: None,
        tsc_hz: 2_300_000_000,
        started_us: 31_000,
        resident_kib: 16_000,
    };
    let trips = LatencyReport { round_trips: vec![1, u64::MAX], lost: 1 };
    for answer in [
        Answer::Ready(ready),
        Answer::Failed("no such VF".into()),
        Answer::Slot(SlotReport { samples: vec![1.25, 1e300], frames: 4096, lost: 0 }),
        Answer::Rate(RateReport { frames: 1, nanoseconds: 2, lost: 3 }),
        Answer::Latency(trips),
    ] {
        let line = answer.to_string();
        assert_eq!(line.lines().count(), 1, "{line}");
        assert_eq!(line.parse(), Ok(answer));
    }
}

#[test]
fn a_program_in_c_leaves_out_what_is_ours() {
    let line = "ready {\"functions\":\"a, b\",\"version\":\"DPDK 22.11.11\",\"tsc_hz\":1,\"started_us\":2,\
                \"resident_kib\":3}\n";
    let Ok(Answer::Ready(ready)) = line.parse() else { panic!("{line}") };
    assert_eq!((ready.functions.as_deref(), ready.simd), (Some("a, b"), None));
}

#[test]
fn whatever_is_wrong_is_told_in_one_line() {
    let told = Answer::Failed("first\nsecond\n  third".into()).to_string();
    assert_eq!(told, "failed first second third");
    for line in
        ["slot", "slot {}", "slot {\"samples\":[null]}", "ready []", "EAL: hello", "slott {}"]
    {
        assert_eq!(line.parse::<Answer>(), Err(BadLine(line.into())));
    }
}

#[test]
fn a_child_is_told_in_json() {
    let config = ChildConfig {
        column: Column::OursSmall,
        vfs: vec!["0000:01:10.0".into()],
        ring: 512,
        queues: 2,
        core: 3,
        other_core: None,
        max_frame: 1518,
        offloads: true,
    };
    let json = serde_json::to_string(&config).unwrap();
    assert!(json.contains("\"column\":\"ours_small\""), "{json}");
    assert_eq!(serde_json::from_str::<ChildConfig>(&json).unwrap(), config);
}
