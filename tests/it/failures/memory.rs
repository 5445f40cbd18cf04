//! Futures and outputs of any alignment and size.
//!
//! Rule: as in `failures`.

use super::*;

/// A future of a given alignment, which checks where it stands.
macro_rules! aligned {
    ($($name:ident $align:literal)*) => {$(
        #[repr(align($align))]
        struct $name(u8);
        impl Future for $name {
            type Output = $name;
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<$name> {
                assert_eq!((&raw const *self).addr() % $align, 0);
                let this = self.get_mut();
                this.0 -= 1;
                cx.waker().wake_by_ref();
                if this.0 == 0 { Poll::Ready($name(7)) } else { Poll::Pending }
            }
        }
        impl Drop for $name {
            fn drop(&mut self) {
                assert_eq!((&raw const *self).addr() % $align, 0);
            }
        }
    )*};
}
aligned! { A8 8 A16 16 A32 32 A64 64 A128 128 A512 512 A4096 4096 }

#[test]
fn f6_futures_and_outputs_of_any_alignment_and_size() {
    macro_rules! check {
        ($($name:ident)*) => {
            let mut executor = Executor::new();
            for _ in 0..2 {
                $(
                    let handles: Vec<_> = (1..4).map(|polls| executor.spawn($name(polls))).collect();
                    let detached = executor.spawn($name(2));
                    let cancelled = executor.spawn($name(9));
                    drop(detached);
                    executor.spawn(async move { cancelled.cancel() });
                    executor.poll_once();
                    for handle in &handles {
                        let out = output(handle);
                        assert_eq!((&raw const out).addr() % align_of::<$name>(), 0);
                        assert_eq!(out.0, 7);
                    }
                    assert_eq!(executor.live(), 0);
                )*
            }
        };
    }
    check! { A8 A16 A32 A64 A128 A512 A4096 }
}

#[test]
fn f6_futures_of_any_size() {
    fn run<const N: usize>(executor: &mut Executor) {
        let handle = executor.spawn(async {
            let bytes = [N as u8; N];
            yield_now().await;
            bytes
        });
        let array = executor.spawn(async { [N as u8; N] });
        executor.poll_once();
        assert_eq!(output(&handle), [N as u8; N]);
        assert_eq!(output(&array), [N as u8; N]);
    }
    let mut executor = Executor::builder().slots(64, 2).slots(1_000, 2).build();
    for _ in 0..2 {
        run::<0>(&mut executor);
        run::<1>(&mut executor);
        run::<63>(&mut executor);
        run::<64>(&mut executor);
        run::<65>(&mut executor);
        run::<999>(&mut executor);
        run::<5_000>(&mut executor);
        run::<70_000>(&mut executor);
    }
}
