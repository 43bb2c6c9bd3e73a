use super::*;

fn with_rules(list: &str) -> Injector {
    let injector = Injector::new();
    injector.rules.set(parse(list).unwrap()).unwrap();
    injector
}

#[test]
fn calls_have_numbers_and_names() {
    let injector = Injector::new();
    assert_eq!((injector.made(), injector.call(1)), (0, None));
    for call in [Call::OpenGroup, Call::Mmap, Call::OpenGroup] {
        assert_eq!(injector.refuses(call), None);
    }
    assert_eq!(injector.made(), 3);
    let named = |number| injector.call(number).map(Call::name);
    assert_eq!((named(1), named(2), named(3)), (Some("open-group"), Some("mmap"), named(1)));
    assert_eq!((named(0), named(4), named(u64::MAX)), (None, None, None));
}

#[test]
fn the_nth_call_from_now_fails_and_no_other() {
    let injector = Injector::new();
    injector.refuses(Call::Close);
    injector.fail(2, libc::EBUSY);
    let answers: Vec<_> = (0..4).map(|_| injector.refuses(Call::Mmap)).collect();
    assert_eq!(answers, [None, Some(libc::EBUSY), None, None]);
    injector.fail(1, libc::EPERM);
    injector.fail(0, 0);
    assert_eq!(injector.refuses(Call::Mmap), None);
    injector.fail(u64::MAX, libc::EPERM);
    assert_eq!(injector.refuses(Call::Mmap), None);
}

#[test]
fn rules_count_their_own_calls() {
    let injector = with_rules("mmap#2=ENOMEM, close=EIO,any#6=7");
    let made = [Call::Mmap, Call::Close, Call::OpenGroup, Call::Mmap, Call::Mmap, Call::Mmap];
    let answers = made.map(|call| injector.refuses(call));
    let (close, second, sixth) = (Some(libc::EIO), Some(libc::ENOMEM), Some(7));
    assert_eq!(answers, [None, close, None, second, None, sixth]);
}

#[test]
fn more_calls_than_are_kept_are_counted() {
    let injector = Injector::new();
    for _ in 0..KEPT + 5 {
        injector.refuses(Call::ReadConfig);
    }
    assert_eq!(injector.made(), KEPT as u64 + 5);
    assert_eq!(injector.call(KEPT as u64), Some(Call::ReadConfig));
    assert_eq!(injector.call(KEPT as u64 + 1), None);
    injector.fail(1, libc::EIO);
    assert_eq!(injector.refuses(Call::Close), Some(libc::EIO));
}

#[test]
fn lists_that_can_be_read() {
    assert_eq!(parse(""), Ok(vec![]));
    assert_eq!(parse(" , "), Ok(vec![]));
    for call in Call::ALL {
        let rule = Rule { call: Some(call), number: Some(12), errno: libc::EINTR };
        assert_eq!(parse(&format!("{}#12=EINTR", call.name())), Ok(vec![rule]));
    }
    let any = Rule { call: None, number: None, errno: 4095 };
    assert_eq!(parse("any=4095"), Ok(vec![any]));
}

#[test]
fn lists_that_cannot_be_read_are_told() {
    for (list, entry, allowed) in [
        ("mmap", "`mmap`", "NAME=ERRNO"),
        ("close=EIO,open=EPERM", "`open=EPERM`", "open-container"),
        ("mmap#0=EPERM", "`mmap#0=EPERM`", "from 1 on"),
        ("mmap#-1=EPERM", "`mmap#-1=EPERM`", "from 1 on"),
        ("mmap=EWHAT", "`mmap=EWHAT`", "EPERM"),
        ("mmap=0", "`mmap=0`", "1 to 4095"),
        ("mmap=4096", "`mmap=4096`", "1 to 4095"),
        ("mmap=", "`mmap=`", "1 to 4095"),
    ] {
        let error = parse(list).unwrap_err().to_string();
        assert!(error.starts_with("BARLINE_SOFT_FAIL: ") && error.contains(entry), "{error}");
        assert!(error.contains(allowed), "{error}");
    }
}

#[test]
fn ioctls_by_their_numbers() {
    // linux/vfio.h: VFIO_TYPE is ';', VFIO_BASE 100.
    assert_eq!(Call::ioctl(0x3b64, On::Container), Call::GetApiVersion);
    assert_eq!(Call::ioctl(0x3b6a, On::Group), Call::GroupGetDeviceFd);
    // The same numbers mean one thing on a container and another on a device.
    assert_eq!(Call::ioctl(0x3b70, On::Container), Call::IommuGetInfo);
    assert_eq!(Call::ioctl(0x3b70, On::Device), Call::HotResetInfo);
    assert_eq!(Call::ioctl(0x3b71, On::Container), Call::MapDma);
    assert_eq!(Call::ioctl(0x3b71, On::Device), Call::HotReset);
    assert_eq!(Call::ioctl(0x3b72, On::Container), Call::UnmapDma);
    assert_eq!(Call::ioctl(0x3b72, On::Device), Call::OtherIoctl);
    assert_eq!(Call::ioctl(0, On::Device), Call::OtherIoctl);
    // A program whose request was sign-extended means the same.
    assert_eq!(Call::ioctl(0xffff_ffff_0000_3b6f, On::Device), Call::DeviceReset);
}
