//! What is made of a message or an event.
//!
//! The rule: it is only lent, so what is wanted of it is taken at once: a clone, whatever a closure makes
//! of it, or the mere fact that it happened. Events happen on any thread, so these closures are `Send`.

/// Takes what is wanted of a message or an event.
#[diagnostic::on_unimplemented(
    message = "`{X}` can't be heard as a whole",
    label = "it isn't `Clone`: say what is wanted of it, with `.map(|heard| ..)`",
    note = "a message or an event is only lent to those who hear it"
)]
pub trait Pick<X>: Send + 'static {
    /// What is taken.
    type Output: Send + 'static;

    /// `None` for what isn't wanted at all.
    fn pick(&mut self, heard: &X) -> Option<Self::Output>;
}

/// Takes a clone of it.
#[derive(Copy, Clone, Debug, Default)]
pub struct Whole;

impl<X: Clone + Send + 'static> Pick<X> for Whole {
    type Output = X;

    #[inline]
    fn pick(&mut self, heard: &X) -> Option<X> {
        Some(heard.clone())
    }
}

/// Takes nothing of it: it has happened.
#[derive(Copy, Clone, Debug, Default)]
pub struct Happened;

impl<X> Pick<X> for Happened {
    type Output = ();

    #[inline]
    fn pick(&mut self, _: &X) -> Option<()> {
        Some(())
    }
}

/// Takes what a closure makes of it.
#[derive(Copy, Clone, Debug)]
pub struct Map<F>(pub(super) F);

impl<X, T, F> Pick<X> for Map<F>
where
    F: FnMut(&X) -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    #[inline]
    fn pick(&mut self, heard: &X) -> Option<T> {
        Some((self.0)(heard))
    }
}

/// Takes what a closure makes of it, if anything.
#[derive(Copy, Clone, Debug)]
pub struct FilterMap<F>(pub(super) F);

impl<X, T, F> Pick<X> for FilterMap<F>
where
    F: FnMut(&X) -> Option<T> + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    #[inline]
    fn pick(&mut self, heard: &X) -> Option<T> {
        (self.0)(heard)
    }
}

/// Passes over what a closure doesn't want.
#[derive(Copy, Clone, Debug)]
pub struct Filter<F, P> {
    pub(super) wanted: F,
    pub(super) pick: P,
}

impl<X, F, P> Pick<X> for Filter<F, P>
where
    F: FnMut(&X) -> bool + Send + 'static,
    P: Pick<X>,
{
    type Output = P::Output;

    #[inline]
    fn pick(&mut self, heard: &X) -> Option<P::Output> {
        if (self.wanted)(heard) { self.pick.pick(heard) } else { None }
    }
}

/// Takes the whole, so that a closure can say what is to be made of it instead.
pub trait MapWhole {
    /// This, with `P` in place of the whole.
    type With<P>;

    /// Puts `pick` in place of the whole.
    fn with<P>(self, pick: P) -> Self::With<P>;
}

impl MapWhole for Whole {
    type With<P> = P;

    fn with<P>(self, pick: P) -> P {
        pick
    }
}

impl<F, Q: MapWhole> MapWhole for Filter<F, Q> {
    type With<P> = Filter<F, Q::With<P>>;

    fn with<P>(self, pick: P) -> Self::With<P> {
        Filter { wanted: self.wanted, pick: self.pick.with(pick) }
    }
}
