//! The body of a block to frames.
//!
//! The rule: any bytes give frames or an error, in time and memory that are bounded by the block's limit. It is the mirror
//! of `encode.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::executor::{Arrival, Cause, ChangeKind};
use crate::replay::line::{Line, Site, StateLine, StepTrail, Who};

use super::bytes::{Bad, Budget, Bytes};
use super::encode::{Key, Known, bit, is_poll, kind_of_step};
use super::limits::{ARRIVAL_PRICE, BLOCK_BYTES, BLOCK_FRAMES, FRAME_PRICE, LINE_PRICE, STATE_PRICE, STEP_PRICE};
use super::{Detail, RecordedFrame};

/// Reads a run column: calls `each` for every frame, with the bytes where something changes.
fn runs<'a>(
    bytes: &mut Bytes<'a>,
    frames: &mut [RecordedFrame],
    mut each: impl FnMut(&mut RecordedFrame, Option<&mut Bytes<'a>>) -> Result<(), Bad>,
) -> Result<(), Bad> {
    let mut frames = frames.iter_mut();
    loop {
        let same = bytes.varint()?;
        if same > frames.len() as u64 {
            return Err("a run is longer than the block");
        }
        frames.by_ref().take(same as usize).try_for_each(|frame| each(frame, None))?;
        let Some(frame) = frames.next() else { return Ok(()) };
        each(frame, Some(bytes))?;
    }
}

/// The table of strings.
#[derive(Default)]
struct Strings(Vec<Arc<str>>);

impl Strings {
    fn numbered(&mut self, bytes: &mut Bytes<'_>, number: u64) -> Result<Arc<str>, Bad> {
        if number == self.0.len() as u64 {
            self.0.push(text(bytes.bytes()?)?.into());
        }
        let number = usize::try_from(number).ok();
        number.and_then(|number| self.0.get(number)).cloned().ok_or("a string that isn't there")
    }

    fn take(&mut self, bytes: &mut Bytes<'_>) -> Result<Arc<str>, Bad> {
        let number = bytes.varint()?;
        self.numbered(bytes, number)
    }

    fn take_optional(&mut self, bytes: &mut Bytes<'_>) -> Result<Option<Arc<str>>, Bad> {
        match bytes.varint()?.checked_sub(1) {
            None => Ok(None),
            Some(number) => self.numbered(bytes, number).map(Some),
        }
    }
}

fn text(bytes: &[u8]) -> Result<&str, Bad> {
    str::from_utf8(bytes).map_err(|_| "a string isn't UTF-8")
}

/// The state of one component or resource.
struct Cell {
    kind: Arc<str>,
    entity: Arc<str>,
    value: Option<Arc<str>>,
}

/// Reads frames from columns; see the module.
pub(super) struct Decoder {
    detail: Detail,
    carried: Carried,
}

#[derive(Default)]
struct Carried {
    step_nanos: u64,
    input: Vec<u8>,
    shape: Vec<Option<u8>>,
    world: u32,
    /// Of arrivals.
    names: Strings,
    /// Of lines.
    strings: Strings,
    known: BTreeMap<Key, Known>,
    causes: [Option<Cause>; 16],
    cells: Vec<Cell>,
}

impl Decoder {
    pub(super) fn new(detail: Detail) -> Self {
        Decoder { detail, carried: Carried::default() }
    }

    /// Forgets what is carried.
    pub(super) fn reset(&mut self) {
        self.carried = Carried::default();
    }

    /// The frames of a block.
    pub(super) fn block(&mut self, body: &[u8]) -> Result<Vec<RecordedFrame>, Bad> {
        let bytes = &mut Bytes(body);
        let budget = &mut Budget(BLOCK_BYTES);
        let head = bytes.varint()?;
        let (count, has_end) = (head >> 1, head & 1 == 1);
        if count == 0 || count > BLOCK_FRAMES {
            return Err("a number of frames that no block has");
        }
        let mut frames = vec![RecordedFrame::default(); count as usize];
        self.carried.inputs(bytes, &mut frames, budget)?;
        self.carried.arrivals(bytes, &mut frames, budget)?;
        match self.detail {
            Detail::Sparse if has_end => {
                let trace = u32::from_le_bytes(bytes.array()?);
                let world = u32::from_le_bytes(bytes.array()?);
                let last = frames.last_mut().expect("there is at least one");
                last.trail.push(StepTrail { trace, world, ..StepTrail::default() });
            }
            Detail::Sparse => {}
            Detail::Steps => self.carried.steps(bytes, &mut frames, budget)?,
            Detail::Full => {
                self.carried.steps(bytes, &mut frames, budget)?;
                let words = bytes.varint()?.checked_mul(8).and_then(|length| usize::try_from(length).ok());
                let words = &mut Bytes(bytes.take(words.ok_or("a length is longer than what is there")?)?);
                for step in frames.iter_mut().flat_map(|frame| &mut frame.trail) {
                    self.carried.lines(bytes, words, step, budget)?;
                }
                if words.left() > 0 {
                    return Err("words are left over");
                }
            }
        }
        if bytes.left() > 0 {
            return Err("bytes are left over");
        }
        Ok(frames)
    }
}

