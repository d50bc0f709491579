"""What the samples of an image mean: the one table of the kinds of pixels that are read.

In: an image that Pillow has opened. Out: what its samples mean, and with that 8 bits a sample without transparency.
Pillow brings 1, 2 and 4 bits to 8 and inverts up to 8 bits itself; what it leaves out stands here. A kind that is in no
row is refused by name.

    PNG   grey of 1, 2, 4, 8 and 16 bits; palettes; colour, grey with alpha, colour with alpha, of 8 and 16
    TIFF  the rows of `_TIFF`, unsigned; extra samples are alpha, premultiplied alpha or nothing
    JPEG  grey, YCbCr and CMYK of 8 bits            GIF, WebP, BMP  what Pillow opens
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFile
from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    EXTRASAMPLES,
    PHOTOMETRIC_INTERPRETATION,
    SAMPLEFORMAT,
    SAMPLESPERPIXEL,
    ImageFileDirectory_v2,
    TiffImageFile,
)

_MAX_SAMPLE_VALUE = 281  # TIFF 6.0, page 36
_UNSIGNED = 1
_FORMATS = {_UNSIGNED: "unsigned", 2: "signed", 3: "float"}
_PREMULTIPLIED = {"La": "LA", "RGBa": "RGBA"}
# TIFF: photometric interpretation and number of samples that make the colour -> bits a sample
_WHITE_IS_ZERO, _BLACK_IS_ZERO = 0, 1
_TIFF = {
    (_WHITE_IS_ZERO, 1): {1, 2, 4, 8, 16},
    (_BLACK_IS_ZERO, 1): {1, 2, 4, 8, 12, 16},
    (2, 3): {8, 16},  # colour
    (3, 1): {1, 2, 4, 8},  # palette
    (5, 4): {8, 16},  # CMYK
    (6, 3): {8},  # YCbCr
    (8, 3): {8},  # CIELab
}
_PNG_GREY = {"1": 255, "L;2": 85, "L;4": 17}  # by Pillow's name of the bits: what one step of the file is in 8 bits


class UnusableError(Exception):
    """An image that cannot be used; the message is the reason, in one line."""


@dataclass(frozen=True)
class Samples:
    """What decoding alone does not tell."""

    white: int = 255  # the grey that is white
    inverted: bool = False  # 0 is white, and Pillow does not know it
    clear: int | None = None  # the one grey that is transparent


def read_samples(image: ImageFile.ImageFile) -> Samples:
    """Return what the samples of an opened image mean, from its header; raises UnusableError for what is not read."""
    if image.format == "PNG":
        return _read_png(image)
    if isinstance(image, TiffImageFile):
        return _read_tiff(image.tag_v2)
    return Samples()


def _read_png(image: ImageFile.ImageFile) -> Samples:
    bits, clear = str(image.tile[0].args), image.info.get("transparency")
    if bits == "RGB;16B" and clear is not None:
        raise UnusableError("16-bit colour with one transparent colour is not read; save it with an alpha channel")
    white = 65535 if image.mode == "I;16" else 255
    if image.mode not in ("1", "L", "I;16") or not isinstance(clear, int):
        return Samples(white)
    # Pillow tells the value of a bilevel image in 8 bits already, all others in steps of the file.
    return Samples(white, clear=clear if bits == "1" else clear * _PNG_GREY.get(bits, 1))


def _read_tiff(tags: ImageFileDirectory_v2) -> Samples:
    every = tuple(tags.get(BITSPERSAMPLE, (1,)))
    extra = tuple(tags.get(EXTRASAMPLES, ()))
    meaning = tags.get(PHOTOMETRIC_INTERPRETATION, _WHITE_IS_ZERO)
    formats = set(tags.get(SAMPLEFORMAT, (_UNSIGNED,)))
    bits, colours = every[0], tags.get(SAMPLESPERPIXEL, len(every)) - len(extra)
    known = bits in _TIFF.get((meaning, colours), ()) and len(set(every)) == 1 and formats == {_UNSIGNED}
    if not known or extra[:1] not in ((), (0,), (1,), (2,)) or any(extra[1:]):
        kind = " and ".join(sorted(_FORMATS.get(name, f"sample format {name}") for name in formats))
        raise UnusableError(
            f"a TIFF of {colours} x {', '.join(map(str, sorted(set(every))))} bits, {kind}, photometric interpretation "
            f"{meaning}, extra samples {', '.join(map(str, extra)) or 'none'} has no defined white; save it as PNG"
        )
    declared, inverted = _declared_white(tags, bits), meaning == _WHITE_IS_ZERO and bits == 16
    if inverted or (meaning == _BLACK_IS_ZERO and bits >= 8 and not extra):
        return Samples(declared, inverted)
    if declared < 2**bits - 1:
        raise UnusableError(f"a TIFF that declares {declared} as the largest of {bits} bits is read in grey alone")
    return Samples()


def _declared_white(tags: ImageFileDirectory_v2, bits: int) -> int:
    """Return the largest sample: of 16 bits what MaxSampleValue declares, if that is the largest of fewer bits.

    Any other number is a measured maximum, which is another one in each file of a set: which white they share, nothing
    says. Raises UnusableError for it.
    """
    declared = tags.get(_MAX_SAMPLE_VALUE)
    declared = max(declared) if isinstance(declared, tuple) else declared
    if bits != 16 or declared is None:
        return 2**bits - 1
    if declared not in {2**fewer - 1 for fewer in range(1, 17)}:
        raise UnusableError(
            f"a TIFF that declares {declared} as its largest sample, which is white of no number of bits; if it was "
            "measured, save the file without MaxSampleValue"
        )
    return int(declared)


def flatten(image: Image.Image, samples: Samples, colour: str) -> Image.Image:
    """Return a decoded image in mode L or RGB, 8 bits a sample, transparency laid on white."""
    if samples != Samples():
        image = _rescale(image, samples)
    if image.has_transparency_data:
        # Alpha that colours are multiplied by already: undo that first.
        image = image.convert(_PREMULTIPLIED.get(image.mode, image.mode)).convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    return image.convert("L" if colour == "gray" else "RGB")


def _rescale(image: Image.Image, samples: Samples) -> Image.Image:
    """Return a grey image in mode L, or LA if one of its greys is transparent."""
    values = np.asarray(image.convert("L") if image.mode == "1" else image).astype(np.uint32)
    if (largest := int(values.max())) > samples.white:
        raise UnusableError(f"a sample of {largest}, more than the largest that it declares, {samples.white}")
    grey = values * 255 // samples.white
    flat = Image.fromarray((255 - grey if samples.inverted else grey).astype(np.uint8))
    if samples.clear is not None:
        flat.putalpha(Image.fromarray(np.where(values == samples.clear, 0, 255).astype(np.uint8)))
    return flat
