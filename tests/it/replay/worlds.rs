//! Games of a world, recorded and verified: faults in systems, and in scripts on entities.

use bevy_ecs::prelude::*;
use framestep::replay::{
    Detail, Difference, Game, HashWorld, Player, Recorder, Recording, ReplayError, ReplayKey, Setup, Verify, WorldGame,
};
use framestep::{Me, Script, next_frame, step_scripts};
use serde::{Deserialize, Serialize};

use super::planted::{STEP, record, without_lines};
use super::verify::difference;

#[derive(Resource, Clone, Default, Serialize, Deserialize)]
struct Controls {
    push: bool,
}

#[derive(Component, Serialize)]
struct Speed(i64);

#[derive(Component, Serialize)]
struct Place(i64);

#[derive(Component, Serialize)]
struct Weight(f64);

#[derive(Resource, Default, Serialize)]
struct Load(f64);

/// What the second game does otherwise.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Fault {
    None,
    /// Carts are braked before they are moved, and not after.
    SystemsSwapped,
    /// Weights are added up in another order.
    SumTurned,
    /// The cart's script does its work in another way, and makes the same of it.
    Rewritten,
    /// The cart's script pushes harder in a frame.
    Harder(u32),
}

/// Two carts on a track: scripts push them when the player does, systems move and brake them and add up their weights.
fn carts(fault: Fault) -> impl FnMut(&Setup) -> WorldGame<Controls> {
    move |setup| {
        let mut game = WorldGame::new(setup);
        let world = game.world_mut();
        world.hash_component::<Speed>("speed").hash_component::<Place>("place").hash_resource::<Load>("load");
        world.init_resource::<Load>();
        for (number, weight) in [(1, 0.1), (2, 0.2), (3, 0.3)] {
            let key = ReplayKey::numbered("cart", number);
            world.spawn((key, Speed(0), Place(0), Weight(weight), Script::new(move |me: Me| push(me, fault))));
        }
        let schedule = game.schedule_mut();
        match fault {
            Fault::SystemsSwapped => schedule.add_systems((step_scripts, brake, move_on).chain()),
            _ => schedule.add_systems((step_scripts, move_on, brake).chain()),
        };
        match fault {
            Fault::SumTurned => schedule.add_systems(add_up_turned),
            _ => schedule.add_systems(add_up),
        };
        game
    }
}

async fn push(me: Me, fault: Fault) -> Result {
    let mut frame = 0;
    loop {
        frame += 1;
        if me.world(|world| world.resource::<Controls>().push)? {
            let force = if fault == Fault::Harder(frame) { 11 } else { 10 };
            me.with(|mut speed: Mut<Speed>| speed.0 += force)?;
        }
        if fault == Fault::Rewritten {
            framestep::yield_now().await;
        }
        next_frame().await;
    }
}

fn move_on(mut carts: Query<(&mut Place, &Speed)>) {
    carts.iter_mut().for_each(|(mut place, speed)| place.0 += speed.0);
}

fn brake(mut carts: Query<&mut Speed>) {
    carts.iter_mut().for_each(|mut speed| speed.0 -= speed.0.signum());
}

fn add_up(carts: Query<&Weight>, mut load: ResMut<Load>) {
    load.0 = carts.iter().map(|weight| weight.0).sum();
}

fn add_up_turned(carts: Query<&Weight>, mut load: ResMut<Load>) {
    let weights: Vec<f64> = carts.iter().map(|weight| weight.0).collect();
    load.0 = weights.iter().rev().sum();
}

/// The first push comes in frame 30.
fn controls(frame: u64) -> Controls {
    Controls { push: frame.is_multiple_of(30) }
}

#[test]
fn the_same_game_holds_in_every_detail() {
    for detail in [Detail::Sparse, Detail::Steps, Detail::Full] {
        let recording = record(carts(Fault::None), 130, detail, controls);
        let verified = Verify::new(recording.clone()).run(carts(Fault::None)).expect("it is the same game");
        assert!(verified.is_hashed);
        assert_eq!((verified.frames, verified.polls), (130, 390));
        assert!(Verify::new(recording).world_only().run(carts(Fault::None)).is_ok());
    }
}

