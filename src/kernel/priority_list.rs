use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Most entries kept in a sorted list before all of it goes to the heap.
const MOST_NEAR: usize = 32;

/// Gives out its entries in ascending order.
///
/// A binary heap, with a short sorted list in front of it for entries that come
/// before everything in the heap. Where what is put in often is among the next
/// to be taken out, the heap is hardly touched.
#[derive(Debug)]
pub struct PriorityList<T> {
    /// All before the heap's first, the next one last.
    near: Vec<T>,
    heap: BinaryHeap<Reverse<T>>,
}

impl<T: Ord> Default for PriorityList<T> {
    fn default() -> PriorityList<T> {
        PriorityList { near: Vec::with_capacity(MOST_NEAR), heap: BinaryHeap::new() }
    }
}

/// Puts an entry into a short sorted list whose next one stands last.
#[inline(always)]
pub(super) fn insert_from_end<T: Copy>(
    list: &mut Vec<T>,
    entry: T,
    is_sooner: impl Fn(&T) -> bool,
) {
    let mut place = list.len();
    list.push(entry);
    while place > 0 && is_sooner(&list[place - 1]) {
        list[place] = list[place - 1];
        place -= 1;
    }
    list[place] = entry;
}

impl<T: Ord + Copy> PriorityList<T> {
    /// Puts an entry in.
    #[inline(always)]
    pub fn push(&mut self, entry: T) {
        if self.near.len() == MOST_NEAR {
            self.heap.extend(self.near.drain(..).map(Reverse));
        }
        if self.heap.peek().is_some_and(|Reverse(first)| *first < entry) {
            self.heap.push(Reverse(entry));
            return;
        }
        insert_from_end(&mut self.near, entry, |other| *other < entry);
    }

    /// The first entry.
    pub fn peek(&self) -> Option<&T> {
        match self.near.last() {
            None => self.heap.peek().map(|Reverse(first)| first),
            near => near,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.near.is_empty() && self.heap.is_empty()
    }

    /// Takes the first entry out.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<T> {
        match self.near.pop() {
            None => self.heap.pop().map(|Reverse(first)| first),
            near => near,
        }
    }

    /// Drops every entry that is not to be kept.
    pub fn retain(&mut self, is_kept: impl Fn(&T) -> bool) {
        self.near.retain(&is_kept);
        self.heap.retain(|Reverse(entry)| is_kept(entry));
    }

    /// All entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.near.iter().chain(self.heap.iter().map(|Reverse(entry)| entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is put in and taken out between, also entries before those
        /// already taken out.
        #[test]
        fn entries_come_out_in_ascending_order(
            steps in prop::collection::vec((0u64..1000, 0usize..3), 0..300)
        ) {
            let mut list = PriorityList::default();
            let mut inside: Vec<(u64, usize)> = Vec::new();
            for (index, (value, taken)) in steps.into_iter().enumerate() {
                list.push((value, index));
                inside.push((value, index));
                for _ in 0..taken {
                    let first = inside.iter().copied().min();
                    inside.retain(|entry| Some(*entry) != first);
                    prop_assert_eq!(list.peek().copied(), first);
                    prop_assert_eq!(list.pop(), first);
                }
                prop_assert_eq!(list.iter().count(), inside.len());
            }
            list.retain(|&(value, _)| value % 3 == 0);
            inside.retain(|&(value, _)| value % 3 == 0);
            inside.sort_unstable();
            let rest: Vec<(u64, usize)> = std::iter::from_fn(|| list.pop()).collect();
            prop_assert_eq!(rest, inside);
        }
    }
}
