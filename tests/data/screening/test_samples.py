"""Each kind of pixel that Pillow opens: the colour that its standard says, or a refusal."""

import struct
import zlib

import numpy as np
import pytest
from PIL import TiffImagePlugin

from bloodstudy.data.screening.decode import UnusableError, View, decode, pillow_limits

WIDTH, HEIGHT = 8, 2  # a row of samples of any number of bits ends with a byte


def colour(content: bytes) -> tuple[int, ...]:
    """Return the one colour of a plain image."""
    with pillow_limits(1000):
        decoded = decode(content, View(HEIGHT, WIDTH, "rgb"), 1000)
    (only,) = np.unique(decoded.reshape(-1, 3), axis=0).tolist()
    return tuple(only)


def refusal(content: bytes) -> str:
    with pytest.raises(UnusableError) as caught:
        colour(content)
    return str(caught.value)


def packed(samples: list[int], bits: list[int], order: str = "<") -> bytes:
    """Return one row of WIDTH equal pixels."""
    if bits[0] in (16, 32):
        return struct.pack(f"{order}{len(samples) * WIDTH}{'H' if bits[0] == 16 else 'I'}", *samples * WIDTH)
    digits = "".join(f"{value:0{count}b}" for value, count in zip(samples, bits, strict=True)) * WIDTH
    return int(digits, 2).to_bytes(len(digits) // 8, "big")


def tiff(
    samples: list[int], bits: list[int], meaning: int, extra: tuple[int, ...] = (), sample_format: int = 1,
    largest: int | None = None, order: str = "<", palette: bytes = b"", fill_order: int = 1,
) -> bytes:  # fmt: skip
    """Return a TIFF of one strip, written from the specification (TIFF 6.0)."""
    rows = packed(samples, bits, order) * HEIGHT
    if fill_order == 2:  # the bits of each byte the other way round
        rows = bytes(int(f"{byte:08b}"[::-1], 2) for byte in rows)
    tags: dict[int, tuple[int, ...]] = {256: (WIDTH,), 257: (HEIGHT,), 258: tuple(bits), 259: (1,), 262: (meaning,)}
    tags |= {273: (0,), 277: (len(samples),), 278: (HEIGHT,), 279: (len(rows),), 339: (sample_format,) * len(bits)}
    if fill_order != 1:
        tags[266] = (fill_order,)
    if largest is not None:
        tags[281] = (largest,) * len(bits)
    if palette:
        tags[320] = struct.unpack(f"<{len(palette) // 2}H", palette)
    if extra:
        tags[338] = extra
    start = 8 + 2 + 12 * len(tags) + 4
    entries, more = b"", b""
    for tag, values in sorted(tags.items()):
        content = struct.pack(f"{order}{len(values)}H", *values)
        if tag == 273:
            entries += struct.pack(order + "HHII", tag, 4, 1, 0)  # where the rows begin: filled in below
        elif len(content) <= 4:
            entries += struct.pack(order + "HHI", tag, 3, len(values)) + content.ljust(4, b"\0")
        else:
            entries += struct.pack(order + "HHII", tag, 3, len(values), start + len(more))
            more += content
    at = struct.pack(order + "HHII", 273, 4, 1, 0)
    entries = entries.replace(at, struct.pack(order + "HHII", 273, 4, 1, start + len(more)))
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HIH", 42, 8, len(tags))
    return head + entries + struct.pack(order + "I", 0) + more + rows


def expected(meaning: int, bits: tuple[int, ...], extra: tuple[int, ...]) -> tuple[list[int], tuple[int, ...]]:
    """Return the samples of a pixel, and its colour by the standard."""
    high = 2 ** bits[0] - 1
    samples, shown = {
        0: ([0], (255, 255, 255)),  # 0 is white
        1: ([high], (255, 255, 255)),
        2: ([high, 0, high], (255, 0, 255)),
        3: ([1], (255, 0, 255)),  # the second colour of the palette below
        5: ([0, high, 0, 0], (255, 0, 255)),  # magenta alone
        6: ([high, 128, 128], (255, 255, 255)),
        8: ([high, 0, 0], (255, 255, 255)),  # a and b are signed
    }[meaning]
    if extra[:1] in ((1,), (2,)):  # of no opacity: white, whatever the colour
        return [0] * len(samples) + [0] * len(extra), (255, 255, 255)
    return samples + [0] * len(extra), shown


OPENED = sorted(key[1:] for key in TiffImagePlugin.OPEN_INFO if key[0] == b"II")
NOT_READ = {  # meaning, sample format, bits, extra samples
    (0, (3,), (32,), ()), (1, (3,), (32,), ()),  # floats
    (1, (2,), (8,), ()), (1, (2,), (16,), ()), (1, (2,), (32,), ()),  # signed
    (1, (1,), (32,), ()), (6, (1,), (8,), ()),
    (2, (1,), (8, 8, 8, 8), ()), (2, (1,), (16, 16, 16, 16), ()), (2, (1,), (8, 8, 8, 8), (999,)),  # a fourth of what?
}  # fmt: skip


# Bits the other way round: Pillow opens these and cannot unpack them.
NOT_UNPACKED = {(0, (1,), 2, (8,), ()), *((3, (1,), 2, (bits,), ()) for bits in (1, 2, 4))}


@pytest.mark.parametrize("key", OPENED, ids=str)
def test_each_kind_of_tiff_that_pillow_opens_has_the_colour_of_its_standard_or_is_refused(key):
    meaning, sample_format, fill_order, bits, extra = key
    count = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3}[meaning]
    palette = struct.pack("<H", 0) + struct.pack("<H", 65535) * (2 ** bits[0] - 1) if meaning == 3 else b""
    palette = palette + bytes(len(palette)) + palette
    if (meaning, sample_format, bits, extra) in NOT_READ:
        samples = [1] * len(bits)
        said = refusal(tiff(samples, list(bits), meaning, extra, sample_format[0]))
        assert "has no defined white" in said
        return
    samples, shown = expected(meaning, bits, extra)
    assert len(samples) == count + len(extra)
    content = tiff(samples, list(bits), meaning, extra, palette=palette, fill_order=fill_order)
    if key in NOT_UNPACKED:
        assert refusal(content) == "cannot be decoded: unknown raw mode for given image mode"
    else:
        assert np.allclose(colour(content), shown, atol=4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("value", "bits", "largest", "grey"),
    [
        (65535, 16, None, 255), (514, 16, None, 2), (513, 16, None, 1), (4095, 16, 4095, 255), (2048, 16, 4095, 127),
        (1023, 16, 1023, 255), (255, 16, 255, 255), (514, 16, 65535, 2), (15, 8, 15, 15), (200, 8, None, 200),
        (200, 8, 201, 200),
    ],
)  # fmt: skip
def test_grey_is_scaled_by_the_largest_sample_that_the_file_declares(value, bits, largest, grey, order):
    assert colour(tiff([value], [bits], 1, largest=largest, order=order)) == (grey,) * 3


