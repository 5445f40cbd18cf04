//! What a task takes beside its future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Scale, label};
use crate::alloc;
use crate::harness::Cell;
use crate::report::Table;
use crate::rivals::Rival;
use crate::rivals::async_executor::AsyncExecutor;
use crate::rivals::embassy::Embassy;
use crate::rivals::framestep::Framestep;
use crate::rivals::local_pool::LocalPool;
use crate::rivals::nexus::Nexus;
use crate::rivals::tokio::Tokio;
use crate::script::{Counter, bump, counter};

pub const NAME: &str = "memory";

pub fn run(scale: &Scale) -> Table {
    let about = "Bytes that this many parked tasks hold of the allocator, less the 104 bytes of each future, by task;\n\
                 *with room*: framestep and nexus are told of the number, for which framestep makes room in its timer\n\
                 wheels, too; *without*: they aren't. What the allocator itself adds to each block isn't\n\
                 counted: 8 bytes and rounding, for those that allocate each task alone. Bytes a task.";
    let mut table = Table::new(NAME, "bytes", about);
    for size in scale.sizes(&[1_000, 100_000]) {
        for (told, room) in [("with room", size), ("without", 0)] {
            let cells = vec![
                measure::<Framestep>(size, room),
                measure::<Nexus>(size, room),
                measure::<Embassy>(size, room),
                measure::<AsyncExecutor>(size, room),
                measure::<LocalPool>(size, room),
                measure::<Tokio>(size, room),
            ];
            table.push(format!("{}, {told}", label(size)), size, cells);
        }
    }
    table
}

/// Waits for ever.
struct Parked {
    data: [u64; 12],
    polled: Counter,
}

const FUTURE: usize = size_of::<Parked>();
const _: () = assert!(FUTURE == 104);

impl Future for Parked {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        std::hint::black_box(&mut self.data);
        bump(self.polled);
        Poll::Pending
    }
}

fn measure<R: Rival>(size: usize, room: usize) -> Cell {
    let polled = counter();
    let (allocations, before) = (alloc::count(), alloc::live_bytes());
    let mut rival = R::new(room);
    (0..size).for_each(|number| rival.spawn(Parked { data: [number as u64; 12], polled }));
    rival.frame(move || polled.get() == size as u64);
    let bytes = alloc::live_bytes() - before;
    let allocations = alloc::count() - allocations;
    drop(rival);
    let value = (bytes - (FUTURE * size) as i64) as f64 / size as f64;
    Cell { rival: R::NAME, value, allocations: allocations as f64 / size as f64 }
}
