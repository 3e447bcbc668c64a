//! Sharp PNG copies of the figures, behind the feature `png`.

/// Renders an SVG document at twice its nominal size.
pub(super) fn render(svg: &str) -> Result<Vec<u8>, String> {
    use resvg::{tiny_skia, usvg};

    /// DejaVu Sans 2.37, Latin and the symbols the figures use
    /// (`fonts/README.md`).
    const FONT: &[u8] = include_bytes!("fonts/DejaVuSans-subset.ttf");
    const SCALE: f32 = 2.0;

    let mut options = usvg::Options::default();
    let fonts = options.fontdb_mut();
    fonts.load_font_data(FONT.to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or("the figure is empty")?;
    let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height()).ok_or("out of memory")?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| error.to_string())
}
