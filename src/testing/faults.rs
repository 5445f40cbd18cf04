//! A script of a test that panics at one of its polls.

use super::script_test::ScriptTest;
use super::subject::Subject;
use crate::ecs::ScriptExecutor;

impl ScriptTest {
    /// Has a poll of a script panic instead of going on, as [`Executor::panic_at`](crate::Executor::panic_at) does; the
    /// script is named by its id, or by the entity that it is about. Polls are counted from 1, its first.
    ///
    /// The test fails unless it takes the failure. So what a crash of the script leaves behind can be tested at
    /// each of its awaits:
    ///
    /// ```
    /// use bevy_ecs::prelude::*;
    /// use framestep::testing::ScriptTest;
    /// use framestep::{Me, Script, frames};
    ///
    /// #[derive(Resource)]
    /// struct Lit(bool);
    ///
    /// async fn lamp(me: Me) -> Result {
    ///     me.resource_mut(|mut lit: Mut<Lit>| lit.0 = true)?;
    ///     let _dark = me.defer(|world| world.resource_mut::<Lit>().0 = false);
    ///     frames(10).await;
    ///     frames(20).await;
    ///     Ok(())
    /// }
    ///
    /// for poll in 2..=3 {
    ///     let mut test = ScriptTest::new();
    ///     test.world().insert_resource(Lit(false));
    ///     let lamp = test.spawn(Script::named("lamp", lamp));
    ///     test.step(1);
    ///     test.panic_at(lamp, poll);
    ///     test.step(40);
    ///     test.assert_failed(lamp, "panic_at");
    ///     assert!(!test.world().resource::<Lit>().0);
    /// }
    /// ```
    ///
    /// # Panics
    /// When the script has ended or was cancelled, when it wasn't started yet, when it had that poll already (or `poll` is
    /// 0), and when the entity has several scripts. One that wasn't started is named by the spawn number that it will
    /// have: `test.executor().panic_at(1, 1)` has the first script of all panic in its first poll.
    #[track_caller]
    pub fn panic_at(&mut self, script: impl Subject, poll: u32) {
        let world = self.world();
        let id = match script.running(world) {
            Ok(Some(id)) => id,
            Ok(None) => panic!("{} isn't running, so it has no poll to panic at", script.words()),
            Err(message) => panic!("{message}"),
        };
        let scripts = world.non_send::<ScriptExecutor>();
        let Some(task) = scripts.script_info(id) else {
            panic!(
                "the script wasn't started yet: call `step` first, or name it by the spawn number that it will have, with \
                 `test.executor().panic_at(number, {poll})`"
            )
        };
        let polls = task.polls;
        assert!(
            poll > polls,
            "it had {polls} polls already, so poll {poll} can't panic any more: have it panic at its poll {} or later",
            polls + 1
        );
        scripts.executor().panic_at(task.number, poll);
    }
}
