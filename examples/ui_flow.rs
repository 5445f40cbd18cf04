//! The way through a game's screens: a menu that fades in, a game, a pause menu on top of it that moves while the
//! game stands still, and back. `cargo run --features bevy --example ui_flow`
//!
//! Shown here: a flow of screens as one script, states, a paused game with a menu on the real clock, and a pause that
//! ends for certain.

use std::time::Duration;

use bevy_app::prelude::*;
use bevy_curve::EaseFunction;
use bevy_ecs::prelude::*;
use bevy_state::app::StatesPlugin;
use bevy_state::prelude::*;
use bevy_time::{Time, TimePlugin, TimeUpdateStrategy, Virtual};
use framestep::{FramestepPlugin, Me, Race, Script, ScriptError, SpawnScript, race, sleep, tween};

#[derive(States, Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Screen {
    #[default]
    Menu,
    Playing,
    Over,
}

/// A message: the player clicks on a button.
#[derive(Message, Clone, PartialEq)]
struct Click(&'static str);

/// How much of each menu is to be seen, from 0 to 1.
#[derive(Resource, Default)]
struct Menus {
    main: f32,
    pause: f32,
}

/// How far the player has come; at ten the game is over.
#[derive(Resource, Default)]
struct Way(u32);

const FADE: Duration = Duration::from_millis(250);

async fn flow(me: Me) -> Result {
    loop {
        fade(&me, |menus| &mut menus.main, 1.0).await?;
        click(&me, "play").await;
        fade(&me, |menus| &mut menus.main, 0.0).await?;
        me.set_state(Screen::Playing)?;

        let mut over = me.entered(Screen::Over);
        while let Race::Second(_) = race(&mut over, click(&me, "pause")).await {
            pause(&me).await?;
        }
        me.set_state(Screen::Menu)?;
    }
}

/// The game stands still until the player goes on, or this ends in any other way.
async fn pause(me: &Me) -> Result {
    me.resource_mut(|mut time: Mut<Time<Virtual>>| time.pause())?;
    let _go_on = me.defer(|world| world.resource_mut::<Time<Virtual>>().unpause());
    fade(me, |menus| &mut menus.pause, 1.0).await?;
    click(me, "resume").await;
    fade(me, |menus| &mut menus.pause, 0.0).await?;
    Ok(())
}

/// Fades a menu in or out, whether the game is paused or not.
async fn fade(me: &Me, menu: fn(&mut Menus) -> &mut f32, goal: f32) -> Result<(), ScriptError> {
    let from = me.resource_mut(|mut menus: Mut<Menus>| *menu(&mut menus))?;
    let show = |t: f32| me.resource_mut(|mut menus: Mut<Menus>| *menu(&mut menus) = from + (goal - from) * t);
    tween(FADE, EaseFunction::QuadraticOut, show).on(me.real_clock()).await
}

async fn click(me: &Me, button: &'static str) {
    me.message::<Click>().filter(move |click| click.0 == button).await;
}

/// The game itself: a step every tenth of a second of its own time. It belongs to the state in which it is played.
fn begin(mut commands: Commands) {
    let walk = Script::named("walk", async |me: Me| {
        me.resource_mut(|mut way: Mut<Way>| way.0 = 0)?;
        while me.resource(|way: &Way| way.0)? < 10 {
            sleep(Duration::from_millis(100)).await;
            me.resource_mut(|mut way: Mut<Way>| way.0 += 1)?;
        }
        me.set_state(Screen::Over)?;
        Ok(())
    });
    commands.spawn_script(walk).insert(DespawnOnExit(Screen::Playing));
}

pub(crate) fn game() -> App {
    let mut app = App::new();
    app.add_plugins((TimePlugin, StatesPlugin, FramestepPlugin));
    app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(50)));
    app.init_state::<Screen>().add_message::<Click>().init_resource::<Menus>().init_resource::<Way>();
    app.add_systems(OnEnter(Screen::Playing), begin);
    app.world_mut().spawn_script(Script::named("flow", flow));
    app
}

/// Plays, pauses after half a second, goes on a second later.
pub(crate) fn player(world: &mut World, frame: u32) {
    match frame {
        10 => drop(world.write_message(Click("play"))),
        27 => drop(world.write_message(Click("pause"))),
        47 => drop(world.write_message(Click("resume"))),
        _ => (),
    }
}

pub(crate) fn check(world: &mut World) {
    assert!(!world.resource::<Time<Virtual>>().is_paused(), "the pause ends however its script does");
}

fn main() {
    let mut app = game();
    for frame in 0..80 {
        player(app.world_mut(), frame);
        app.update();
        if frame % 4 == 0 {
            let world = app.world();
            let (menus, way) = (world.resource::<Menus>(), world.resource::<Way>().0);
            let bar = |share: f32| "#".repeat((share * 8.0) as usize);
            println!(
                "{:4.1} s  {:9} way {way:2}  menu {:8}  pause {:8}",
                f64::from(frame) / 20.0,
                format!("{:?}", world.resource::<State<Screen>>().get()),
                bar(menus.main),
                bar(menus.pause),
            );
        }
    }
    check(app.world_mut());
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Player(App);

    impl Player {
        fn wait(&mut self, updates: u32) -> (Screen, u32, f32) {
            (0..updates).for_each(|_| self.0.update());
            let world = self.0.world();
            let screen = world.resource::<State<Screen>>().get().clone();
            (screen, world.resource::<Way>().0, world.resource::<Menus>().pause)
        }

        fn click(&mut self, button: &'static str) {
            self.0.world_mut().write_message(Click(button));
        }
    }

    #[test]
    fn through_all_screens_and_back() {
        let mut player = Player(game());
        assert_eq!(player.wait(8), (Screen::Menu, 0, 0.0));
        player.click("resume");
        assert_eq!(player.wait(3), (Screen::Menu, 0, 0.0), "there is no such button here");
        player.click("play");
        assert_eq!(player.wait(8).0, Screen::Playing);
        assert_eq!(player.wait(30).0, Screen::Menu, "the game is over, and the menu is back");
    }

    #[test]
    fn a_paused_game_stands_still_while_its_menu_moves() {
        let mut player = Player(game());
        player.wait(8);
        player.click("play");
        player.wait(12);
        player.click("pause");
        let (_, way, _) = player.wait(2);
        let (screen, still, shown) = player.wait(2);
        assert_eq!((screen, still), (Screen::Playing, way));
        assert!(shown > 0.0 && shown < 1.0, "{shown}");
        assert_eq!(player.wait(20), (Screen::Playing, way, 1.0));
        player.click("resume");
        assert_eq!(player.wait(7), (Screen::Playing, way, 0.0));
        assert!(player.wait(4).1 > way);
    }

    #[test]
    fn who_despawns_the_flow_doesnt_leave_the_game_paused() {
        let mut player = Player(game());
        player.wait(8);
        player.click("play");
        player.wait(12);
        player.click("pause");
        player.wait(8);
        let world = player.0.world_mut();
        assert!(world.resource::<Time<Virtual>>().is_paused());
        let mut scripts = world.query::<(Entity, &Script)>();
        let flow = scripts.iter(world).find(|(_, script)| script.name() == "flow").unwrap().0;
        world.despawn(flow);
        player.wait(1);
        assert!(!player.0.world().resource::<Time<Virtual>>().is_paused());
    }
}
