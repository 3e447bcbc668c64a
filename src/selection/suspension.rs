/// Which orchestrators a selector leaves out, and for how many refreshes
/// (go-livepeer `server/suspensions.go`, `server/ai_session.go`).
#[derive(Clone, Debug)]
pub struct Suspender {
    /// For each candidate, the last refresh at which it is left out; 0 where
    /// it is not on the list.
    until: Vec<u32>,
    refreshes: u32,
    listed: usize,
}

impl Suspender {
    /// Nobody of `candidates` is suspended.
    pub fn new(candidates: usize) -> Suspender {
        Suspender { until: vec![0; candidates], refreshes: 0, listed: 0 }
    }

    /// Leaves a candidate out for the next `penalty` refreshes.
    pub fn suspend(&mut self, candidate: u32, penalty: u32) {
        let until = &mut self.until[candidate as usize];
        self.listed -= usize::from(*until != 0);
        *until = self.refreshes + penalty;
        self.listed += usize::from(*until != 0);
    }

    /// Whether a candidate is left out now; takes it off the list where its
    /// time is over.
    pub fn is_suspended(&mut self, candidate: u32) -> bool {
        let until = &mut self.until[candidate as usize];
        if *until != 0 && *until < self.refreshes {
            *until = 0;
            self.listed -= 1;
        }
        *until != 0
    }

    /// Counts `count` refreshes.
    pub fn signal_refreshes(&mut self, count: u32) {
        self.refreshes += count;
    }

    /// Candidates on the list, whose time may be over without having been
    /// looked at since.
    pub fn listed(&self) -> usize {
        self.listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suspensions_end_after_their_refreshes() {
        // server/suspensions_test.go TestSuspender: suspended up to count 10,
        // free at 11.
        let mut suspender = Suspender::new(1);
        assert!(!suspender.is_suspended(0));
        suspender.suspend(0, 10);
        assert!(suspender.is_suspended(0));
        suspender.signal_refreshes(10);
        assert!(suspender.is_suspended(0));
        suspender.signal_refreshes(1);
        assert!(!suspender.is_suspended(0));
    }

    #[test]
    fn a_penalty_of_three_skips_three_refreshes() {
        let mut suspender = Suspender::new(2);
        suspender.signal_refreshes(1);
        suspender.suspend(1, 3);
        assert_eq!(suspender.listed(), 1);
        let skipped: Vec<bool> = (0..4)
            .map(|_| {
                suspender.signal_refreshes(1);
                suspender.is_suspended(1)
            })
            .collect();
        assert_eq!(skipped, [true, true, true, false]);
        assert_eq!(suspender.listed(), 0);
    }
}