impl Carried {
    /// The lengths of the frames, and their inputs.
    fn inputs(&mut self, bytes: &mut Bytes<'_>, frames: &mut [RecordedFrame], budget: &mut Budget) -> Result<(), Bad> {
        runs(bytes, frames, |frame, change| {
            if let Some(bytes) = change {
                self.step_nanos = self.step_nanos.wrapping_add(bytes.signed()?);
            }
            frame.step_nanos = self.step_nanos;
            Ok(())
        })?;
        runs(bytes, frames, |frame, change| {
            if let Some(bytes) = change {
                let head = bytes.varint()?;
                // It takes what the new input holds off the budget.
                self.input = bytes.change(&self.input, head, budget)?;
                budget.spend(FRAME_PRICE)?;
            } else {
                budget.spend(FRAME_PRICE + self.input.len())?;
            }
            frame.input.clone_from(&self.input);
            Ok(())
        })
    }

    fn arrivals(
        &mut self,
        bytes: &mut Bytes<'_>,
        frames: &mut [RecordedFrame],
        budget: &mut Budget,
    ) -> Result<(), Bad> {
        runs(bytes, frames, |frame, change| {
            let Some(bytes) = change else { return Ok(()) };
            for _ in 0..bytes.count()? {
                budget.spend(ARRIVAL_PRICE)?;
                let step = short(bytes)?;
                frame.arrivals.push((step, self.arrival(bytes, budget)?));
            }
            Ok(())
        })
    }

    fn arrival(&mut self, bytes: &mut Bytes<'_>, budget: &mut Budget) -> Result<Arrival, Bad> {
        Ok(match bytes.varint()? {
            0 => Arrival::Wake(bytes.varint()?),
            1 => {
                let (name, number, value) = (self.names.take(bytes)?, short(bytes)?, bytes.bytes()?);
                budget.spend(value.len())?;
                Arrival::Value(name, number, value.to_vec())
            }
            2 => Arrival::LastSent(self.names.take(bytes)?, short(bytes)?),
            3 => Arrival::Unkept(self.names.take(bytes)?),
            4 => Arrival::Asset(self.names.take(bytes)?),
            _ => return Err("an arrival of no known kind"),
        })
    }

    /// The steps, and their hashes.
    fn steps(&mut self, bytes: &mut Bytes<'_>, frames: &mut [RecordedFrame], budget: &mut Budget) -> Result<(), Bad> {
        runs(bytes, frames, |frame, change| {
            if let Some(bytes) = change {
                self.shape.clear();
                for _ in 0..bytes.count()? {
                    self.shape.push(match bytes.varint()?.checked_sub(1) {
                        None => None,
                        Some(lane) => Some(u8::try_from(lane).map_err(|_| "a lane that can't be")?),
                    });
                }
            }
            budget.spend(self.shape.len() * STEP_PRICE)?;
            frame.trail.extend(self.shape.iter().map(|&lane| StepTrail { lane, ..StepTrail::default() }));
            Ok(())
        })?;
        for step in frames.iter_mut().flat_map(|frame| &mut frame.trail) {
            step.trace = u32::from_le_bytes(bytes.array()?);
        }
        for step in frames.iter_mut().flat_map(|frame| &mut frame.trail) {
            self.world ^= u32::from_le_bytes(bytes.array()?);
            step.world = self.world;
        }
        Ok(())
    }

    fn lines(
        &mut self,
        bytes: &mut Bytes<'_>,
        words: &mut Bytes<'_>,
        step: &mut StepTrail,
        budget: &mut Budget,
    ) -> Result<(), Bad> {
        let mut number = 0;
        for _ in 0..bytes.count()? {
            budget.spend(LINE_PRICE)?;
            let line = self.line(bytes, words, number)?;
            number = line.who.number;
            step.lines.push(line);
        }
        for _ in 0..bytes.count()? {
            budget.spend(STATE_PRICE)?;
            step.state.push(self.state(bytes, words, budget)?);
        }
        Ok(())
    }