#[test]
fn a_sparse_recording_has_the_world_once_in_240_frames_and_at_its_end() {
    // The pusher's trace is the same, whatever its push does. The last second is whole, and ends the recording.
    for (frames, between) in [(600, (0, 240)), (180, (0, 180)), (130, (0, 130))] {
        let recording = record(carts(Fault::None), frames, Detail::Sparse, controls);
        let found = difference(recording.clone(), carts(Fault::Harder(60)));
        assert_eq!((found.equal_frame, found.frame, found.what), (between.0, between.1, Difference::World), "{frames}");
        let mut player = Player::new(recording, carts(Fault::Harder(60))).expect("its setup").watching().verifying();
        player.run_to(frames).expect("it plays");
        let found = player.difference().expect("it differs, also where more is seen than was recorded");
        assert_eq!((found.equal_frame, found.frame), between, "{frames}");
    }
    let recording = record(carts(Fault::None), 600, Detail::Sparse, controls);
    let found = difference(recording, carts(Fault::Harder(300)));
    assert_eq!((found.equal_frame, found.frame), (240, 480));
}

#[test]
fn two_systems_swapped_are_found_by_the_component_and_the_entity() {
    let found = difference(record(carts(Fault::None), 130, Detail::Full, controls), carts(Fault::SystemsSwapped));
    assert_eq!((found.frame, found.what, found.lane.as_deref()), (30, Difference::World, None));
    assert_eq!(
        without_lines(&found.to_string()),
        "\
the run differs from the recording in frame 30 of 130, at the end of the frame
  world    expected 54339318, actual d5519aa3; scripts did the same so far
  state    `place` of `cart 1`: expected 10, actual 9
  state    `place` of `cart 2`: expected 10, actual 9
  state    `place` of `cart 3`: expected 10, actual 9

To look:         Player::seek(29), or `--seek 29` in the demo.
"
    );
}

#[test]
fn a_float_summed_in_another_order_is_found_by_its_bits() {
    let found = difference(record(carts(Fault::None), 130, Detail::Full, controls), carts(Fault::SumTurned));
    let value = &found.state[0];
    assert_eq!(
        (found.frame, found.what, value.kind.as_str(), value.entity.as_str()),
        (1, Difference::World, "load", "")
    );
    assert_eq!(value.expected.as_deref(), Some("0.6000000000000001"));
    assert_eq!(value.actual.as_deref(), Some("0.6"));
}

#[test]
fn a_script_is_named_with_its_owner_and_its_wait() {
    let found = difference(record(carts(Fault::None), 130, Detail::Full, controls), carts(Fault::Rewritten));
    let script = found.script.as_ref().expect("a script is to blame");
    assert_eq!((found.frame, script.number, script.owner.as_str()), (1, 1, "cart 1"));
    let at = without_lines(script.spawned_at.as_deref().expect("it was spawned"));
    assert_eq!(at, "tests/it/replay/worlds.rs:_");
}

#[test]
fn a_rewritten_script_that_makes_the_same_of_the_world_holds_there() {
    for detail in [Detail::Sparse, Detail::Steps, Detail::Full] {
        let recording = record(carts(Fault::None), 130, detail, controls);
        assert!(Verify::new(recording.clone()).run(carts(Fault::Rewritten)).is_err(), "its polls are others");
        assert!(Verify::new(recording.clone()).world_only().run(carts(Fault::Rewritten)).is_ok());
        let error = Verify::new(recording).world_only().run(carts(Fault::Harder(60))).expect_err("a cart is elsewhere");
        assert!(error.to_string().contains("in frame 60 of 130") || detail == Detail::Sparse, "{error}");
    }
}

#[test]
fn the_world_is_compared_behind_each_lane_step() {
    let found = difference(record(carts(Fault::None), 130, Detail::Full, controls), carts(Fault::Harder(60)));
    assert_eq!((found.frame, found.what, found.lane.as_deref()), (60, Difference::World, Some("main")));
    let values: Vec<_> = found.state.iter().map(|value| (value.kind.as_str(), value.entity.as_str())).collect();
    assert_eq!(values, [("speed", "cart 1"), ("speed", "cart 2"), ("speed", "cart 3")]);
    let found = difference(record(carts(Fault::None), 130, Detail::Steps, controls), carts(Fault::Harder(60)));
    assert_eq!((found.frame, found.what, found.lane.as_deref()), (60, Difference::World, Some("main")));
    assert!(found.did.iter().any(|line| line.starts_with("speed of cart 1 is ")), "{found}");
}

