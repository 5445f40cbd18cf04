//! What gets smaller in a program of the world's language.

use super::program::*;
use crate::model::shrink::{Edit, becomes};

impl Edit for Program {
    fn edit(&mut self, at: &mut usize) -> bool {
        self.acts.edit(at)
    }
}

impl Edit for Act {
    fn edit(&mut self, at: &mut usize) -> bool {
        match self {
            Step(nanos) => nanos.edit(at),
            StepSide(nanos) => {
                let plainer = Step(*nanos);
                nanos.edit(at) || becomes(self, plainer, at)
            }
            Game(deed) => deed.edit(at),
            Update => false,
        }
    }
}

impl Edit for Script {
    fn edit(&mut self, at: &mut usize) -> bool {
        self.ops.edit(at) || self.side.edit(at)
    }
}

impl Edit for Part {
    fn edit(&mut self, at: &mut usize) -> bool {
        *self == B && becomes(self, A, at)
    }
}

impl Edit for Deed {
    fn edit(&mut self, at: &mut usize) -> bool {
        match self {
            Say(number) | SpawnEntity(number) | Despawn(number) | SetGold(number) | Write(number) | Boom(number)
            | Raise(number) | TakeOff(number) | CancelId(number) | Disable(number) | Enable(number) => number.edit(at),
            Set(entity, part, value) | Insert(entity, part, value) => {
                entity.edit(at) || part.edit(at) || value.edit(at)
            }
            Remove(entity, part) => entity.edit(at) || part.edit(at),
            Hit(entity, value) => entity.edit(at) || value.edit(at),
            StartFree(script) => script.edit(at),
            StartOwned(script) => {
                let plainer = StartFree(script.clone());
                script.edit(at) || becomes(self, plainer, at)
            }
            Blow => false,
            FromOutside(deeds) => deeds.edit(at),
            StartOf(entity, script) | Put(entity, script) => {
                let plainer = StartFree(script.clone());
                entity.edit(at) || script.edit(at) || becomes(self, plainer, at)
            }
        }
    }
}

impl Edit for Ear {
    fn edit(&mut self, at: &mut usize) -> bool {
        match self {
            HitsAt(entity) | AddedTo(entity) | RemovedFrom(entity) => entity.edit(at),
            AllNews | Booms => false,
        }
    }
}

impl Edit for Op {
    fn edit(&mut self, at: &mut usize) -> bool {
        match self {
            Do(deed) => deed.edit(at),
            Read(entity, part) => entity.edit(at) || part.edit(at),
            ReadOrFail(part) => part.edit(at),
            Fail | Panic => false,
            Defer(deeds) => deeds.edit(at),
            Guard(number) | Forget(number) => number.edit(at),
            Listen(ear) => ear.edit(at),
            Await(wait) => wait.edit(at),
        }
    }
}

impl Edit for Wait {
    fn edit(&mut self, at: &mut usize) -> bool {
        // A part takes the place of the whole.
        if let Both(parts) | First(parts) | Within(_, parts) | Until(parts) = self {
            for part in parts.0.clone() {
                if becomes(self, part, at) {
                    return true;
                }
            }
        }
        if let Block(ops) = self {
            for op in ops.0.clone() {
                if let Await(part) = op
                    && becomes(self, part, at)
                {
                    return true;
                }
            }
        }
        if *self != NextFrame && becomes(self, NextFrame, at) {
            return true;
        }
        match self {
            NextFrame | Never => false,
            Frames(number) | Yield(number) | Raised(number) | Gold(number) | Despawned(number) | NextOf(number)
            | Finished(number) => number.edit(at),
            Sleep(nanos) => nanos.edit(at),
            MoveTo(side) => side.edit(at),
            Holds(entity, part, value) => entity.edit(at) || part.edit(at) || value.edit(at),
            HoldBoth(entity, value) => entity.edit(at) || value.edit(at),
            Changed(entity, part) => entity.edit(at) || part.edit(at),
            Heard(ear) => ear.edit(at),
            Both(parts) | First(parts) | Until(parts) => parts.edit(at),
            Within(nanos, parts) => nanos.edit(at) || parts.edit(at),
            Block(ops) => ops.edit(at),
        }
    }
}
