//! The address spaces of an adapter, and which VF is in which.

use super::Memory;

/// An address space of one adapter, by its number: what an IOMMU calls a domain. No later one has the
/// number of an earlier one, and a number that is no space's names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Space(pub u64);

impl Space {
    /// The one that every adapter has, and that VFs are in when they are opened.
    pub const FIRST: Space = Space(1);

    /// Where nothing is ever mapped.
    const NOTHING: Space = Space(0);
}

/// The spaces of an adapter.
#[derive(Debug)]
pub(crate) struct Spaces {
    /// The first is [`Space::NOTHING`], the second [`Space::FIRST`]; the others come and go.
    list: Vec<(Space, Memory)>,
    /// By VF: its space's place in the list.
    of: Vec<usize>,
    /// How many there have been.
    made: u64,
}

impl Spaces {
    /// Those of an adapter with so many VFs, all of which are in the first one.
    pub(crate) fn new(vfs: usize) -> Spaces {
        let list = [Space::NOTHING, Space::FIRST].map(|space| (space, Memory::default()));
        Spaces { list: list.into(), of: vec![1; vfs], made: 2 }
    }

    /// What a VF reaches.
    #[inline]
    pub(crate) fn of(&self, vf: usize) -> &Memory {
        &self.list[self.of[vf]].1
    }

    /// Makes a space in which nothing is mapped.
    pub(crate) fn add(&mut self) -> Space {
        let space = Space(self.made);
        self.made += 1;
        self.list.push((space, Memory::default()));
        space
    }

    /// Ends a space. Its VFs reach nothing then. The first one stays.
    pub(crate) fn remove(&mut self, space: Space) {
        let Some(gone) = self.place(space).filter(|place| *place > 1) else { return };
        self.list.swap_remove(gone);
        for place in &mut self.of {
            if *place == gone {
                *place = 0;
            } else if *place == self.list.len() {
                *place = gone;
            }
        }
    }

    /// Puts a VF into a space, or where it reaches nothing.
    pub(crate) fn attach(&mut self, vf: usize, space: Option<Space>) {
        let place = space.and_then(|space| self.place(space)).unwrap_or(0);
        if let Some(of) = self.of.get_mut(vf) {
            *of = place;
        }
    }

    /// What is mapped in a space.
    pub(crate) fn memory(&mut self, space: Space) -> Option<&mut Memory> {
        let place = self.place(space)?;
        self.list.get_mut(place).map(|(_, memory)| memory)
    }

    fn place(&self, space: Space) -> Option<usize> {
        let found = self.list.iter().position(|(it, _)| *it == space);
        found.filter(|place| *place > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which spaces the VFs are in.
    fn seen(spaces: &Spaces) -> Vec<u64> {
        spaces.of.iter().map(|place| spaces.list[*place].0.0).collect()
    }

    #[test]
    fn vfs_stay_where_they_are_while_spaces_come_and_go() {
        let mut spaces = Spaces::new(4);
        assert_eq!(seen(&spaces), [1, 1, 1, 1]);
        let [a, b, c] = [(); 3].map(|()| spaces.add());
        for (vf, space) in [Some(a), Some(b), Some(c), None].into_iter().enumerate() {
            spaces.attach(vf, space);
        }
        assert_eq!(seen(&spaces), [2, 3, 4, 0]);
        spaces.remove(a);
        assert_eq!(seen(&spaces), [0, 3, 4, 0]);
        let d = spaces.add();
        assert!(d != a && spaces.memory(a).is_none() && spaces.memory(d).is_some());
        spaces.attach(0, Some(a));
        spaces.attach(3, Some(d));
        assert_eq!(seen(&spaces), [0, 3, 4, 5]);
        for space in [c, b, d, Space::FIRST, Space::NOTHING] {
            spaces.remove(space);
        }
        assert_eq!(seen(&spaces), [0, 0, 0, 0]);
        assert!(spaces.memory(Space::FIRST).is_some());
        assert!(spaces.memory(Space::NOTHING).is_none(), "nothing can be mapped there");
    }
}
