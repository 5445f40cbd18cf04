//! A hub: all ears for one type of message or event, and the order in which they hear.
//!
//! The rule: ears hear in the order in which they were opened. Those for the events of one entity lie in a
//! list of that entity, so that an event costs only those who wait for it there. An ear that ends is dropped
//! at once; where its list is being gone through, when that is done. Its entry stays, dead, until half of
//! the list is.
//!
//! A hub is shared with Bevy's observers, which run on whichever thread triggers an event. They, like all
//! who use the hub, hold the world for themselves, so the locks here never wait: they are for the compiler,
//! and against those who end an ear from within a picker.

use std::any::TypeId;
use std::mem;
use std::sync::Arc;

use bevy_ecs::entity::{Entity, EntityHash};
use indexmap::IndexMap;

use super::super::checks::guarded;
use super::column::{Column, Ears, Entry, Keep, NO_ROW, Offer, WakeList, lock};
use super::pick::Pick;
use crate::executor::shared::Mutex;

#[cfg(all(test, framestep_loom))]
mod interleavings;

/// Whom an ear listens to: one entity, or all.
pub(super) type Key = Option<Entity>;

/// By what a list is found.
fn seat(key: Key) -> Entity {
    key.unwrap_or(Entity::PLACEHOLDER)
}

pub(super) struct Hub<X> {
    state: Mutex<State<X>>,
}

struct State<X> {
    /// Ears in order of their numbers. The hash finds a list; it orders nothing.
    lists: IndexMap<Entity, List, EntityHash>,
    /// Empty lists with room.
    spare: Vec<List>,
    columns: Vec<(TypeId, Arc<dyn Offer<X>>)>,
    numbers: u64,
    /// The list that is out of its place, since what was heard is being offered to it.
    lent: Option<Key>,
    /// Ears of that list that have ended since.
    ended: Vec<Entry>,
    /// Empty, with room for those who are to be woken.
    due: WakeList,
}

#[derive(Default)]
struct List {
    entries: Vec<Entry>,
    /// How many of them are of ears that have ended.
    dead: usize,
}

impl List {
    /// Takes an ear off.
    fn remove(&mut self, entry: Entry) {
        let Ok(at) = self.entries.binary_search_by_key(&entry.number, |entry| entry.number) else { return };
        self.entries[at].row = NO_ROW;
        self.dead += 1;
        if self.dead * 2 > self.entries.len() {
            self.entries.retain(|entry| entry.row != NO_ROW);
            self.dead = 0;
        }
    }
}

impl<X> Default for Hub<X> {
    fn default() -> Self {
        let lists = IndexMap::default();
        Hub {
            state: Mutex::new(State {
                lists,
                spare: Vec::new(),
                columns: Vec::new(),
                numbers: 0,
                lent: None,
                ended: Vec::new(),
                due: WakeList::new(),
            }),
        }
    }
}

/// An ear that was opened: its place in the hub, and what gives what it kept.
pub(super) struct Opened<T> {
    pub(super) entry: Entry,
    pub(super) ears: Arc<dyn Ears<T>>,
}

