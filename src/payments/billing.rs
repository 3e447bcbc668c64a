use crate::network::Pipeline;

/// Units an orchestrator debits for each character of text-to-speech
/// (go-livepeer `server/ai_http.go`).
const TEXT_TO_SPEECH_DEBIT: u64 = 1000;

/// Units a gateway pays for a request and those of them that were used, for a
/// request of `size` of which `used_size` was worked on (both in
/// [`Pipeline::size_unit`]): tokens generated of the `max_tokens` paid, frames
/// returned of the 25 paid, live pixels sent of the size billed. What is used
/// beyond what is billed, such as the last fraction of a second of audio, is not
/// paid and does not count. A second of live video is billed as so many pixels.
pub fn billed_and_used(
    pipeline: Pipeline,
    size: f64,
    used_size: f64,
    live_pixels_per_second: u64,
) -> (u64, u64) {
    let billed = pipeline.units_at(size, live_pixels_per_second);
    let used = match pipeline {
        Pipeline::AudioToText => (used_size * 1000.0 + 0.5) as u64,
        Pipeline::ImageToVideo => {
            let frames_of_one_pixel = pipeline.billed_units(1.0);
            (used_size * frames_of_one_pixel as f64 + 0.5) as u64
        }
        _ => pipeline.units_at(used_size, live_pixels_per_second),
    };
    (billed, used.min(billed))
}

/// Units that an orchestrator debits for a text to speak, by its characters
/// (Unicode code points): 1000 each (go-livepeer `server/ai_http.go`). The gateway
/// pays bytes (`server/ai_process.go`), so that its balance with the orchestrator
/// runs short long before its own.
pub fn text_to_speech_debit(characters: u64) -> u64 {
    characters.saturating_mul(TEXT_TO_SPEECH_DEBIT)
}
