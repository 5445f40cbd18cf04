//! Lists whose members come and go: many of them, in one memory.
//!
//! The rule: a list keeps the order in which its members were added. Each of them is found and taken out by
//! its key at a cost that doesn't depend on how many there are. A key is good for one member: kept for longer
//! than that, it finds nothing.
//!
//! How: members are linked, in rooms that are used again, so nothing is allocated once as many have been in
//! at a time.

use slab::Slab;

/// Lists by number, from zero on.
pub(super) struct Lists<T> {
    ends: Vec<Ends>,
    members: Slab<Member<T>>,
    /// Counts members.
    made: u64,
}

/// Names a member for as long as it is in its list, and nothing after that.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberKey {
    at: usize,
    number: u64,
}

#[derive(Copy, Clone, Default)]
struct Ends {
    first: Option<usize>,
    last: Option<usize>,
}

struct Member<T> {
    number: u64,
    list: u32,
    before: Option<usize>,
    after: Option<usize>,
    value: T,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Lists { ends: Vec::new(), members: Slab::new(), made: 0 }
    }
}

impl<T> Lists<T> {
    /// Adds a member to the end of a list.
    pub(super) fn push(&mut self, list: u32, value: T) -> MemberKey {
        let number = self.made;
        self.made += 1;
        if self.ends.len() <= list as usize {
            self.ends.resize(list as usize + 1, Ends::default());
        }
        let ends = &mut self.ends[list as usize];
        let at = self.members.insert(Member { number, list, before: ends.last, after: None, value });
        if let Some(before) = ends.last.replace(at) {
            self.members[before].after = Some(at);
        } else {
            ends.first = Some(at);
        }
        MemberKey { at, number }
    }

    pub(super) fn get_mut(&mut self, key: MemberKey) -> Option<&mut T> {
        let member = self.members.get_mut(key.at)?;
        (member.number == key.number).then_some(&mut member.value)
    }

    /// Takes a member out of whichever list it is in.
    pub(super) fn remove(&mut self, key: MemberKey) -> Option<T> {
        if self.members.get(key.at)?.number != key.number {
            return None;
        }
        Some(self.unlink(key.at))
    }

    /// Takes the first member of a list out.
    pub(super) fn pop(&mut self, list: u32) -> Option<T> {
        let first = self.ends.get(list as usize)?.first?;
        Some(self.unlink(first))
    }

    fn unlink(&mut self, at: usize) -> T {
        let Member { list, before, after, value, .. } = self.members.remove(at);
        let ends = &mut self.ends[list as usize];
        match before {
            Some(before) => self.members[before].after = after,
            None => ends.first = after,
        }
        match after {
            Some(after) => self.members[after].before = before,
            None => ends.last = before,
        }
        value
    }

    /// Empties all lists.
    pub(super) fn clear(&mut self) {
        self.ends.fill(Ends::default());
        self.members.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_leave_in_order_from_wherever_they_are_and_keys_go_stale() {
        let mut lists = Lists::default();
        let keys: Vec<_> = (0..6).map(|value| lists.push(value % 2, value)).collect();
        assert_eq!(lists.remove(keys[2]), Some(2), "from the middle");
        assert_eq!(lists.remove(keys[5]), Some(5), "from the end");
        assert_eq!(lists.remove(keys[1]), Some(1), "from the front");
        let again = lists.push(0, 6);
        assert_eq!((lists.remove(keys[1]), lists.remove(keys[2]), lists.remove(keys[5])), (None, None, None));
        *lists.get_mut(again).unwrap() += 1;
        assert_eq!(lists.get_mut(keys[5]), None);
        assert_eq!([(); 4].map(|()| lists.pop(0)), [Some(0), Some(4), Some(7), None]);
        assert_eq!((lists.pop(1), lists.pop(1), lists.pop(9)), (Some(3), None, None));
        lists.push(1, 8);
        lists.clear();
        assert_eq!(lists.pop(1), None);
        lists.push(1, 9);
        assert_eq!(lists.pop(1), Some(9));
    }
}
