/// Brings values into an order that is as likely as any other (Fisher and Yates);
/// `below` draws an index below a count.
pub fn shuffle<T>(values: &mut [T], mut below: impl FnMut(usize) -> usize) {
    for last in (1..values.len()).rev() {
        values.swap(last, below(last + 1));
    }
}