impl<X: 'static> Hub<X> {
    /// Opens an ear, behind all that there are.
    pub(super) fn open<P: Pick<X>>(&self, key: Key, pick: P, keep: Keep) -> Opened<P::Output> {
        let (column, number) = {
            let mut state = lock(&self.state);
            state.numbers += 1;
            (state.column::<P>(), state.numbers)
        };
        let row = column.1.fill(pick, keep);
        let entry = Entry { number, column: column.0, row };
        let mut state = lock(&self.state);
        let State { lists, spare, .. } = &mut *state;
        // ORDER: numbers only grow, so the list stays sorted.
        lists.entry(seat(key)).or_insert_with(|| spare.pop().unwrap_or_default()).entries.push(entry);
        Opened { entry, ears: column.1 }
    }

    /// An ear has ended: takes it off its list, and drops what is left of it.
    pub(super) fn close(&self, key: Key, entry: Entry) {
        let column = {
            let mut state = lock(&self.state);
            let column = state.columns[entry.column as usize].1.clone();
            if state.lent == Some(key) {
                state.ended.push(entry);
                return;
            }
            state.unlist(key, entry);
            column
        };
        column.free(entry.row);
    }

    /// Offers what was heard to all ears of a list, in order. Without `due` nobody is to be woken yet.
    pub(super) fn deliver(&self, key: Key, heard: &X, mut due: Option<&mut WakeList>) {
        let Some(list) = self.lend(key) else { return };
        let lent = Lent { hub: self, key, list };
        let mut at = 0;
        while let Some(entry) = lent.list.entries.get(at) {
            let column = lock(&self.state).columns[entry.column as usize].1.clone();
            at += column.offer(&lent.list.entries[at..], heard, due.as_deref_mut());
        }
    }

    /// Adds those to `due` who wait at ears that heard something when nobody was to be woken, and still do.
    pub(super) fn overdue(&self, key: Key, due: &mut WakeList) {
        let state = lock(&self.state);
        let entries = state.lists.get(&seat(key)).map_or(&[][..], |list| &list.entries);
        let open = entries.iter().filter(|entry| entry.row != NO_ROW);
        due.extend(open.filter_map(|entry| state.columns[entry.column as usize].1.overdue(entry.row)));
    }

    /// Counts what was gone before it could be offered.
    pub(super) fn miss(&self, key: Key, count: u64) {
        let state = lock(&self.state);
        let entries = state.lists.get(&seat(key)).map_or(&[][..], |list| &list.entries);
        for entry in entries.iter().filter(|entry| entry.row != NO_ROW) {
            state.columns[entry.column as usize].1.miss(entry.row, count);
        }
    }

    /// An empty list for those who are to be woken, to be put back.
    pub(super) fn take_due(&self) -> WakeList {
        mem::take(&mut lock(&self.state).due)
    }

    pub(super) fn put_due(&self, due: WakeList) {
        lock(&self.state).due = due;
    }

    fn lend(&self, key: Key) -> Option<List> {
        let mut state = lock(&self.state);
        if state.lent.is_some() {
            // A picker can't trigger or write anything: it has no world.
            return None;
        }
        let list = mem::take(state.lists.get_mut(&seat(key))?);
        state.lent = Some(key);
        Some(list)
    }
}

/// A list that is out of its place: goes back when it has been gone through, by whatever way.
struct Lent<'a, X: 'static> {
    hub: &'a Hub<X>,
    key: Key,
    list: List,
}

impl<X> Drop for Lent<'_, X> {
    fn drop(&mut self) {
        {
            let mut state = lock(&self.hub.state);
            if let Some(place) = state.lists.get_mut(&seat(self.key)) {
                self.list.entries.append(&mut place.entries);
                *place = mem::take(&mut self.list);
            }
            state.lent = None;
        }
        // ORDER: what is left of ears is dropped in the order in which they ended.
        let mut ended = mem::take(&mut lock(&self.hub.state).ended);
        for entry in ended.drain(..) {
            // Nobody is left to be told of a panic in here.
            let _ = guarded(|| self.hub.close(self.key, entry));
        }
        lock(&self.hub.state).ended = ended;
    }
}

impl<X: 'static> State<X> {
    /// The column of the ears that pick like `P`, made if it isn't there yet.
    fn column<P: Pick<X>>(&mut self) -> (u32, Arc<Column<P, P::Output>>) {
        let of = TypeId::of::<P>();
        if let Some(at) = self.columns.iter().position(|(known, _)| *known == of) {
            let column = self.columns[at].1.clone().as_any().downcast();
            return (at as u32, column.expect("found by its type"));
        }
        let number = u32::try_from(self.columns.len()).expect("fewer kinds than four thousand million");
        let column = Arc::new(Column::new(number));
        self.columns.push((of, column.clone()));
        (number, column)
    }

    fn unlist(&mut self, key: Key, entry: Entry) {
        let Some(list) = self.lists.get_mut(&seat(key)) else { return };
        list.remove(entry);
        if list.entries.is_empty() && key.is_some() {
            // Lists are found by hash, so their order among each other says nothing.
            let list = self.lists.swap_remove(&seat(key)).unwrap_or_default();
            self.spare.push(list);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ears_that_all_end_cost_each_its_own_in_whatever_order() {
        const EARS: u64 = 1_000;
        let entry = |number| Entry { number, column: 0, row: number as u32 };
        let orders: [fn(u64) -> u64; 3] = [|at| at, |at| EARS - 1 - at, |at| at * 7 % EARS];
        for order in orders {
            let mut list = List { entries: (0..EARS).map(entry).collect(), dead: 0 };
            let mut looked_through = 0;
            for at in 0..EARS {
                let before = list.entries.len();
                list.remove(entry(order(at)));
                if list.entries.len() < before {
                    looked_through += before;
                }
            }
            assert!(list.entries.is_empty());
            assert!(looked_through <= 2 * EARS as usize + 10, "{looked_through}");
        }
    }
}