#[test]
fn an_entity_without_a_key_ends_the_recording_with_the_remedy() {
    let setup = Setup::new(7);
    let mut game = carts(Fault::None)(&setup);
    let mut recorder = Recorder::to(Vec::new(), &setup, Detail::Steps, &mut game).expect("it is the setup's");
    recorder.frame(&mut game, &controls(1), STEP).expect("all have keys");
    game.world_mut().spawn(Speed(1));
    let error = recorder.frame(&mut game, &controls(2), STEP).expect_err("one has no key");
    assert!(matches!(error, ReplayError::World { frame: 2, .. }));
    let error = error.to_string();
    assert!(error.starts_with("after frame 2 the world can't be hashed: ") && error.contains("ReplayKey"), "{error}");
    assert!(matches!(recorder.frame(&mut game, &controls(3), STEP), Err(ReplayError::Ended)));
    let bytes = recorder.finish(&mut game).expect("memory takes it");
    assert_eq!(Recording::from_bytes(bytes).expect("it is whole").frames(), 1);
}

#[test]
fn a_frame_of_a_world_is_told_in_words_wherever_one_comes_from() {
    let recording = record(carts(Fault::None), 130, Detail::Full, controls);
    let mut player = Player::new(recording, carts(Fault::None)).expect("it has the seed").watching();
    player.run_to(60).expect("it plays");
    let forwards = player.words();
    player.seek(130).expect("it plays");
    player.seek(60).expect("it plays");
    assert_eq!(player.words(), forwards);
    assert_eq!(
        without_lines(&forwards.join("\n")),
        "step of lane main\n\
         polled script #1 at worlds.rs:_\n\
         polled script #2 at worlds.rs:_\n\
         polled script #3 at worlds.rs:_\n\
         speed of cart 1 is 10\n\
         speed of cart 2 is 10\n\
         speed of cart 3 is 10\n\
         place of cart 1 is 65\n\
         place of cart 2 is 65\n\
         place of cart 3 is 65\n\
         speed of cart 1 is 9\n\
         speed of cart 2 is 9\n\
         speed of cart 3 is 9"
    );
    assert_eq!(player.game().executor().frame(), 60);
}

#[test]
fn a_recorder_is_told_of_what_it_was_made_with() {
    let setup = Setup::new(7);
    let mut game = carts(Fault::None)(&setup);
    let input = Controls::default();
    let mut recorder = Recorder::to(Vec::new(), &setup, Detail::Full, &mut game).expect("it is the setup's");
    recorder.before(&input, STEP).expect("memory takes it");
    game.frame(&input, STEP);
    assert_eq!(
        recorder.after(game.executor()).expect_err("the world is missing").to_string(),
        "the recorder was made with a game that has a world, and at frame 1 was told of its executor alone: call \
         `after_frame_of` or `frame`, and `finish`"
    );
    let mut game = carts(Fault::None)(&setup);
    let recorder = Recorder::of_executor(Vec::new(), &setup, Detail::Full, game.executor());
    assert_eq!(
        recorder.expect("it is the setup's").frame(&mut game, &input, STEP).expect_err("it has a world").to_string(),
        "the recorder was made with an executor alone, and at frame 1 was told of a game that has a world: make it by \
         `Recorder::create` or `Recorder::to`, or call `after` and `finish_with`"
    );
}

#[test]
fn what_was_removed_is_forgotten_as_at_the_end_of_an_apps_frame() {
    let mut game = WorldGame::<Controls>::new(&Setup::new(1));
    game.schedule_mut().add_systems(step_scripts);
    game.world_mut().spawn(Script::new(async |me: Me| {
        loop {
            me.insert(Speed(1))?;
            me.remove::<Speed>()?;
            assert_eq!(me.world(|world| world.removed::<Speed>().count())?, 1);
            next_frame().await;
        }
    }));
    for _ in 0..5 {
        game.frame(&Controls::default(), STEP);
        assert_eq!(game.world_ref().resource::<framestep::ScriptRegistry>().last_report().panicked, 0);
        assert_eq!(game.world_ref().removed::<Speed>().count(), 0);
    }
}
