//! Frames to the body of a block.
//!
//! The rule: what stands still costs nothing, and what comes again costs little. A frame goes into its columns as it is
//! pushed; nothing of it is kept but what the next is compared with. The columns are in the table at the top of `recording`;
//! `decode.rs` is this file's mirror.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use crate::executor::{Arrival, Cause};
use crate::replay::line::{Line, Site, StateLine, StepTrail, Who};

use super::bytes::{put_bytes, put_change, put_signed, put_varint};
use super::limits::weight;
use super::{Detail, RecordedFrame};

/// Bits of a line's first byte, above its kind.
pub(super) mod bit {
    pub(in super::super) const CAUSE: u8 = 1 << 4;
    pub(in super::super) const WHO: u8 = 1 << 5;
    pub(in super::super) const AT: u8 = 1 << 6;
    pub(in super::super) const VALUE: u8 = 1 << 7;
}

/// What was said last of a script, or of a lane.
#[derive(Default)]
pub(super) struct Known {
    pub(super) who: Who,
    /// Where its last poll was.
    pub(super) at: Option<Site>,
}

/// A line is about a lane or about a script: their numbers are apart.
pub(super) type Key = (bool, u64);

pub(super) fn kind_of_step(kind: u8) -> bool {
    kind == crate::executor::ChangeKind::Step as u8
}

pub(super) fn is_poll(kind: u8) -> bool {
    kind == crate::executor::ChangeKind::Polled as u8
}

/// A column of runs.
#[derive(Default)]
struct Runs {
    bytes: Vec<u8>,
    same: u64,
}

impl Runs {
    fn same(&mut self) {
        self.same += 1;
    }

    fn change(&mut self) -> &mut Vec<u8> {
        put_varint(&mut self.bytes, mem::take(&mut self.same));
        &mut self.bytes
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        put_varint(&mut self.bytes, mem::take(&mut self.same));
        out.append(&mut self.bytes);
    }
}

/// The table of strings.
#[derive(Default)]
struct Strings(BTreeMap<Arc<str>, u64>);

impl Strings {
    /// Puts a string's number and `more`; a new one follows.
    fn put(&mut self, out: &mut Vec<u8>, string: &Arc<str>, more: u64) {
        if let Some(number) = self.0.get(string) {
            return put_varint(out, number + more);
        }
        let number = self.0.len() as u64;
        put_varint(out, number + more);
        put_bytes(out, string.as_bytes());
        self.0.insert(string.clone(), number);
    }

    fn put_optional(&mut self, out: &mut Vec<u8>, string: Option<&Arc<str>>) {
        match string {
            None => put_varint(out, 0),
            Some(string) => self.put(out, string, 1),
        }
    }
}

/// The values of state, by kind and entity.
#[derive(Default)]
struct Cells {
    numbers: BTreeMap<(Arc<str>, Arc<str>), usize>,
    values: Vec<Option<Arc<str>>>,
}

/// Writes frames into columns; see the module.
pub(super) struct Encoder {
    detail: Detail,
    frames: u64,
    weight: usize,
    // The columns.
    lengths: Runs,
    inputs: Runs,
    arrivals: Runs,
    end: Option<(u32, u32)>,
    lanes: Runs,
    traces: Vec<u8>,
    worlds: Vec<u8>,
    words: Vec<u8>,
    lines: Vec<u8>,
    // What is carried from frame to frame.
    carried: Carried,
}

#[derive(Default)]
struct Carried {
    step_nanos: u64,
    input: Vec<u8>,
    shape: Vec<Option<u8>>,
    world: u32,
    /// Of arrivals. The columns are read one after another, and so tables belong to one column.
    names: Strings,
    /// Of lines.
    strings: Strings,
    known: BTreeMap<Key, Known>,
    causes: [Option<Cause>; 16],
    cells: Cells,
}

