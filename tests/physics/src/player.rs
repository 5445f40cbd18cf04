//! The player of the recording: keys that go down at random and stay down for a while.
//!
//! The rule: the same seed presses the same keys. The numbers are made here, so that the recording depends on no crate.

use std::time::Duration;

use crate::world::Pushes;

/// The length of a frame, a sixtieth of a second.
pub const STEP: Duration = Duration::from_nanos(16_666_667);

/// A player who presses keys at random.
#[derive(Clone, Debug)]
pub struct Player {
    state: u64,
    thrust: i8,
    /// Frames until the thrust changes.
    left: u64,
}

impl Player {
    pub fn new(seed: u64) -> Self {
        Player { state: seed, thrust: 0, left: 0 }
    }

    /// What is pressed in the next frame.
    pub fn next_pushes(&mut self) -> Pushes {
        if self.left == 0 {
            self.left = 20 + self.draw() % 70;
            self.thrust = [0, 1, -1, 1][(self.draw() % 4) as usize];
        }
        self.left -= 1;
        let chance = self.draw();
        Pushes {
            thrust: self.thrust,
            hop: chance.is_multiple_of(97),
            ball: (chance >> 16).is_multiple_of(71),
            fire: (chance >> 32).is_multiple_of(211),
        }
    }

    /// The next number of SplitMix64.
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
