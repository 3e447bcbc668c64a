use crate::kernel::Distribution;
use crate::text::plain;

/// Pixels a gateway pays for each second of live video, whatever is streamed:
/// 1280 x 720 at 30 frames a second (go-livepeer 0.9
/// `server/live_payment_processor.go`). Earlier releases bill a [`Resolution`].
pub const LIVE_PIXELS_PER_SECOND: u64 = Resolution::P720.pixels_per_second();

/// The picture of a stream of live video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Resolution {
    /// That of [`LIVE_PIXELS_PER_SECOND`].
    pub const P720: Resolution = Resolution { width: 1280, height: 720 };

    /// Pixels billed a second by the picture: of 30 frames, whatever it has (go-livepeer
    /// `server/live_payment_processor.go` before commit f106930c4, `probeSegment`).
    pub const fn pixels_per_second(self) -> u64 {
        self.width as u64 * self.height as u64 * 30
    }
}

/// Frames an image-to-video request is billed for, whatever it returns
/// (go-livepeer `server/ai_process.go`).
const IMAGE_TO_VIDEO_FRAMES: u64 = 25;

/// The first AI capability of go-livepeer (`core/capabilities.go`); the others
/// follow in the order of [`Pipeline::ALL`].
const FIRST_CAPABILITY: usize = 27;

/// What a pipeline's price counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillingUnit {
    /// Pixels of input or output.
    Pixel,
    /// Tokens requested (`max_tokens`), used or not.
    Token,
    /// Milliseconds of audio, in whole seconds.
    Millisecond,
    /// Characters of text.
    Character,
}

impl BillingUnit {
    /// The singular noun reports and price texts use.
    pub fn name(self) -> &'static str {
        match self {
            BillingUnit::Pixel => "pixel",
            BillingUnit::Token => "token",
            BillingUnit::Millisecond => "ms",
            BillingUnit::Character => "character",
        }
    }
}

/// An AI capability of go-livepeer (`core/capabilities.go`, ids 27 to 36).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pipeline {
    /// Images from a prompt.
    TextToImage,
    /// Images from an image and a prompt.
    ImageToImage,
    /// A short video from an image.
    ImageToVideo,
    /// A larger image from a small one.
    Upscale,
    /// A transcript of speech.
    AudioToText,
    /// Segmentation masks of an image.
    SegmentAnything2,
    /// Text from a language model.
    Llm,
    /// A caption of an image.
    ImageToText,
    /// A live stream, frame by frame.
    LiveVideoToVideo,
    /// Speech from text.
    TextToSpeech,
}

impl Pipeline {
    /// Every pipeline, in order of its capability id.
    pub const ALL: [Pipeline; 10] = [
        Pipeline::TextToImage,
        Pipeline::ImageToImage,
        Pipeline::ImageToVideo,
        Pipeline::Upscale,
        Pipeline::AudioToText,
        Pipeline::SegmentAnything2,
        Pipeline::Llm,
        Pipeline::ImageToText,
        Pipeline::LiveVideoToVideo,
        Pipeline::TextToSpeech,
    ];

