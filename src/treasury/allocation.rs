use crate::units::{Lpt, SimTime};

/// LPT that another project draws on the same credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// The project, by its index in the scenario.
    pub project: usize,
    /// When.
    pub at: SimTime,
    /// How much it asks for.
    pub lpt: Lpt,
}

/// LPT that leaves the allocation other than by conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outflow {
    /// To another project.
    Drawn {
        /// The project.
        project: usize,
        /// What it got, which is less than it asked for where less was left.
        lpt: Lpt,
    },
    /// Back to the treasury, at the deadline.
    Returned(Lpt),
}

/// The LPT in the Safe.
#[derive(Clone, Debug)]
pub struct Allocation {
    on_hand: Lpt,
    /// The drawings to come, the next one last.
    drawings: Vec<Drawing>,
    deadline: SimTime,
}

impl Allocation {
    /// An allocation that others draw on, in order of time and then of the
    /// list. What they will draw is not for sale before. What is left at `deadline`,
    /// after drawings of the same moment, goes back; later ones get nothing.
    pub fn new(lpt: Lpt, mut drawings: Vec<Drawing>, deadline: Option<SimTime>) -> Allocation {
        let deadline = deadline.unwrap_or(SimTime::NEVER);
        drawings.retain(|drawing| drawing.at <= deadline);
        drawings.reverse();
        drawings.sort_by_key(|drawing| std::cmp::Reverse(drawing.at));
        Allocation { on_hand: lpt, drawings, deadline }
    }

    /// LPT in the Safe that no drawing to come asks for.
    pub fn for_sale(&self) -> Lpt {
        let set_aside: Lpt = self.drawings.iter().map(|drawing| drawing.lpt).sum();
        self.on_hand.checked_sub(set_aside).unwrap_or(Lpt::ZERO)
    }

    /// When what is left goes back; [`SimTime::NEVER`] where it stays, or once it has.
    pub fn deadline(&self) -> SimTime {
        self.deadline
    }

    /// When [`Allocation::next_outflow`] next has something to tell.
    pub fn next_time(&self) -> SimTime {
        self.drawings.last().map_or(self.deadline, |drawing| drawing.at)
    }

    /// The next outflow due at `now`; to be asked until it is `None`.
    pub fn next_outflow(&mut self, now: SimTime) -> Option<Outflow> {
        if let Some(&Drawing { project, at, lpt }) = self.drawings.last() {
            if now < at {
                return None;
            }
            self.drawings.pop();
            return Some(Outflow::Drawn { project, lpt: self.withdraw(lpt) });
        }
        if now < self.deadline || self.deadline == SimTime::NEVER {
            return None;
        }
        self.deadline = SimTime::NEVER;
        Some(Outflow::Returned(self.withdraw(self.on_hand)))
    }

    /// Takes `lpt` out, or as much of it as there is.
    pub fn withdraw(&mut self, lpt: Lpt) -> Lpt {
        let taken = lpt.min(self.on_hand);
        self.on_hand = Lpt(self.on_hand.0 - taken.0);
        taken
    }
}
