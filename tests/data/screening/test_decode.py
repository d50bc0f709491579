"""One conversion rule: a pixel test for each mode, and what is refused."""

import io
import struct
import time
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile, PngImagePlugin

from bloodstudy.data.screening.decode import UnusableError, View, decode, pillow_limits, square

LIMIT = 50_000_000
KINDS = ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP")
SIZE = (8, 6)  # width, height
RGB, GRAY = View(6, 8, "rgb"), View(6, 8, "gray")


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def pixels(content: bytes, view: View = RGB, limit: int = LIMIT, box=None) -> np.ndarray:
    with pillow_limits(limit):
        decoded = decode(content, view, limit, box)
    assert (decoded.shape, decoded.dtype) == ((view.height, view.width, view.channels), np.uint8)
    return decoded


def refusal(content: bytes, limit: int = LIMIT) -> str:
    with pytest.raises(UnusableError) as caught:
        pixels(content, limit=limit)
    assert "\n" not in str(caught.value)
    assert " at 0x" not in str(caught.value)
    return str(caught.value)


def noise(width: int = 64, height: int = 48) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def only(array: np.ndarray) -> tuple[int, ...]:
    """Return the one colour of a plain image."""
    colours = np.unique(array.reshape(-1, array.shape[-1]), axis=0)
    assert len(colours) == 1
    return tuple(int(value) for value in colours[0])


# Palettes, masks and modes, each with the colour that the rule gives, and its grey.
palette = Image.new("P", SIZE, 1)
palette.putpalette([0, 0, 0, 200, 100, 50])
clear_palette = palette.copy()
clear_palette.info["transparency"] = 1
MODES = {
    "RGB": (Image.new("RGB", SIZE, (200, 100, 50)), (200, 100, 50), 124),
    "red": (Image.new("RGB", SIZE, "red"), (255, 0, 0), 76),
    "green": (Image.new("RGB", SIZE, "lime"), (0, 255, 0), 150),
    "blue": (Image.new("RGB", SIZE, "blue"), (0, 0, 255), 29),
    "grey": (Image.new("L", SIZE, 77), (77, 77, 77), 77),
    "bilevel": (Image.new("1", SIZE, 1), (255, 255, 255), 255),
    "palette": (palette, (200, 100, 50), 124),
    "palette, transparent": (clear_palette, (255, 255, 255), 255),
    "RGBA, half clear": (Image.new("RGBA", SIZE, (0, 0, 0, 128)), (127, 127, 127), 127),
    "RGBA, clear": (Image.new("RGBA", SIZE, (9, 9, 9, 0)), (255, 255, 255), 255),
    "grey + alpha": (Image.new("LA", SIZE, (0, 128)), (127, 127, 127), 127),
    "16-bit white": (Image.fromarray(np.full(SIZE[::-1], 65535, np.uint16)), (255, 255, 255), 255),
    "16-bit 257": (Image.fromarray(np.full(SIZE[::-1], 257, np.uint16)), (1, 1, 1), 1),
    "16-bit 256": (Image.fromarray(np.full(SIZE[::-1], 256, np.uint16)), (0, 0, 0), 0),
}


@pytest.mark.parametrize("mode", MODES)
def test_mode_becomes_eight_bits_on_white(mode):
    image, colour, grey = MODES[mode]
    assert only(pixels(encoded(image))) == colour
    assert only(pixels(encoded(image), GRAY)) == (grey,)


def png(head: bytes, rows: bytes) -> bytes:
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


@pytest.mark.parametrize(
    ("mode", "colour", "kind", "expected", "tolerance"),
    [
        ("CMYK", (0, 255, 255, 0), "JPEG", (255, 0, 0), 4),
        ("LAB", (255, 128, 128), "TIFF", (255, 255, 255), 4),
        ("YCbCr", (128, 128, 128), "TIFF", (128, 128, 128), 2),
        *[("RGB", (200, 100, 50), kind, (200, 100, 50), 6) for kind in KINDS],
    ],
)
def test_format_is_known_by_its_first_bytes_and_rare_colour_spaces_are_converted(
    mode, colour, kind, expected, tolerance
):
    decoded = pixels(encoded(Image.new(mode, SIZE, colour), kind, quality=100))
    assert np.allclose(decoded, expected, atol=tolerance)


