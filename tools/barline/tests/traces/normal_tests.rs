use super::*;
use crate::trace::events;

/// The items of a trace of VF 0, whose lines are without process and device.
fn of(lines: &[&str]) -> Vec<String> {
    let text: String = lines.iter().map(|line| format!("1 vf0 {line}\n")).collect();
    items(&events(&text, 0)).iter().map(Item::to_string).collect()
}

#[test]
fn addresses_are_symbols_and_zero_is_none() {
    let written = of(&[
        "write VFRDBAL(0) 1000 ffe01000",
        "write VFRDBAH(0) 1004 00000001",
        "write VFTDWBAL(0) 2038 00000000",
        "write VFRDLEN(0) 1008 00002000",
    ]);
    assert_eq!(
        written,
        [
            "write VFRDBAL(0) address",
            "write VFRDBAH(0) address",
            "write VFTDWBAL(0) 00000000",
            "write VFRDLEN(0) 00002000",
        ]
    );
}

#[test]
fn a_message_is_one_item_however_often_the_driver_looks() {
    let asked = of(&[
        "write VFMAILBOX 02fc 00000004",
        "read VFMAILBOX 02fc 00000000",
        "write VFMAILBOX 02fc 00000004",
        "read VFMAILBOX 02fc 00000004",
        "write VFMBMEM(0) 0200 00000008",
        "write VFMBMEM(1) 0204 00000007",
        "write VFMBMEM(2) 0208 00000000",
        "write VFMAILBOX 02fc 00000001",
        "read VFMAILBOX 02fc 00000020",
        "read VFMAILBOX 02fc 00000010",
        "write VFMAILBOX 02fc 00000004",
        "read VFMBMEM(0) 0200 a0000008",
        "read VFMBMEM(1) 0204 00000007",
        "write VFMAILBOX 02fc 00000002",
    ]);
    assert_eq!(
        asked,
        [
            "request API_NEGOTIATE 00000008 00000007",
            "answer API_NEGOTIATE a0000008",
            "mailbox take request take acknowledge",
        ]
    );
}

#[test]
fn exchanges_follow_each_other() {
    let exchange = |number: &'static str, answer: &'static str| {
        [
            "write VFMAILBOX 02fc 00000004".to_string(),
            format!("write VFMBMEM(0) 0200 {number}"),
            "write VFMAILBOX 02fc 00000001".to_string(),
            "write VFMAILBOX 02fc 00000004".to_string(),
            format!("read VFMBMEM(0) 0200 {answer}"),
            "write VFMAILBOX 02fc 00000002".to_string(),
        ]
    };
    let both = [exchange("00000001", "80000001"), exchange("00000009", "a0000009")].concat();
    let lines: Vec<&str> = both.iter().map(String::as_str).collect();
    assert_eq!(
        of(&lines),
        [
            "request RESET 00000001",
            "answer RESET 80000001",
            "mailbox take request take acknowledge",
            "request GET_QUEUES 00000009",
            "answer GET_QUEUES a0000009",
            "mailbox take request take acknowledge",
        ]
    );
}

#[test]
fn a_buffer_that_is_taken_early_is_taken_for_the_next_message() {
    let asked = of(&[
        "write VFMAILBOX 02fc 00000004",
        "write VFMBMEM(0) 0200 00000001",
        "write VFMAILBOX 02fc 00000001",
        "write VFMAILBOX 02fc 00000004",
        "read VFMBMEM(0) 0200 80000001",
        "write VFMAILBOX 02fc 00000002",
        "write VFMAILBOX 02fc 00000004",
        // An interrupt comes in between.
        "write VTEIMC 010c 00000007",
        "write VFMBMEM(0) 0200 00000009",
        "write VFMAILBOX 02fc 00000001",
    ]);
    assert_eq!(
        asked,
        [
            "request RESET 00000001",
            "answer RESET 80000001",
            "mailbox take request take acknowledge",
            "write VTEIMC 00000007",
            "request GET_QUEUES 00000009",
            "mailbox take request",
        ]
    );
}

#[test]
fn a_queue_is_seen_on_once_and_only_when_it_is() {
    let turned = of(&[
        "read VFRXDCTL(0) 1028 00000000",
        "write VFRXDCTL(0) 1028 02000000",
        "read VFRXDCTL(0) 1028 00000000",
        "read VFRXDCTL(0) 1028 02000000",
        "read VFRXDCTL(0) 1028 02000000",
        "write VFTXDCTL(0) 2028 00000000",
        "read VFTXDCTL(0) 2028 02000000",
    ]);
    assert_eq!(
        turned,
        [
            "write VFRXDCTL(0) 02000000",
            "seen VFRXDCTL(0) on",
            "write VFTXDCTL(0) 00000000",
            "read VFRXDCTL(0)",
            "read VFTXDCTL(0)",
        ]
    );
}

#[test]
fn reads_come_once_by_name_and_those_of_the_clock_not_at_all() {
    let read = of(&[
        "read VTEICR 0100 00000000",
        "read VFLINKS 0010 40000000",
        "read VFSTATUS 0008 00000000",
        "read VTEICR 0100 00000000",
        "read VFGPRC 101c 00000009",
        "read VFRDH(0) 1010 00000009",
    ]);
    assert_eq!(read, ["read VFSTATUS", "read VTEICR"]);
}

#[test]
fn interrupts_count_once() {
    let written = of(&[
        "write VTEIMC 010c 00000007",
        "write VTEIMS 0108 00000003",
        "write VTEIMC 010c 00000007",
        "write VTEIMS 0108 00000003",
        "write VTEIMC 010c ffffffff",
    ]);
    assert_eq!(
        written,
        ["write VTEIMC 00000007", "write VTEIMS 00000003", "write VTEIMC ffffffff"]
    );
}

#[test]
fn bus_mastering_is_told_where_it_changes() {
    let switched = of(&[
        "config-write 004 0604",
        "config-write 004 0604",
        "config-write 03c 00",
        "config-write 004 0200",
        "call VFIO_DEVICE_RESET 0",
        "call VFIO_DEVICE_SET_IRQS 0 index 2",
    ]);
    assert_eq!(switched, ["write bus master on", "write bus master off", "call VFIO_DEVICE_RESET"]);
}
