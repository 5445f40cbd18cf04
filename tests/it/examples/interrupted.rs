//! Every script of every example, killed at each of its awaits, and struck by a panic in many of its polls.
//!
//! Rule: as in `struck`. A script is killed each time that it parks while the example is played; each `.await` of the
//! examples' texts is among the places at which one was, or is listed here with the reason (`awaits`). Panics come in the first
//! ten polls of each script, and in five at most of those after it. Random frames and polls are tried on top.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use bevy_ecs::prelude::*;
use proptest::prelude::*;

use super::awaits::{
    Source, Untold,
    Why::{Beside, Never},
    assert_all_told, lines_of,
};
use super::struck::{Game, Times, Whole, kill, kill_some, strike, strike_some};

impl Game for (World, Schedule) {
    fn world(&mut self) -> &mut World {
        &mut self.0
    }

    fn frame(&mut self) {
        self.1.run(&mut self.0);
    }
}

#[cfg(feature = "bevy_app")]
impl Game for bevy_app::App {
    fn world(&mut self) -> &mut World {
        self.world_mut()
    }

    fn frame(&mut self) {
        self.update();
    }
}

/// The times that they are killed.
const ALL: Times = Times { first: usize::MAX, later: 0, every: 1 };

/// The polls in which they panic.
const TIMES: Times = Times { first: 10, later: 5, every: 23 };

/// Those of all plays, in their order.
static WHOLE: LazyLock<Vec<Whole>> = LazyLock::new(|| super::plays().iter().map(Whole::of).collect());

macro_rules! sources {
    ($($file:literal),* $(,)?) => {
        &[$(Source { file: $file, text: include_str!(concat!("../../../examples/", $file)) }),*]
    };
}

const SOURCES: &[Source] =
    sources!["hello.rs", "door.rs", "boss_fight.rs", "dialogue.rs", "spawner.rs", "turn_based.rs"];
#[cfg(feature = "bevy")]
const SOURCES_WITH_BEVY: &[Source] = sources!["cutscene.rs", "ui_flow.rs"];

/// The lines that no site tells.
const UNTOLD: &[Untold] = &[
    Untold("door.rs", "door", "slide(&me, OPEN).await", Beside("next_frame().await")),
    Untold("boss_fight.rs", "unless_stunned", "race(act(), me.on::<Stunned>()).await", Beside(".until(half_dead)")),
    Untold("boss_fight.rs", "unless_stunned", "sleep(STUN).await", Beside(".until(half_dead)")),
    Untold("boss_fight.rs", "call_for_help", "swings(&me, 1).await", Beside("sleep(Duration::from_millis(500)).await")),
    Untold("dialogue.rs", "ferryman", "say(&me, \"Where to?\").await", Beside("spell.until(")),
    Untold("dialogue.rs", "ferryman", "choose(&me, ", Beside("race_all(choices)")),
    Untold("dialogue.rs", "ferryman", "I am he who asks once", Beside("spell.until(")),
    Untold("dialogue.rs", "ferryman", "Then give me a coin", Never(NOT_ASKED)),
    Untold("dialogue.rs", "ferryman", "Many say that", Never(NOT_ASKED)),
    Untold("dialogue.rs", "ferryman", "The silent ones", Never(NOT_ASKED)),
    Untold("dialogue.rs", "say", "frames(2).await", Beside("spell.until(")),
    Untold("turn_based.rs", "duel", "knights_turn(&me, knight, ghoul).await", Beside("me.message::<Order>()")),
    Untold("turn_based.rs", "duel", "ghouls_turn(knight, ghoul).await", Beside("frames(30)")),
    Untold(
        "turn_based.rs",
        "game",
        "duel(me, me.other(knight), me.other(ghoul)).await",
        Beside("me.message::<Order>()"),
    ),
];
#[cfg(feature = "bevy")]
const UNTOLD_WITH_BEVY: &[Untold] = &[
    Untold("cutscene.rs", "story", "join3(", Beside("story(&me).until(")),
    Untold("cutscene.rs", "story", ".await?;", Beside("story(&me).until(")),
    Untold("cutscene.rs", "story", "sleep(Duration::from_secs(1)).await", Beside("story(&me).until(")),
    Untold("cutscene.rs", "find_the_castle", "tween(", Beside("story(&me).until(")),
    Untold("cutscene.rs", "walk_up", "tween(", Beside("story(&me).until(")),
    Untold("cutscene.rs", "talk", "sleep(Duration::from_secs(2)).await", Beside("story(&me).until(")),
    Untold("cutscene.rs", "talk", "sleep(Duration::from_millis(1500)).await", Beside("story(&me).until(")),
    Untold("ui_flow.rs", "flow", "fade(&me, |menus| &mut menus.main", Beside("tween(FADE")),
    Untold("ui_flow.rs", "flow", "click(&me, \"play\").await", Beside("me.message::<Click>()")),
    Untold("ui_flow.rs", "flow", "pause(&me).await", Beside("tween(FADE")),
    Untold("ui_flow.rs", "pause", "fade(me, |menus| &mut menus.pause", Beside("tween(FADE")),
    Untold("ui_flow.rs", "pause", "click(me, \"resume\").await", Beside("me.message::<Click>()")),
];

const NOT_ASKED: &str = "the player gives another answer";

#[test]
fn every_script_may_die_at_every_await() {
    let mut killed = Vec::new();
    for (play, whole) in super::plays().iter().zip(&*WHOLE) {
        killed.extend(kill_some(play, whole, ALL));
    }
    let told: BTreeSet<_> = killed.iter().flat_map(lines_of).collect();
    let (awaits, untold) = assert_all_told(SOURCES, &told, UNTOLD);
    println!("{} killed; {awaits} awaits, {untold} of them untold", killed.len());
    #[cfg(feature = "bevy")]
    {
        let (awaits, untold) = assert_all_told(SOURCES_WITH_BEVY, &told, UNTOLD_WITH_BEVY);
        println!("with Bevy {awaits} awaits more, {untold} of them untold");
    }
}

#[test]
fn every_script_may_panic_in_its_first_ten_polls_and_in_some_later_ones() {
    let counts = super::plays().into_iter().zip(&*WHOLE).map(|(play, whole)| strike_some(&play, whole, TIMES));
    let (struck, missed) = counts.fold((0, 0), |all, more| (all.0 + more.0, all.1 + more.1));
    println!("{struck} struck, {missed} missed");
    assert!(struck > 60, "{struck}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn and_in_any_frame(play in 0..super::plays().len(), at in 0_u32..1_000, which in any::<prop::sample::Index>()) {
        let play = &super::plays()[play];
        _ = kill(play, at % play.frames, |scripts| (!scripts.is_empty()).then(|| which.index(scripts.len())));
    }

    #[test]
    fn and_in_any_poll(play in 0..super::plays().len(), who in any::<prop::sample::Index>(), poll in any::<prop::sample::Index>()) {
        let (play, whole) = (&super::plays()[play], &WHOLE[play]);
        let numbers: Vec<u64> = whole.polls.keys().copied().collect();
        let number = *who.get(&numbers);
        _ = strike(play, whole, number, poll.index(whole.may_come(number) as usize) as u32 + 1);
    }
}
