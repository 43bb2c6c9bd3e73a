//! Layouts, their limits, and the census.

use barline_ring::{Arena, ArenaError, Census, Layout, Pool};

use crate::model::{Region, Rig};

fn arena(layout: Layout, len: usize) -> Result<Arena, ArenaError> {
    let (_, memory) = Region::new(len, 0x1000);
    Arena::new(memory, layout)
}

#[test]
fn layouts_have_limits() {
    for data_room in [0, 1, 1000, 1025, 2047, 16385, 17408, usize::MAX] {
        let layout = Layout { data_room, ..Layout::default() };
        let error = arena(layout, 1 << 20).unwrap_err();
        assert_eq!(error, ArenaError::DataRoom(data_room));
        assert!(error.to_string().contains(&data_room.to_string()));
    }
    for headroom in [1025, 1026, usize::MAX] {
        let layout = Layout { headroom, ..Layout::default() };
        let error = arena(layout, 1 << 20).unwrap_err();
        assert_eq!(error, ArenaError::Headroom(headroom));
        assert!(error.to_string().contains(&headroom.to_string()));
    }
    for data_room in (1024..=16384).step_by(1024) {
        for headroom in [0, 2, 128, 1024] {
            let layout = Layout { data_room, headroom };
            assert!(layout.stride() >= data_room + headroom);
            assert_eq!(layout.stride() / 64 % 2, 1, "an odd number of cache lines");
            assert!(arena(layout, 32 * layout.stride()).is_ok());
        }
    }
}

#[test]
fn a_buffer_address_is_even() {
    // Bit 0 of a buffer address is "no snoop" to the device, not part of the address.
    let odd = Layout { headroom: 127, ..Layout::default() };
    assert_eq!(arena(odd, 1 << 20).unwrap_err(), ArenaError::Headroom(127));
    let (_, memory) = Region::new(1 << 20, 0x1001);
    assert!(matches!(Arena::new(memory, Layout::default()), Err(ArenaError::Memory(_))));
}

#[test]
fn memory_has_limits() {
    let layout = Layout::default();
    let short = 32 * layout.stride() - 1;
    let error = arena(layout, short).unwrap_err();
    assert_eq!(error, ArenaError::Memory(short));
    assert!(error.to_string().contains(&short.to_string()));
    let (_, memory) = Region::misaligned(1 << 20, 0x1000, 32);
    assert_eq!(Arena::new(memory, layout).unwrap_err(), ArenaError::Memory(1 << 20));
    // What is over is left alone.
    let census = arena(layout, 34 * layout.stride() - 1).unwrap().census();
    assert_eq!(census.total, 33);
}

#[test]
fn a_page_has_bytes() {
    for page in [0, 1, 4095] {
        let (_, memory) = Region::new(1 << 20, 0x1000);
        let error = Arena::on_pages(memory, Layout::default(), page).unwrap_err();
        assert_eq!(error, ArenaError::Memory(1 << 20));
    }
}

#[test]
fn the_census_follows_buffers() {
    let rig = Rig::new(256, 1024);
    let all = Census { total: 256, depot: 256, quarantined: 0 };
    assert_eq!(rig.arena.census(), all);
    assert_eq!(rig.arena.layout().data_room, 1024);
    let pool = Pool::new(&rig.arena, 64);
    let mut batch = pool.batch(8);
    while batch.alloc(60).is_some() {}
    let left = rig.arena.census().depot + pool.free() + batch.len();
    assert_eq!(left, 256);
    drop(batch);
    drop(pool);
    assert_eq!(rig.arena.census(), all);
    rig.check_all_home();
}

#[test]
fn handles_are_the_same_arena() {
    let (one, two) = (Rig::new(32, 1024), Rig::new(32, 1024));
    assert!(one.arena.same(&one.arena.clone()));
    assert!(!one.arena.same(&two.arena));
    assert!(format!("{:?}", one.arena).contains("depot: 32"));
}