def test_progressive_jpeg_equals_the_baseline_one():
    progressive, baseline = (pixels(encoded(noise(), "JPEG", progressive=kind)) for kind in (True, False))
    assert np.array_equal(progressive, baseline)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_first_frame_is_used(kind):
    first, second = Image.new("RGB", SIZE, "white"), Image.new("RGB", SIZE, "black")
    assert only(pixels(encoded(first, kind, save_all=True, append_images=[second]))) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("scale", [1, 2])
def test_exif_orientation_is_applied_once(kind, orientation, scale):
    upright = np.zeros((32 * scale, 48 * scale, 3), np.uint8)
    upright[: 16 * scale, : 24 * scale] = 255  # white where the top left belongs
    undo = ["FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_90", "TRANSVERSE", "ROTATE_270"]
    stored = Image.fromarray(upright)
    if orientation > 1:
        stored = stored.transpose(Image.Transpose[undo[orientation - 2]])
    exif = Image.Exif()
    exif[274] = orientation
    content = encoded(stored, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    top_left, *others = pixels(content, View(32, 48, "gray")).reshape(2, 16, 2, 24).mean(axis=(1, 3)).ravel()
    assert top_left > 245
    assert max(others) < 10


def test_damaged_exif_does_no_harm():
    content = encoded(Image.new("RGB", SIZE, (200, 100, 50)), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert np.allclose(only(pixels(content)), (200, 100, 50), atol=6)


@pytest.fixture
def loaded(monkeypatch):
    """Record the size of each decoding."""
    sizes, load = [], ImageFile.ImageFile.load
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: (sizes.append(self.size), load(self))[1])
    return sizes


def test_large_jpeg_is_decoded_reduced_to_what_a_full_decoding_gives(loaded):
    smooth = noise(8, 6).resize((640, 480), Image.Resampling.BICUBIC)
    content = encoded(smooth, "JPEG", quality=95)
    reduced = pixels(content, View(120, 160, "rgb"))
    assert loaded[0] == (160, 120)
    full = np.asarray(Image.open(io.BytesIO(content)).resize((160, 120), Image.Resampling.BILINEAR))
    assert np.abs(reduced.astype(int) - full).mean() < 2


def test_reduced_decoding_never_goes_below_the_wanted_size(loaded):
    pixels(encoded(noise(300, 200), "JPEG"), View(101, 101, "gray"))
    exif = Image.Exif()
    exif[274] = 6
    pixels(encoded(noise(400, 200), "JPEG", exif=exif), View(200, 100, "gray"))  # 200 x 400 upright: half is enough
    assert loaded[0] == (300, 200)
    assert (200, 100) in loaded


def test_box_is_cut_out_as_a_square():
    field = np.zeros((48, 64, 3), np.uint8)
    field[20:30, 30:36] = (0, 0, 255)
    square = pixels(encoded(Image.fromarray(field)), View(10, 10, "rgb"), box=(30, 20, 36, 30))
    assert np.array_equal(square, field[20:30, 28:38])


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((10, 10, 20, 20), (10, 10, 20, 20)),
        ((10, 10, 20, 14), (10, 7, 20, 17)),
        ((0, 0, 4, 10), (0, 0, 7, 10)),
        ((60, 40, 80, 60), (60, 40, 64, 48)),
    ],
)
def test_square_is_cut_off_at_the_border(box, expected):
    assert square(box, (64, 48)) == expected


def test_box_outside_is_refused():
    with pytest.raises(UnusableError, match="outside"):
        square((100, 100, 110, 110), (64, 48))


LARGE = {"width": 640, "height": 480}  # a JPEG is then decoded reduced


@pytest.mark.parametrize(
    ("size", "kind", "options"),
    [*[({}, kind, {}) for kind in KINDS], (LARGE, "JPEG", {}), (LARGE, "JPEG", {"progressive": True})],
)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_file_is_refused_whatever_way_it_is_decoded(size, kind, options, share):
    whole = encoded(noise(**size), kind, **options)
    pixels(whole)
    refusal(whole[: int(len(whole) * share)])


