//! Which places are vacant, so that the lowest of them is found in constant time.
//!
//! Lowest first keeps what is armed in a row in a row: scripts that are resumed in the order of their memory then
//! find their timers in that order too, whatever order these were vacated in before.
//!
//! How: a bit a place, and above these a bit for each word that isn't zero, up to a single word.

const BITS: usize = u64::BITS as usize;
/// Enough for 2^36 places.
const LEVELS: usize = 6;

#[derive(Debug, Default)]
pub(super) struct Vacant {
    /// From the bits of the places up.
    levels: [Vec<u64>; LEVELS],
    /// Levels in use: the last of them has one word.
    height: usize,
    /// The first word of places that isn't zero, if there is one.
    lowest: usize,
}

impl Vacant {
    /// Makes room for places below this.
    pub(super) fn reserve(&mut self, mut places: usize) {
        let mut height = 0;
        for level in &mut self.levels {
            let words = places.div_ceil(BITS).max(1);
            if words > level.len() {
                level.resize(words, 0);
            }
            height += 1;
            if words == 1 {
                break;
            }
            places = words;
        }
        // A level that is new stands above one that may have places already.
        for level in self.height.max(1)..height {
            let (below, above) = self.levels.split_at_mut(level);
            for (at, _) in below[level - 1].iter().enumerate().filter(|(_, word)| **word != 0) {
                above[0][at / BITS] |= 1 << (at % BITS);
            }
        }
        self.height = self.height.max(height);
    }

    /// Notes a place, for which there is room, as vacant.
    #[inline]
    pub(super) fn insert(&mut self, place: u32) {
        let at = place as usize / BITS;
        let word = &mut self.levels[0][at];
        let was_none = *word == 0;
        *word |= 1 << (place as usize % BITS);
        if was_none {
            self.word_filled(at);
        }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.levels[0].get(self.lowest).is_none_or(|&word| word == 0)
    }

    /// Takes the lowest vacant place.
    #[inline]
    pub(super) fn take(&mut self) -> Option<u32> {
        let word = self.levels[0].get_mut(self.lowest).filter(|word| **word != 0)?;
        let place = (self.lowest * BITS) as u32 + word.trailing_zeros();
        *word &= *word - 1;
        if *word == 0 {
            self.word_emptied();
        }
        Some(place)
    }

    fn word_filled(&mut self, word: usize) {
        if word < self.lowest || self.levels[0][self.lowest] == 0 {
            self.lowest = word;
        }
        let mut at = word;
        for level in &mut self.levels[1..self.height] {
            level[at / BITS] |= 1 << (at % BITS);
            at /= BITS;
        }
    }

    fn word_emptied(&mut self) {
        let mut at = self.lowest;
        for level in &mut self.levels[1..self.height] {
            let word = &mut level[at / BITS];
            *word &= !(1 << (at % BITS));
            if *word != 0 {
                break;
            }
            at /= BITS;
        }
        if self.levels[self.height - 1][0] != 0 {
            self.lowest = self.levels[1..self.height]
                .iter()
                .rev()
                .fold(0, |at, level| at * BITS + level[at].trailing_zeros() as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_lowest_comes_first() {
        let (mut vacant, mut expected) = (Vacant::default(), BTreeSet::new());
        let mut random = fastrand::Rng::with_seed(1);
        let mut room = 0;
        for _ in 0..20_000 / if cfg!(miri) { 100 } else { 1 } {
            match random.u32(..10) {
                0..5 if room > 0 => {
                    let place = random.u32(..room);
                    if expected.insert(place) {
                        vacant.insert(place);
                    }
                }
                0..9 => assert_eq!(vacant.take(), expected.pop_first()),
                _ => {
                    let bits = random.u32(..19);
                    room = room.max(random.u32(..1 << bits));
                    vacant.reserve(room as usize);
                }
            }
            assert_eq!(vacant.is_empty(), expected.is_empty());
        }
    }
}
