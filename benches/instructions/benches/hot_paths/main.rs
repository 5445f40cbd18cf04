//! Does each work once, warm, for callgrind to count its instructions.
//!
//! Scenes are set up before the counting begins, and checked after it has ended. All is fixed: the random numbers by
//! their seeds, the addresses and the environment by the runner.

mod ecs;
mod ends;
mod resume;
mod scene;
mod script;
mod sleep;
mod sync;
mod wake;

use gungraun::prelude::*;
use gungraun::{Callgrind, LibraryBenchmarkConfig};

use scene::Scene;

// Calls through a pointer, so that no work is built into this function, where another could change its code.
#[library_benchmark(teardown = Scene::check)]
#[bench::resume_in_order(resume::in_order())]
#[bench::resume_shuffled(resume::shuffled())]
#[bench::self_wake(wake::self_wake())]
#[bench::wake_hop(wake::ring())]
#[bench::spawn(ends::spawn())]
#[bench::cancel(ends::cancel())]
#[bench::sleep_arm(sleep::arm())]
#[bench::sleep_fire(sleep::fire())]
#[bench::race(sync::race())]
#[bench::join(sync::join())]
#[bench::ecs_move(ecs::moving())]
#[bench::ecs_move_by(ecs::moving_by())]
#[bench::ecs_until(ecs::until())]
#[bench::ecs_until_own(ecs::until_own())]
#[bench::ecs_hear(ecs::hearing())]
fn hot_path(mut scene: Scene) -> Scene {
    scene.act();
    scene
}

library_benchmark_group!(name = works, benchmarks = hot_path);

main!(
    // Instructions are all that is asked for.
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = works
);
