//! One part of a sweep that is split over several processes.

use std::fmt;
use std::str::FromStr;

/// One of `count` parts of a sweep, from 0: `0/8` to `7/8`.
///
/// That is how `SLURM_ARRAY_TASK_ID` of `--array=0-7` and `JOB_COMPLETION_INDEX` of a Kubernetes indexed job count. Each
/// seed is in exactly one part, so that the parts [merged](super::Found::merge) are the whole.
///
/// ```
/// use framestep::replay::Shard;
///
/// let shard: Shard = "3/8".parse()?;
/// assert_eq!((shard.index(), shard.count()), (3, 8));
/// assert_eq!((0..20).filter(|place| shard.holds(*place)).collect::<Vec<_>>(), [3, 11, 19]);
/// # Ok::<(), framestep::replay::ShardError>(())
/// ```
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// The whole as its only part.
    pub const WHOLE: Shard = Shard { index: 0, count: 1 };

    /// Part `index` of `count`.
    ///
    /// # Errors
    /// When there are no parts, or not so many.
    pub fn new(index: u32, count: u32) -> Result<Shard, ShardError> {
        if index < count { Ok(Shard { index, count }) } else { Err(ShardError::NoSuchPart { index, count }) }
    }

    /// Which part, from 0.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// Of how many.
    #[must_use]
    pub fn count(self) -> u32 {
        self.count
    }

    /// Whether what is at this place of the whole, from 0, belongs to this part: every `count`th does.
    #[must_use]
    pub fn holds(self, place: u64) -> bool {
        place % u64::from(self.count) == u64::from(self.index)
    }

    /// How many of `whole` belong to this part.
    #[must_use]
    pub fn share_of(self, whole: u64) -> u64 {
        let count = u64::from(self.count);
        whole / count + u64::from(u64::from(self.index) < whole % count)
    }
}

impl Default for Shard {
    fn default() -> Self {
        Shard::WHOLE
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let (index, count) = text.split_once('/').ok_or(ShardError::NoShard)?;
        let number = |text: &str| text.trim().parse().map_err(|_| ShardError::NoShard);
        Shard::new(number(index)?, number(count)?)
    }
}

/// Why a text names no shard.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShardError {
    /// It isn't two numbers with a slash between.
    NoShard,
    /// There are fewer parts.
    NoSuchPart {
        /// The part that was asked for.
        index: u32,
        /// How many there are.
        count: u32,
    },
}

impl fmt::Display for ShardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShardError::NoShard => f.write_str("a shard is written `index/count`, as in `3/8`"),
            ShardError::NoSuchPart { count: 0, .. } => f.write_str("there are no shards: `count` is at least 1"),
            ShardError::NoSuchPart { index, count } => write!(
                f,
                "there is no shard {index} of {count}: shards are counted from 0, so the last is `{}/{count}`",
                count - 1
            ),
        }
    }
}

impl std::error::Error for ShardError {}