impl Encoder {
    pub(super) fn new(detail: Detail) -> Self {
        Encoder {
            detail,
            frames: 0,
            weight: 0,
            lengths: Runs::default(),
            inputs: Runs::default(),
            arrivals: Runs::default(),
            end: None,
            lanes: Runs::default(),
            traces: Vec::new(),
            worlds: Vec::new(),
            words: Vec::new(),
            lines: Vec::new(),
            carried: Carried::default(),
        }
    }

    /// Forgets what is carried.
    pub(super) fn reset(&mut self) {
        self.carried = Carried::default();
    }

    /// Frames in the block so far.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// What the block so far holds, in bytes of memory.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// The hashes at the end of the last frame, for a sparse recording.
    pub(super) fn set_end(&mut self, end: &StepTrail) {
        self.end = Some((end.trace, end.world));
    }

    pub(super) fn push(&mut self, frame: &RecordedFrame) {
        self.frames += 1;
        self.weight += weight(frame, self.detail == Detail::Full);
        let carried = &mut self.carried;
        if frame.step_nanos == carried.step_nanos {
            self.lengths.same();
        } else {
            let before = mem::replace(&mut carried.step_nanos, frame.step_nanos);
            put_signed(self.lengths.change(), frame.step_nanos.wrapping_sub(before));
        }
        if frame.input == carried.input {
            self.inputs.same();
        } else {
            put_change(self.inputs.change(), &carried.input, &frame.input, 0);
            carried.input.clone_from(&frame.input);
        }
        if frame.arrivals.is_empty() {
            self.arrivals.same();
        } else {
            let out = self.arrivals.change();
            put_varint(out, frame.arrivals.len() as u64);
            for (step, arrival) in &frame.arrivals {
                put_varint(out, (*step).into());
                put_arrival(out, &mut carried.names, arrival);
            }
        }
        if self.detail == Detail::Sparse {
            self.end = frame.trail.last().map(|end| (end.trace, end.world));
            return;
        }
        if frame.trail.iter().map(|step| step.lane).eq(carried.shape.iter().copied()) {
            self.lanes.same();
        } else {
            carried.shape = frame.trail.iter().map(|step| step.lane).collect();
            let out = self.lanes.change();
            put_varint(out, carried.shape.len() as u64);
            carried.shape.iter().for_each(|lane| put_varint(out, lane.map_or(0, |lane| u64::from(lane) + 1)));
        }
        for step in &frame.trail {
            self.traces.extend(step.trace.to_le_bytes());
            self.worlds.extend((step.world ^ mem::replace(&mut self.carried.world, step.world)).to_le_bytes());
            if self.detail == Detail::Full {
                self.put_lines(step);
            }
        }
    }

    fn put_lines(&mut self, step: &StepTrail) {
        let (out, words, carried) = (&mut self.lines, &mut self.words, &mut self.carried);
        put_varint(out, step.lines.len() as u64);
        let mut number = 0;
        for line in &step.lines {
            carried.put_line(out, words, line, number);
            number = line.who.number;
        }
        put_varint(out, step.state.len() as u64);
        for line in &step.state {
            carried.put_state(out, line);
            words.extend(line.hash.to_le_bytes());
        }
    }

    /// The body of the block, which is over; puts it in the place of what is in `out`.
    pub(super) fn end_block(&mut self, out: &mut Vec<u8>) {
        out.clear();
        let end = self.end.take();
        put_varint(out, mem::take(&mut self.frames) << 1 | u64::from(end.is_some()));
        self.weight = 0;
        self.lengths.end(out);
        self.inputs.end(out);
        self.arrivals.end(out);
        if let Some((trace, world)) = end {
            out.extend(trace.to_le_bytes());
            out.extend(world.to_le_bytes());
        }
        if self.detail == Detail::Sparse {
            return;
        }
        self.lanes.end(out);
        out.append(&mut self.traces);
        out.append(&mut self.worlds);
        if self.detail == Detail::Full {
            put_varint(out, self.words.len() as u64 / 8);
            out.append(&mut self.words);
            out.append(&mut self.lines);
        }
    }
}