    /// The name go-livepeer and scenarios use.
    pub fn name(self) -> &'static str {
        match self {
            Pipeline::TextToImage => "text-to-image",
            Pipeline::ImageToImage => "image-to-image",
            Pipeline::ImageToVideo => "image-to-video",
            Pipeline::Upscale => "upscale",
            Pipeline::AudioToText => "audio-to-text",
            Pipeline::SegmentAnything2 => "segment-anything-2",
            Pipeline::Llm => "llm",
            Pipeline::ImageToText => "image-to-text",
            Pipeline::LiveVideoToVideo => "live-video-to-video",
            Pipeline::TextToSpeech => "text-to-speech",
        }
    }

    /// The pipeline of that name.
    pub fn named(name: &str) -> Option<Pipeline> {
        Self::ALL.into_iter().find(|pipeline| pipeline.name() == name)
    }

    /// The pipeline of that name in any spelling (`text-to-image`, `Text to image`,
    /// `Capability_TextToImage`) or of that capability number.
    pub fn spelled(word: &str) -> Option<Pipeline> {
        if let Ok(number) = word.trim().parse::<usize>() {
            return Self::ALL.get(number.checked_sub(FIRST_CAPABILITY)?).copied();
        }
        let word = plain(word);
        let word = word.strip_prefix("capability").unwrap_or(&word);
        Self::ALL.into_iter().find(|pipeline| plain(pipeline.name()) == word)
    }

    /// What its price counts.
    pub fn billing_unit(self) -> BillingUnit {
        match self {
            Pipeline::Llm => BillingUnit::Token,
            Pipeline::AudioToText => BillingUnit::Millisecond,
            Pipeline::TextToSpeech => BillingUnit::Character,
            _ => BillingUnit::Pixel,
        }
    }

    /// Whether requests are streams paid by the second.
    pub fn is_live(self) -> bool {
        self == Pipeline::LiveVideoToVideo
    }

    /// The noun of a request's size in a scenario: `pixels`, `tokens`,
    /// `seconds`, `characters`.
    pub fn size_unit(self) -> &'static str {
        match self {
            Pipeline::Llm => "tokens",
            Pipeline::AudioToText | Pipeline::LiveVideoToVideo => "seconds",
            Pipeline::TextToSpeech => "characters",
            _ => "pixels",
        }
    }

    /// Billing units of a batch request of `size` (in [`Pipeline::size_unit`]),
    /// as the gateway pays them (go-livepeer `server/ai_process.go`): whole
    /// seconds of audio in milliseconds, 25 frames for a video, else the size.
    /// For live video the units of `size` seconds at [`LIVE_PIXELS_PER_SECOND`].
    pub fn billed_units(self, size: f64) -> u64 {
        self.units_at(size, LIVE_PIXELS_PER_SECOND)
    }

    /// The same where a second of live video is billed as so many pixels.
    pub fn units_at(self, size: f64, live_pixels_per_second: u64) -> u64 {
        match self {
            Pipeline::AudioToText => whole(size).saturating_mul(1000),
            Pipeline::ImageToVideo => whole(size + 0.5).saturating_mul(IMAGE_TO_VIDEO_FRAMES),
            Pipeline::LiveVideoToVideo => whole(size * live_pixels_per_second as f64),
            _ => whole(size + 0.5),
        }
    }

    /// What the gateway divides a request's wall time by to get its latency
    /// score: per size unit as submitted, and per inference step where
    /// go-livepeer counts steps (`server/ai_process.go`; text-to-image uses the
    /// model's own `steps`).
    pub fn latency_score_units(self, size: f64, used_size: f64, steps: u32) -> f64 {
        let units = match self {
            Pipeline::TextToImage => size * f64::from(steps),
            Pipeline::ImageToImage => size * 100.0,
            Pipeline::ImageToVideo => size * 25.0,
            Pipeline::Upscale => size * 75.0,
            Pipeline::Llm => used_size,
            _ => size,
        };
        units.max(1.0)
    }
}

/// A size without its fraction; by way of the signed, of which processors have
/// the conversion.
fn whole(size: f64) -> u64 {
    (size as i64).max(0) as u64
}

/// How long an orchestrator of speed 1 works on a request:
/// `(overhead_s + seconds_per_unit * units) * variation`, where the units are
/// those really worked on, in [`Pipeline::size_unit`].
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceTime {
    /// Seconds every request takes.
    pub overhead_s: f64,
    /// Seconds each size unit adds.
    pub seconds_per_unit: f64,
    /// A factor with mean 1 drawn for each request.
    pub variation: Distribution,
}

/// A model served under a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The capability it is served under.
    pub pipeline: Pipeline,
    /// Its id, as on Hugging Face.
    pub id: String,
    /// Inference steps go-livepeer counts in the latency score of
    /// text-to-image: 50, or N for a model named `..._Nstep` and 8 for another
    /// SDXL-Lightning (`server/ai_process.go`).
    pub steps: u32,
    /// How long a request takes.
    pub service: ServiceTime,
    /// Seconds an orchestrator needs to load it when it is not in memory.
    pub cold_start_s: f64,
}

impl Model {
    /// `pipeline/id`, the key reports use.
    pub fn key(&self) -> String {
        format!("{}/{}", self.pipeline.name(), self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipelines_have_many_names() {
        for name in ["text-to-image", "Text to image", "27", "Capability_TextToImage"] {
            assert_eq!(Pipeline::spelled(name), Some(Pipeline::TextToImage), "{name}");
        }
        assert_eq!(Pipeline::spelled("Segment anything 2"), Some(Pipeline::SegmentAnything2));
        assert_eq!(Pipeline::spelled("35"), Some(Pipeline::LiveVideoToVideo));
        assert_eq!(Pipeline::spelled("36"), Some(Pipeline::TextToSpeech));
        for name in ["", "0", "26", "37", "H.264", "byoc"] {
            assert_eq!(Pipeline::spelled(name), None, "{name}");
        }
    }

    #[test]
    fn units_follow_what_the_gateway_pays() {
        assert_eq!(Pipeline::AudioToText.billed_units(61.9), 61_000);
        assert_eq!(Pipeline::ImageToVideo.billed_units(576.0 * 1024.0), 14_745_600);
        assert_eq!(Pipeline::LiveVideoToVideo.billed_units(60.0), 1_658_880_000);
        assert_eq!(Pipeline::Llm.billed_units(256.0), 256);
    }

    #[test]
    fn a_size_beyond_all_units_is_billed_as_all_there_are() {
        // A lognormal draw may be of any size.
        assert_eq!(Pipeline::AudioToText.billed_units(1e12), 1_000_000_000_000_000);
        assert_eq!(Pipeline::AudioToText.billed_units(1e18), u64::MAX);
        assert_eq!(Pipeline::ImageToVideo.billed_units(1e18), u64::MAX);
    }
}