    fn line(&mut self, bytes: &mut Bytes<'_>, words: &mut Bytes<'_>, before: u64) -> Result<Line, Bad> {
        let head = bytes.byte()?;
        let code = head & 0xF;
        let kind = kind(code)?;
        let number = before.wrapping_add(bytes.signed()?);
        let known = self.known.entry((kind_of_step(code), number)).or_default();
        let cause = &mut self.causes[usize::from(code)];
        if head & bit::CAUSE != 0 {
            *cause = Some(cause_of(bytes)?);
        }
        let cause = cause.unwrap_or(Cause::Game);
        if head & bit::WHO != 0 {
            let (name, owner) = (self.strings.take(bytes)?, self.strings.take(bytes)?);
            known.who = Who { number, name, owner, spawned_at: self.strings.take_optional(bytes)? };
        }
        let who = Who { number, ..known.who.clone() };
        let mut at: Option<Site> = if is_poll(code) { known.at.clone() } else { None };
        if head & bit::AT != 0 {
            at = self.strings.take_optional(bytes)?;
            if is_poll(code) {
                known.at.clone_from(&at);
            }
        }
        let value = if head & bit::VALUE == 0 { 0 } else { u64::from_le_bytes(words.array()?) };
        Ok(Line { kind, who, cause, at, value })
    }

    fn state(&mut self, bytes: &mut Bytes<'_>, words: &mut Bytes<'_>, budget: &mut Budget) -> Result<StateLine, Bad> {
        let number = bytes.varint()?;
        if number == self.cells.len() as u64 {
            let (kind, entity) = (self.strings.take(bytes)?, self.strings.take(bytes)?);
            self.cells.push(Cell { kind, entity, value: None });
        }
        let cell = usize::try_from(number).ok().and_then(|number| self.cells.get_mut(number));
        let cell = cell.ok_or("a state that isn't there")?;
        cell.value = match bytes.varint()?.checked_sub(1) {
            None => None,
            Some(head) => {
                let old = cell.value.as_deref().unwrap_or_default().as_bytes();
                Some(text(&bytes.change(old, head, budget)?)?.into())
            }
        };
        let hash = u64::from_le_bytes(words.array()?);
        Ok(StateLine { kind: cell.kind.clone(), entity: cell.entity.clone(), value: cell.value.clone(), hash })
    }
}

fn short(bytes: &mut Bytes<'_>) -> Result<u32, Bad> {
    u32::try_from(bytes.varint()?).map_err(|_| "a number is too large")
}

fn cause_of(bytes: &mut Bytes<'_>) -> Result<Cause, Bad> {
    Ok(match bytes.varint()? {
        0 => Cause::Game,
        1 => Cause::Timer,
        2 => Cause::Release,
        3 => Cause::Check,
        4 => Cause::Outside,
        5 => Cause::Script(bytes.varint()?),
        _ => return Err("a cause of no known kind"),
    })
}

fn kind(code: u8) -> Result<ChangeKind, Bad> {
    use ChangeKind::*;
    let kinds = [Step, Spawned, Woken, Polled, Completed, Cancelled, Panicked, PutOff, Held, LetGo, Drew, Named];
    kinds.into_iter().find(|kind| *kind as u8 == code).ok_or("a change of no known kind")
}

#[cfg(test)]
mod tests {
    use super::super::encode::Encoder;
    use super::super::limits::{FRAME_BYTES, weight};
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "it is large")]
    fn what_a_writer_takes_a_reader_takes_up_to_the_last_byte() {
        let frame = |length| RecordedFrame { input: vec![7; length], ..RecordedFrame::default() };
        // The last but one leaves the block open by a hair.
        let frames = [frame(1), frame(15 << 20), frame(FRAME_BYTES - FRAME_PRICE)];
        assert_eq!(weight(&frames[2], true), FRAME_BYTES);
        let mut encoder = Encoder::new(Detail::Sparse);
        frames.iter().for_each(|frame| encoder.push(frame));
        let mut body = Vec::new();
        encoder.end_block(&mut body);
        assert!(Decoder::new(Detail::Sparse).block(&body).is_ok_and(|read| read == frames));
    }
}