def test_grey_of_twelve_bits():  # Pillow opens it in one byte order
    assert [colour(tiff([value], [12], 1)) for value in (4095, 17, 16)] == [(255,) * 3, (1,) * 3, (0,) * 3]


def test_zero_is_white_at_sixteen_bits_too():
    assert [colour(tiff([value], [16], 0)) for value in (0, 257, 65535)] == [(255,) * 3, (254,) * 3, (0,) * 3]
    assert colour(tiff([1023], [16], 0, largest=4095)) == (192,) * 3


def test_a_declared_maximum_that_cannot_be_obeyed_is_refused():
    assert (
        refusal(tiff([5000], [16], 1, largest=4095)) == "a sample of 5000, more than the largest that it declares, 4095"
    )
    assert "4095 as the largest of 16 bits" in refusal(tiff([4095] * 3, [16] * 3, 2, largest=4095))


def png(depth: int, kind: int, row: bytes, transparent: bytes | None = None) -> bytes:
    """Return a PNG of equal rows (colour type `kind`), with a tRNS chunk if `transparent` is given."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, kind, 0, 0, 0))]
    if kind == 3:
        chunks.append((b"PLTE", bytes([0, 0, 0, 255, 0, 255])))
    if transparent is not None:
        chunks.append((b"tRNS", transparent))
    chunks += [(b"IDAT", zlib.compress((b"\0" + row) * HEIGHT)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


GREYS = {1: 255, 2: 170, 4: 102, 8: 9, 16: 2}  # by bits, what the samples below are in 8 bits
ROWS = {depth: packed([value], [depth], ">") for depth, value in {1: 1, 2: 2, 4: 6, 8: 9, 16: 600}.items()}


@pytest.mark.parametrize("depth", GREYS)
def test_grey_png_of_any_depth_and_its_one_transparent_grey(depth):
    value = {1: 1, 2: 2, 4: 6, 8: 9, 16: 600}[depth]
    assert colour(png(depth, 0, ROWS[depth])) == (GREYS[depth],) * 3
    assert colour(png(depth, 0, ROWS[depth], struct.pack(">H", value))) == (255,) * 3
    assert colour(png(depth, 0, ROWS[depth], struct.pack(">H", 0))) == (GREYS[depth],) * 3
    assert colour(png(depth, 0, bytes(len(ROWS[depth])), struct.pack(">H", 0))) == (255,) * 3


def test_two_greys_that_are_one_in_eight_bits_are_still_two():
    assert colour(png(16, 0, packed([600], [16], ">"), struct.pack(">H", 601))) == (2,) * 3


def test_colour_png_of_eight_and_sixteen_bits():
    assert colour(png(8, 2, bytes([200, 100, 50] * WIDTH))) == (200, 100, 50)
    assert colour(png(8, 2, bytes([200, 100, 50] * WIDTH), struct.pack(">3H", 200, 100, 50))) == (255, 255, 255)
    high = packed([0xC8FF, 0x6400, 0x3201], [16] * 3, ">")
    assert colour(png(16, 2, high)) == (200, 100, 50)
    assert "one transparent colour" in refusal(png(16, 2, high, struct.pack(">3H", 0xC8FF, 0x6400, 0x3201)))


@pytest.mark.parametrize("depth", [8, 16])
def test_png_with_an_alpha_channel(depth):
    top = 2**depth - 1
    assert colour(png(depth, 4, packed([0, 0], [depth] * 2, ">"))) == (255, 255, 255)
    assert colour(png(depth, 4, packed([0, top], [depth] * 2, ">"))) == (0, 0, 0)
    assert colour(png(depth, 6, packed([top, 0, top, top], [depth] * 4, ">"))) == (255, 0, 255)
    assert colour(png(depth, 6, packed([0, 0, 0, 0], [depth] * 4, ">"))) == (255, 255, 255)


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_palette_png_of_any_depth(depth):
    row = packed([1], [depth], ">")
    assert colour(png(depth, 3, row)) == (255, 0, 255)
    assert colour(png(depth, 3, row, b"\xff\0")) == (255, 255, 255)
    assert colour(png(depth, 3, row, b"\0")) == (255, 0, 255)
