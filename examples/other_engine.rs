//! The executor alone, in an engine of one's own: a loop by hand, a world that is a struct, no Bevy.
//! `cargo run --no-default-features --example other_engine`
//!
//! Shown here: scripts over shared state, a lane for physics beside the one for frames, and a loop that sleeps
//! until it is needed.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use framestep::{Executor, Lane, Race, Signal, frames, next_frame, race, resume_in, sleep};

/// What this engine's world is.
#[derive(Debug, Default)]
struct Ball {
    height: i32,
    speed: i32,
    bounces: u32,
}

struct Engine {
    ball: Rc<RefCell<Ball>>,
    whistle: Signal,
    executor: Executor,
    physics: Lane,
}

const PHYSICS_STEP: Duration = Duration::from_millis(10);

impl Engine {
    pub(crate) fn new() -> Self {
        let executor = Executor::new();
        let engine =
            Engine { ball: Rc::default(), whistle: Signal::new(), physics: executor.add_lane("physics"), executor };
        drop(engine.executor.spawn(game(engine.ball.clone(), engine.whistle.clone(), engine.physics)).named("game"));
        engine
    }

    /// One frame: physics first, twice, then everything else. Gives how many scripts are left.
    pub(crate) fn frame(&mut self) -> u64 {
        for _ in 0..2 {
            self.executor.step_lane(self.physics, PHYSICS_STEP);
        }
        self.executor.poll_once_with(2 * PHYSICS_STEP).live
    }
}

/// The ball is dropped, and bounces until the whistle.
async fn game(ball: Rc<RefCell<Ball>>, whistle: Signal, physics: Lane) {
    sleep(Duration::from_millis(100)).await;
    ball.borrow_mut().height = 1_000;
    let fall = framestep::spawn_in(physics, bounce(ball.clone()));
    whistle.wait().await;
    fall.cancel();
    resume_in(physics).await; // between two steps of physics nobody sees it half set
    let bounces = ball.borrow().bounces;
    *ball.borrow_mut() = Ball { bounces, ..Ball::default() };
}

/// Falls, a step of physics at a time.
async fn bounce(ball: Rc<RefCell<Ball>>) {
    loop {
        {
            let mut ball = ball.borrow_mut();
            ball.speed -= 10;
            ball.height += ball.speed;
            if ball.height <= 0 && ball.speed < 0 {
                ball.height = 0;
                ball.speed = -ball.speed * 8 / 10;
                ball.bounces += 1;
            }
        }
        next_frame().await; // the next step of this lane
    }
}

fn main() {
    let mut engine = Engine::new();
    let mut frame = 0;
    while engine.frame() > 0 {
        frame += 1;
        let height = engine.ball.borrow().height;
        println!("{frame:3} {}o", " ".repeat((height / 20) as usize));
        if frame == 60 {
            engine.whistle.raise();
        }
    }
    println!("{:?}", engine.ball.borrow());

    // Where nothing is to be done the loop may sleep: until a clock is due, or another thread wakes it.
    let mut idle = Executor::new();
    let nap = idle.spawn(race(sleep(Duration::from_secs(60)), std::future::pending::<()>()));
    idle.poll_once();
    while !nap.is_finished() {
        let until = idle.next_deadline().filter(|_| idle.is_idle());
        println!("idle; nothing to do for {until:?}");
        idle.poll_once_with(until.unwrap_or(PHYSICS_STEP));
    }
    assert!(matches!(nap.take_output(), Some(Ok(Race::First(())))));
    drop(idle.spawn(frames(1)));
    assert!(!idle.is_idle());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_bounces_until_the_whistle() {
        let mut engine = Engine::new();
        while engine.ball.borrow().bounces < 3 {
            assert_eq!(
                engine.frame(),
                if engine.ball.borrow().height == 0 && engine.ball.borrow().bounces == 0 { 1 } else { 2 }
            );
        }
        engine.whistle.raise();
        engine.frame();
        engine.frame();
        assert_eq!(engine.frame(), 0);
        assert_eq!((engine.ball.borrow().height, engine.ball.borrow().bounces), (0, 3));
    }

    #[test]
    fn an_engine_that_is_dropped_in_the_middle_lets_go_of_the_world() {
        let mut engine = Engine::new();
        for _ in 0..20 {
            engine.frame();
        }
        let ball = engine.ball.clone();
        drop(engine);
        assert_eq!(Rc::strong_count(&ball), 1);
    }
}
