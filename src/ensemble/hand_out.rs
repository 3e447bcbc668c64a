use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Calls `work` with 0, 1, 2, ... below `count` on the threads of the calling
/// rayon pool. Numbers are handed out one by one, in order, to whichever thread
/// is free, so that no thread idles while another has several left. After the
/// first break no further number is handed out.
pub(crate) fn hand_out(count: usize, work: &(dyn Fn(usize) -> ControlFlow<()> + Sync)) {
    let next = AtomicUsize::new(0);
    let is_over = AtomicBool::new(false);
    let take_turns = || {
        while !is_over.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                break;
            }
            if work(number).is_break() {
                is_over.store(true, Ordering::Relaxed);
            }
        }
    };
    rayon::scope(|scope| {
        for _ in 1..rayon::current_num_threads().min(count) {
            scope.spawn(|_| take_turns());
        }
        take_turns();
    });
}
