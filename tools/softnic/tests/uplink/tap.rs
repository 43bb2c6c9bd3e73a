//! A TAP interface, in a network namespace of the test's own. It needs root (CAP_SYS_ADMIN and
//! CAP_NET_ADMIN) and /dev/net/tun; without them it fails and says so.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TransportSlice};
use softnic::uplink::Uplink;

use super::wire::Vfs;
use super::{open, uplink};

const HERE: [u8; 4] = [10, 99, 0, 1];
const THERE: [u8; 4] = [10, 99, 0, 2];

/// Moves this thread to a new network namespace, which has nothing but a loopback that is down.
fn enter_namespace() {
    // SAFETY: the call touches no memory of this process.
    let result = unsafe { libc::unshare(libc::CLONE_NEWNET) };
    let error = io::Error::last_os_error();
    assert!(
        result == 0,
        "this test cannot run: it needs a network namespace of its own, and the kernel says: {error}. Run it as root"
    );
}

/// Gives the interface its address.
fn set_address(name: &str) {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    for (request, address) in
        [(libc::SIOCSIFADDR, HERE), (libc::SIOCSIFNETMASK, [255, 255, 255, 0])]
    {
        // SAFETY: plain bytes, for which zeros are good values.
        let mut interface: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in interface.ifr_name.iter_mut().zip(CString::new(name).unwrap().as_bytes())
        {
            *to = *from as libc::c_char;
        }
        // Family AF_INET, port 0, address.
        let mut data = [0; 14];
        for (to, from) in data[2..6].iter_mut().zip(address) {
            *to = from as libc::c_char;
        }
        interface.ifr_ifru.ifru_addr =
            libc::sockaddr { sa_family: libc::AF_INET as libc::sa_family_t, sa_data: data };
        // SAFETY: the descriptor is open, and the requests take a pointer to an `ifreq`.
        let result = unsafe { libc::ioctl(socket.as_raw_fd(), request as _, &mut interface) };
        assert_eq!(result, 0, "{}", io::Error::last_os_error());
    }
}

/// The next frame from the interface that `wanted` wants, within some seconds.
fn next<T>(tap: &mut dyn Uplink, mut wanted: impl FnMut(&[u8]) -> Option<T>) -> T {
    let begin = Instant::now();
    let mut wire = Vfs::with_room(&[0]);
    while begin.elapsed() < Duration::from_secs(10) {
        tap.poll(0, 64, &mut wire);
        if let Some(found) = wire.frames.drain(..).find_map(|frame| wanted(&frame)) {
            return found;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("no such frame came from the interface");
}

#[test]
fn the_machine_s_own_network_stack_is_at_the_other_end() {
    enter_namespace();
    let mut tap = uplink("uplink=tap:softnic-test0");
    set_address("softnic-test0");
    let socket = UdpSocket::bind((Ipv4Addr::from(HERE), 4000)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.send_to(b"question", (Ipv4Addr::from(THERE), 5000)).unwrap();

    // It asks whose address that is: ethertype 0806, operation 1. 42 bytes, filled up.
    let asker: [u8; 6] = next(&mut *tap, |frame| {
        let is_it = frame[12..14] == [8, 6] && frame[20..22] == [0, 1] && frame[38..42] == THERE;
        is_it.then(|| {
            assert_eq!(frame.len(), 60);
            frame[22..28].try_into().unwrap()
        })
    });
    let ours = Vfs::mac_of(0);
    let ethernet = [&asker[..], &ours, &[8, 6]].concat();
    let answer = [&[0, 1, 8, 0, 6, 4, 0, 2], &ours[..], &THERE, &asker, &HERE, &[0; 18]].concat();
    tap.take(0, &[ethernet, answer].concat());

    // Then it sends what it had to send, with right checksums.
    next(&mut *tap, |frame| {
        let packet = SlicedPacket::from_ethernet(frame).ok()?;
        let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Udp(udp))) =
            (packet.net, packet.transport)
        else {
            return None;
        };
        let header = ip.header().to_header();
        (udp.payload() == b"question").then(|| {
            let right = udp.to_header().calc_checksum_ipv4(&header, udp.payload()).unwrap();
            assert_eq!((udp.checksum(), udp.destination_port()), (right, 5000));
        })
    });
    let mut reply = Vec::new();
    let builder = PacketBuilder::ethernet2(ours, asker).ipv4(THERE, HERE, 64).udp(5000, 4000);
    builder.write(&mut reply, b"answer").unwrap();
    tap.take(0, &reply);
    let mut buffer = [0; 100];
    let (len, from) = socket.recv_from(&mut buffer).unwrap();
    assert_eq!((&buffer[..len], from.to_string().as_str()), (&b"answer"[..], "10.99.0.2:5000"));

    let counters = tap.counters();
    assert_eq!((counters.received.frames, counters.dropped), (2, 0));
    assert!(counters.sent.frames >= 2 && counters.unusable == 0);
    // Only one has the interface at a time; it goes with the one who made it.
    let error = open("uplink=tap:softnic-test0").err().unwrap().to_string();
    assert!(
        error.contains("tap:softnic-test0") && error.contains("another program has it"),
        "{error}"
    );
    drop(tap);
    uplink("uplink=tap:softnic-test0");
}

#[test]
fn an_interface_that_is_no_tap_is_refused() {
    enter_namespace();
    let error = open("uplink=tap:lo").err().unwrap().to_string();
    assert!(error.starts_with("uplink=tap:lo: cannot open the interface: "), "{error}");
}