impl Carried {
    fn put_line(&mut self, out: &mut Vec<u8>, words: &mut Vec<u8>, line: &Line, before: u64) {
        let kind = line.kind as u8;
        let known = self.known.entry((kind_of_step(kind), line.who.number)).or_default();
        let cause = &mut self.causes[usize::from(kind)];
        // Who a script is stands but once, and so its number isn't compared.
        let same_who = known.who.name == line.who.name
            && known.who.owner == line.who.owner
            && known.who.spawned_at == line.who.spawned_at;
        let expected_at = if is_poll(kind) { known.at.as_ref() } else { None };
        let same_at = expected_at == line.at.as_ref();
        let same_cause = cause.as_ref().unwrap_or(&Cause::Game) == &line.cause;
        let mut head = kind;
        head |= if same_cause { 0 } else { bit::CAUSE };
        head |= if same_who { 0 } else { bit::WHO };
        head |= if same_at { 0 } else { bit::AT };
        head |= if line.value == 0 { 0 } else { bit::VALUE };
        out.push(head);
        put_signed(out, line.who.number.wrapping_sub(before));
        if !same_cause {
            put_cause(out, &line.cause);
            *cause = Some(line.cause);
        }
        if !same_who {
            self.strings.put(out, &line.who.name, 0);
            self.strings.put(out, &line.who.owner, 0);
            self.strings.put_optional(out, line.who.spawned_at.as_ref());
            known.who = line.who.clone();
        }
        if !same_at {
            self.strings.put_optional(out, line.at.as_ref());
        }
        if is_poll(kind) && !same_at {
            known.at.clone_from(&line.at);
        }
        if line.value != 0 {
            words.extend(line.value.to_le_bytes());
        }
    }

    fn put_state(&mut self, out: &mut Vec<u8>, line: &StateLine) {
        let cells = &mut self.cells;
        let key = (line.kind.clone(), line.entity.clone());
        let cell = *cells.numbers.entry(key).or_insert(cells.values.len());
        put_varint(out, cell as u64);
        if cell == cells.values.len() {
            self.strings.put(out, &line.kind, 0);
            self.strings.put(out, &line.entity, 0);
            cells.values.push(None);
        }
        let before = mem::replace(&mut cells.values[cell], line.value.clone());
        match &line.value {
            None => put_varint(out, 0),
            Some(value) => put_change(out, before.as_deref().unwrap_or_default().as_bytes(), value.as_bytes(), 1),
        }
    }
}

fn put_cause(out: &mut Vec<u8>, cause: &Cause) {
    match cause {
        Cause::Game => put_varint(out, 0),
        Cause::Timer => put_varint(out, 1),
        Cause::Release => put_varint(out, 2),
        Cause::Check => put_varint(out, 3),
        Cause::Outside => put_varint(out, 4),
        Cause::Script(number) => {
            put_varint(out, 5);
            put_varint(out, *number);
        }
    }
}

fn put_arrival(out: &mut Vec<u8>, strings: &mut Strings, arrival: &Arrival) {
    match arrival {
        Arrival::Wake(script) => {
            put_varint(out, 0);
            put_varint(out, *script);
        }
        Arrival::Value(name, number, bytes) => {
            put_varint(out, 1);
            strings.put(out, name, 0);
            put_varint(out, (*number).into());
            put_bytes(out, bytes);
        }
        Arrival::LastSent(name, number) => {
            put_varint(out, 2);
            strings.put(out, name, 0);
            put_varint(out, (*number).into());
        }
        Arrival::Unkept(place) => {
            put_varint(out, 3);
            strings.put(out, place, 0);
        }
        Arrival::Asset(path) => {
            put_varint(out, 4);
            strings.put(out, path, 0);
        }
    }
}