@pytest.mark.parametrize("content", [b"", b"\0" * 1000, b"<html><body>404</body></html>", b"notes\n", b"\xff\xd8\xff"])
def test_what_is_no_image_is_refused(content):
    assert refusal(content)


@pytest.mark.parametrize("kind", ["PPM", "ICO", "PCX", "TGA", "EPS", "PDF"])
def test_other_formats_are_refused(kind):
    assert "not an image" in refusal(encoded(noise(16, 16), kind))


def test_flipped_bytes_never_escape_as_another_error():
    rng = np.random.default_rng(0)
    refused = 0
    for kind in KINDS:
        whole = encoded(noise(32, 24), kind)
        for _ in range(60):
            damaged = bytearray(whole)
            for at in rng.integers(0, len(whole), 3):
                damaged[at] ^= int(rng.integers(1, 256))
            try:
                pixels(bytes(damaged))
            except UnusableError:
                refused += 1
    assert refused > 20


def header_only(kind: str, side: int) -> bytes:
    """Return a small file whose header promises side x side pixels."""
    if kind == "PNG":
        return png(struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0), b"\0" * 100)
    if kind == "GIF":
        head, frame = struct.pack("<HHBBB", side, side, 0x80, 0, 0), struct.pack("<4HBB", 0, 0, side, side, 0, 2)
        return b"GIF89a" + head + b"\0" * 6 + b"," + frame
    if kind == "BMP":
        return b"BM" + struct.pack("<IHHI", 0, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, *[0] * 6)
    assert kind == "WEBP"
    size = struct.pack("<I", (side - 1) | (side - 1) << 14)
    return b"RIFF" + struct.pack("<I", 100) + b"WEBPVP8L" + struct.pack("<I", 88) + b"\x2f" + size + b"\0" * 83


@pytest.mark.parametrize(("kind", "side"), [("PNG", 50_000), ("GIF", 50_000), ("BMP", 50_000), ("WEBP", 16_383)])
def test_pixel_bomb_is_refused_from_its_header(kind, side, monkeypatch):
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("it was decoded"))
    before = time.perf_counter()
    assert "pixels" in refusal(header_only(kind, side))
    assert time.perf_counter() - before < 1


def test_our_limit_on_pixels_holds_whatever_pillow_s_own_is():
    content = encoded(noise(8, 6))
    assert "8 x 6 is more than 47 pixels" in refusal(content, 47)
    for limit in (48, 200_000_000):
        pixels(content, limit=limit)


def with_scans(count: int) -> bytes:
    """Return a progressive JPEG whose last scan stands in it again and again."""
    whole = encoded(noise(640, 480), "JPEG", progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * count + whole[-2:]


def test_a_jpeg_of_thousands_of_scans_is_refused_before_it_is_decoded(monkeypatch):
    pixels(with_scans(20))
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("it was decoded"))
    assert refusal(with_scans(3000)) == "a JPEG of 3,010 scans over 640 x 480 pixels, too slow to decode"


def test_png_text_bomb_is_refused_small():
    info = PngImagePlugin.PngInfo()
    info.add_text("bomb", "a" * 50_000_000, zip=True)
    content = encoded(noise(8, 6), pnginfo=info)
    assert len(content) < 100_000
    assert "too large" in refusal(content)


def test_pillow_s_settings_are_put_back_and_its_warnings_stay_silent():
    before = Image.MAX_IMAGE_PIXELS
    with pillow_limits(10):
        warnings.warn("odd", UserWarning, stacklevel=1)  # would fail this test elsewhere
        assert Image.MAX_IMAGE_PIXELS == 10
    assert before == Image.MAX_IMAGE_PIXELS


def test_truncated_images_are_refused_even_where_another_library_allowed_them(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    refusal(encoded(noise(), "JPEG")[:-200])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_lack_of_memory_says_nothing_about_the_file(monkeypatch):
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(MemoryError):
        pixels(encoded(noise()))
