"""F15: every kind of image that people have: converted to eight bits by the documented rule, or refused by name.

The rule stands in `bloodstudy.data.screening.decode`. The colours are written here as numbers, so that they are the
same on every machine. The refused files are so many that no command trains.
"""

import numpy as np
import pytest
from PIL import Image

SIZE = (24, 16)  # width, height
COLOUR, GREY = (200, 100, 50), 124  # a colour and its luma
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def plain(mode, colour=0):
    return Image.new(mode, SIZE, colour)


def sixteen(value):
    return Image.fromarray(np.full(SIZE[::-1], value, np.uint16))


def palette(**info):
    image = plain("P", 1)
    image.putpalette([*BLACK, *COLOUR])
    image.info |= info
    return image


def rotated():
    """Return a picture that is white at its top once it is turned as its EXIF says, and the EXIF."""
    exif = Image.Exif()
    exif[274] = 6
    upright = Image.new("RGB", (48, 32), BLACK)
    upright.paste(WHITE, (0, 0, 48, 16))
    return upright.transpose(Image.Transpose.ROTATE_90), exif


def animation(kind):
    return plain("RGB", COLOUR), kind, {"save_all": True, "append_images": [plain("RGB", BLACK)]}


EXACT = {  # what is saved, in which format, with which options; the colour and the grey that it becomes
    "grey": (plain("L", 77), "PNG", {}, (77, 77, 77), 77),
    "grey and alpha": (plain("LA", (0, 128)), "PNG", {}, (127, 127, 127), 127),
    "bilevel": (plain("1", 1), "PNG", {}, WHITE, 255),
    "16 bits, white": (sixteen(65535), "PNG", {}, WHITE, 255),
    "16 bits, dark": (sixteen(514), "PNG", {}, (2, 2, 2), 2),
    "16 bits, TIFF": (sixteen(514), "TIFF", {}, (2, 2, 2), 2),
    "palette": (palette(), "PNG", {}, COLOUR, GREY),
    "palette, transparent": (palette(transparency=1), "PNG", {}, WHITE, 255),
    "RGBA, half clear": (plain("RGBA", (0, 0, 0, 128)), "PNG", {}, (127, 127, 127), 127),
    "RGBA, clear": (plain("RGBA", (9, 9, 9, 0)), "PNG", {}, WHITE, 255),
    "animated GIF": (*animation("GIF"), COLOUR, GREY),
    "animated WebP": (plain("RGB", COLOUR), "WEBP", animation("WEBP")[2] | {"lossless": True}, COLOUR, GREY),
    "pages of a TIFF": (*animation("TIFF"), COLOUR, GREY),
    "TIFF": (plain("RGB", COLOUR), "TIFF", {}, COLOUR, GREY),
    "WebP": (plain("RGB", COLOUR), "WEBP", {"lossless": True}, COLOUR, GREY),
    "BMP": (plain("RGB", COLOUR), "BMP", {}, COLOUR, GREY),
}
LOSSY = {  # libraries of JPEG differ by a step or two
    "CMYK JPEG": (plain("CMYK", (0, 255, 255, 0)), "JPEG", {"quality": 100}, (255, 0, 0), 76),
    "JPEG": (plain("RGB", COLOUR), "JPEG", {"quality": 100}, COLOUR, GREY),
    "progressive JPEG": (plain("RGB", COLOUR), "JPEG", {"quality": 100, "progressive": True}, COLOUR, GREY),
}
REFUSED = {  # why, by the format that a file named .jpg has
    "has no defined white": [("TIFF", plain("F", 0.5)), ("TIFF", plain("I", 70000))],
    "not an image (expected JPEG, PNG, GIF, TIFF, WebP or BMP)": [
        *((kind, plain("RGB", COLOUR)) for kind in ("PPM", "ICO", "PCX", "TGA", "SGI", "EPS", "PDF", "DDS")),
        *((kind, plain("1", 1)) for kind in ("XBM", "MSP")),
    ],
}


@pytest.fixture
def images(tmp_path):
    root = tmp_path / "images"
    for label in "AB":
        (root / label).mkdir(parents=True)
    for name, (image, kind, options, *_) in (EXACT | LOSSY).items():
        image.save(root / "A" / f"{name}.jpg", kind, **options)
    turned, exif = rotated()
    turned.save(root / "A" / "turned.jpg", "JPEG", exif=exif, quality=95)
    for reason, files in REFUSED.items():
        for k, (kind, image) in enumerate(files):
            image.save(root / "B" / f"{reason[:9]} {k}.jpg", kind)
    plain("RGB").save(root / "B" / "good.png")
    plain("RGB").save(root / "B" / "too.png")
    return root


@pytest.mark.parametrize("colour", ["rgb", "gray"])
def test_each_is_converted_by_the_rule_or_refused_by_name(screening, images, colour):
    said = screening.refuse("data=folder", f"data.root={images}", "image_size=[16,24]", f"colour={colour}")
    assert "12 of 34 files cannot be used" in said
    expected = {f"B/{reason[:9]} {k}.jpg": reason for reason, files in REFUSED.items() for k in range(len(files))}
    assert screening.quarantine.keys() == expected.keys()
    assert [name for name, reason in expected.items() if reason not in screening.quarantine[name]] == []

    names = sorted([*EXACT, *LOSSY, "turned"], key=lambda name: f"A/{name}.jpg")
    decoded = screening.decoded(colour)
    assert (len(decoded), decoded.dtype) == (len(names) + 2, np.uint8), "what is left of class B comes last"
    found = dict(zip(names, decoded, strict=False))
    for name, (_, _, _, rgb, grey) in (EXACT | LOSSY).items():
        wanted = rgb if colour == "rgb" else (grey,)
        assert np.allclose(found[name], wanted, atol=0 if name in EXACT else 4), name
    assert np.array_equal(found["progressive JPEG"], found["JPEG"])
    assert found["turned"][:7].min() > 240
    assert found["turned"][9:].max() < 15
