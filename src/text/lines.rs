/// Whether what begins so has lines that end by `\r` alone, as on old Macs.
pub(crate) fn ends_by_returns(begin: &[u8]) -> bool {
    // The last may be half of a `\r\n`.
    let inner = begin.split_last().map_or(begin, |(_, inner)| inner);
    inner.contains(&b'\r') && !begin.contains(&b'\n')
}

/// A text with `\n` at the ends of its lines, where they have `\r` alone.
pub(crate) fn with_line_feeds(text: String) -> String {
    if ends_by_returns(text.as_bytes()) { text.replace('\r', "\n") } else { text }
}
