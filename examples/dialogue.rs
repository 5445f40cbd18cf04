//! A talk with a ferryman: lines appear letter by letter, a key shows the rest at once, and answers lead on.
//! Who takes too long to answer has answered, too. `cargo run --example dialogue`
//!
//! Shown here: a race over any number of choices, a time limit, and functions that give what was chosen.

use std::time::Duration;

use bevy_ecs::prelude::*;
use framestep::{Me, Script, Until, frames, race_all, step_scripts, timeout};

/// What is on the screen.
#[derive(Component, Default)]
struct Talk {
    line: String,
    answers: Vec<&'static str>,
}

/// The player's keys: on with it, or an answer.
#[derive(Message, Clone, Copy, PartialEq)]
enum Key {
    On,
    Answer(usize),
}

const PATIENCE: Duration = Duration::from_secs(5);

async fn ferryman(me: Me) -> Result {
    say(&me, "Where to?").await?;
    match choose(&me, &["Over the river.", "Nowhere.", "Who are you?"]).await? {
        Some(0) => say(&me, "Then give me a coin.").await?,
        Some(2) => say(&me, "I am he who asks once.").await?,
        Some(_) => say(&me, "Many say that.").await?,
        None => say(&me, "The silent ones are the heaviest.").await?,
    }
    me.with(|mut talk: Mut<Talk>| *talk = Talk::default())?;
    Ok(())
}

/// Letter by letter; a key shows the rest, and another one goes on.
async fn say(me: &Me, line: &str) -> Result {
    let mut spelled = String::new();
    let spell = async {
        for letter in line.chars() {
            spelled.push(letter);
            me.with(|mut talk: Mut<Talk>| talk.line.clone_from(&spelled))?;
            frames(2).await;
        }
        Ok(())
    };
    spell.until(me.message::<Key>()).await.unwrap_or(Ok::<_, BevyError>(()))?;
    me.with(|mut talk: Mut<Talk>| talk.line = line.to_owned())?;
    me.message::<Key>().await;
    Ok(())
}

/// The answer that was chosen, if one was in time.
async fn choose(me: &Me, answers: &[&'static str]) -> Result<Option<usize>> {
    me.with(|mut talk: Mut<Talk>| talk.answers = answers.to_vec())?;
    let choices = (0..answers.len()).map(|answer| me.message::<Key>().filter(move |key| *key == Key::Answer(answer)));
    let chosen = timeout(PATIENCE, race_all(choices)).await;
    me.with(|mut talk: Mut<Talk>| talk.answers.clear())?;
    Ok(chosen.ok().map(|(answer, _key)| answer))
}

pub(crate) fn game() -> (World, Schedule) {
    let (mut world, mut schedule) = (World::new(), Schedule::default());
    world.init_resource::<Messages<Key>>();
    world.spawn((Talk::default(), Script::named("ferryman", ferryman)));
    schedule.add_systems(step_scripts);
    (world, schedule)
}

/// A player who reads on, and asks who that is.
pub(crate) fn player(world: &mut World, frame: u32) {
    match frame {
        30 | 120 | 140 => drop(world.write_message(Key::On)),
        90 => drop(world.write_message(Key::Answer(2))),
        _ => (),
    }
}

/// There are no answers but to the question.
pub(crate) fn check(world: &mut World) {
    assert!(world.query::<&Talk>().iter(world).all(|talk| talk.answers.is_empty() || talk.line == "Where to?"));
}

fn main() {
    let (mut world, mut schedule) = game();
    for frame in 0..160 {
        player(&mut world, frame);
        schedule.run(&mut world);
        if frame % 10 == 9 {
            let talk = world.query::<&Talk>().single(&world).expect("there is one talk");
            println!("{frame:3}  {}  {}", talk.line, talk.answers.join(" / "));
        }
    }
    check(&mut world);
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ferry(World, Schedule);

    impl Ferry {
        fn new() -> Self {
            let (world, schedule) = game();
            Ferry(world, schedule)
        }

        fn wait(&mut self, frames: u32) -> String {
            (0..frames).for_each(|_frame| self.1.run(&mut self.0));
            let talk = self.0.query::<&Talk>().single(&self.0).unwrap();
            format!("{}{}", talk.line, "?".repeat(talk.answers.len()))
        }

        fn press(&mut self, key: Key) -> String {
            self.0.write_message(key);
            self.wait(1)
        }
    }

    #[test]
    fn an_answer_leads_on() {
        let mut ferry = Ferry::new();
        assert_eq!([ferry.wait(1), ferry.wait(6), ferry.wait(30)], ["W", "Wher", "Where to?"]);
        assert_eq!(ferry.press(Key::On), "Where to????");
        assert_eq!(ferry.press(Key::Answer(7)), "Where to????", "there is no such answer");
        assert_eq!(ferry.press(Key::Answer(0)), "T");
        assert_eq!(ferry.wait(60), "Then give me a coin.");
        assert_eq!(ferry.press(Key::On), "");
        assert_eq!(ferry.0.query::<&Script>().iter(&ferry.0).count(), 0);
    }

    #[test]
    fn a_key_shows_the_rest_at_once_and_silence_is_an_answer() {
        let mut ferry = Ferry::new();
        ferry.wait(3);
        assert_eq!(ferry.press(Key::On), "Where to?");
        assert_eq!(ferry.press(Key::On), "Where to????");
        assert_eq!(ferry.wait(299), "Where to????");
        ferry.wait(10);
        assert_eq!(ferry.press(Key::On), "The silent ones are the heaviest.");
    }
}
