"""From the bytes of one image file to its pixels: the one conversion rule.

In: bytes that nobody has vouched for. Out: uint8 (height, width, 1 or 3), or `UnusableError` with the reason.

The rule, in this order:
 1. The format is told by the first bytes, never by the name: JPEG, PNG, GIF, TIFF, WebP or BMP.
 2. The header's pixel count is checked before anything is decoded.
 3. The first frame is used. A JPEG at least twice as large as wanted, both ways, is decoded at half, a quarter or an
    eighth, whichever is the smallest that is still as large as wanted; for grey, its own luma channel is taken.
    One whose scans together pass over too many pixels is refused: a small file can hold thousands of them.
 4. The EXIF orientation is applied.
 5. `samples` says what the samples mean. Grey of 12 or 16 bits is scaled so that white becomes 255 (65535 / 257); of
    16-bit colour Pillow keeps the high byte. Signed and 32-bit integers and floats have no defined white: refused.
 6. Transparency, of any kind, is laid on white.
 7. All else becomes RGB by Pillow's own conversion (CMYK, palette, bilevel, YCbCr); grey is the ITU-R 601 luma of that.
 8. If a box is given, it is widened to a square and cut off at the border.
 9. The result is resized to the wanted size by an antialiased bilinear filter; the aspect is not kept.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError
from PIL.ExifTags import Base

from bloodstudy.data.screening.samples import UnusableError, flatten, read_samples

RULE = 2  # raise it with any change of the rule above: decoded arrays of another rule are not used

# The plug-ins are imported here: Pillow would otherwise search all it has, in several threads at once.
_PLUGINS = ("Jpeg", "Png", "Gif", "Tiff", "WebP", "Bmp")
FORMATS = tuple(name.upper() for name in _PLUGINS)
for _name in _PLUGINS:
    import_module(f"PIL.{_name}ImagePlugin")

_SWAPPING = {5, 6, 7, 8}  # EXIF orientations that exchange width and height
_START_OF_SCAN = b"\xff\xda"  # in a JPEG it stands nowhere else
_PASSES = 16  # times `max_pixels` that the scans of one JPEG may pass over: a progressive one has some ten
_settings = threading.Lock()


@dataclass(frozen=True)
class View:
    """What is wanted of each image."""

    height: int
    width: int
    colour: str  # rgb or gray

    @property
    def channels(self) -> int:
        """Return 1 for gray, 3 for rgb."""
        return 1 if self.colour == "gray" else 3

    @property
    def name(self) -> str:
        return f"{self.height}x{self.width}-{self.colour}"


@contextmanager
def pillow_limits(max_pixels: int) -> Iterator[None]:
    """Hold Pillow's process-wide settings at ours while images are decoded, in this thread or in others.

    Its warnings (odd EXIF, large images) are silenced: what matters in them is a refusal here.
    """
    with _settings, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = max_pixels, False
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before


def decode(content: bytes, view: View, max_pixels: int, box: tuple[int, int, int, int] | None = None) -> np.ndarray:
    """Decode the bytes of one file by the rule above: uint8 (view.height, view.width, view.channels).

    Call it inside `pillow_limits`. `box` is left, top, right, bottom in pixels of the upright image.
    Raises UnusableError; MemoryError alone passes through, since it says nothing about the file.
    """
    with _opened(content, max_pixels) as image:
        _refuse_large(image, max_pixels)
        if image.format in ("JPEG", "MPO"):
            _refuse_slow(image, content.count(_START_OF_SCAN), max_pixels)
        return _convert(image, view, box)


def measure(content: bytes, max_pixels: int) -> tuple[int, int]:
    """Return height and width of the upright image, from the header alone. Raises as `decode` does."""
    with _opened(content, max_pixels) as image:
        _refuse_large(image, max_pixels)
        swapped = image.getexif().get(Base.Orientation) in _SWAPPING
        return (image.width, image.height) if swapped else (image.height, image.width)


@contextmanager
def _opened(content: bytes, max_pixels: int) -> Iterator[ImageFile.ImageFile]:
    """Open the bytes of one file; whatever a decoder raises within becomes an UnusableError."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            yield image
    except (UnusableError, MemoryError):
        raise
    except UnidentifiedImageError:
        if content[:4] in (b"II*\0", b"MM\0*"):
            raise UnusableError("a TIFF with samples of a kind that is not read; save it as PNG") from None
        raise UnusableError("not an image (expected JPEG, PNG, GIF, TIFF, WebP or BMP)") from None
    except Image.DecompressionBombError:
        raise UnusableError(f"more than {max_pixels:,} pixels (data.max_pixels)") from None
    except Exception as error:  # a decoder fed with hostile bytes may raise anything
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UnusableError(f"cannot be decoded: {reason}") from None


def _refuse_large(image: ImageFile.ImageFile, max_pixels: int) -> None:
    if image.width * image.height > max_pixels:
        raise UnusableError(f"{image.width} x {image.height} is more than {max_pixels:,} pixels (data.max_pixels)")


def _refuse_slow(image: ImageFile.ImageFile, scans: int, max_pixels: int) -> None:
    """Refuse a JPEG that would be decoded for minutes: each of its scans passes over all pixels."""
    if scans * image.width * image.height > _PASSES * max_pixels:
        raise UnusableError(f"a JPEG of {scans:,} scans over {image.width} x {image.height} pixels, too slow to decode")


def _convert(image: ImageFile.ImageFile, view: View, box: tuple[int, int, int, int] | None) -> np.ndarray:
    samples = read_samples(image)
    if image.format in ("JPEG", "MPO"):
        swapped = image.getexif().get(Base.Orientation) in _SWAPPING
        wanted = (view.height, view.width) if swapped else (view.width, view.height)
        image.draft("L" if view.colour == "gray" else "RGB", wanted if box is None else image.size)
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    flat = flatten(image, samples, view.colour)
    if box is not None:
        flat = flat.crop(square(box, flat.size))
    if flat.size != (view.width, view.height):
        flat = flat.resize((view.width, view.height), Image.Resampling.BILINEAR)
    return np.asarray(flat, dtype=np.uint8).reshape(view.height, view.width, view.channels)


def square(box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Widen `box` to a square about its centre, cut off at the border of an image of `size` (width, height)."""
    left, top, right, bottom = box
    side = max(right - left, bottom - top)
    left, top = left - (side - (right - left)) // 2, top - (side - (bottom - top)) // 2
    left, top, right, bottom = max(left, 0), max(top, 0), min(left + side, size[0]), min(top + side, size[1])
    if left >= right or top >= bottom:
        raise UnusableError(f"its box lies outside the image of {size[0]} x {size[1]} pixels")
    return left, top, right, bottom
