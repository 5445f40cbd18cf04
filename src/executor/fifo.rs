//! A queue from whose middle one can leave: first in, first out, constant time for all.
//!
//! Places are found by index and sequence number, so a stale key finds nothing.

use slab::Slab;

const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Node<T> {
    value: T,
    sequence: u64,
    before: u32,
    after: u32,
}

#[derive(Debug)]
pub(crate) struct Fifo<T> {
    nodes: Slab<Node<T>>,
    sequence: u64,
    first: u32,
    last: u32,
}

/// Names one place in one queue.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct FifoKey {
    index: u32,
    sequence: u64,
}

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Fifo { nodes: Slab::new(), sequence: 0, first: NONE, last: NONE }
    }
}

impl<T> Fifo<T> {
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn push_back(&mut self, value: T) -> FifoKey {
        let sequence = self.sequence;
        self.sequence += 1;
        let index = self.nodes.insert(Node { value, sequence, before: self.last, after: NONE }) as u32;
        match self.last {
            NONE => self.first = index,
            last => self.nodes[last as usize].after = index,
        }
        self.last = index;
        FifoKey { index, sequence }
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let sequence = self.nodes.get(self.first as usize)?.sequence;
        self.remove(FifoKey { index: self.first, sequence })
    }

    pub(crate) fn get_mut(&mut self, key: FifoKey) -> Option<&mut T> {
        self.nodes.get_mut(key.index as usize).filter(|node| node.sequence == key.sequence).map(|node| &mut node.value)
    }

    pub(crate) fn remove(&mut self, key: FifoKey) -> Option<T> {
        self.nodes.get(key.index as usize).filter(|node| node.sequence == key.sequence)?;
        let node = self.nodes.remove(key.index as usize);
        match node.before {
            NONE => self.first = node.after,
            before => self.nodes[before as usize].after = node.after,
        }
        match node.after {
            NONE => self.last = node.before,
            after => self.nodes[after as usize].before = node.before,
        }
        Some(node.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_leaves_and_the_rest_keeps_its_order() {
        let mut fifo = Fifo::default();
        let keys: Vec<_> = (0..5).map(|value| fifo.push_back(value)).collect();
        assert_eq!(fifo.remove(keys[2]), Some(2));
        assert_eq!(fifo.remove(keys[2]), None);
        let again = fifo.push_back(5);
        assert_eq!(fifo.get_mut(keys[2]), None);
        assert_eq!(fifo.get_mut(again), Some(&mut 5));
        let out: Vec<_> = std::iter::from_fn(|| fifo.pop_front()).collect();
        assert_eq!((out, fifo.len()), (vec![0, 1, 3, 4, 5], 0));
    }
}
