"""F16: files that would fill the memory or wait for ever: refused from the header, as fast as an empty file is."""

import contextlib
import os
import socket
import stat
import struct
import time
import zlib
from pathlib import Path

import psutil
import pytest
from PIL import Image, PngImagePlugin

LIMIT_S, LIMIT_MB = 1, 200  # more than the same command takes without them


def png(side):
    """Return a PNG of a few bytes whose header promises side x side pixels."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0" * 100))]
    parts = [struct.pack(">I", len(b)) + kind + b + struct.pack(">I", zlib.crc32(kind + b)) for kind, b in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def gif(side):
    head, frame = struct.pack("<HHBBB", side, side, 0x80, 0, 0), struct.pack("<4HBB", 0, 0, side, side, 0, 2)
    return b"GIF89a" + head + b"\0" * 6 + b"," + frame


def plant(folder):
    """Put the hostile files into `folder`; return the reason that each is to be refused with."""
    (folder / "pixels.png").write_bytes(png(50_000))
    (folder / "pixels.gif").write_bytes(gif(50_000))
    text = PngImagePlugin.PngInfo()
    text.add_text("bomb", "a" * 500_000_000, zip=True)
    Image.new("RGB", (24, 16)).save(folder / "text.png", pnginfo=text)
    with (folder / "huge.jpg").open("wb") as stream:
        stream.truncate(2_000_000_000)
    os.mkfifo(folder / "pipe.jpg")
    with contextlib.chdir(folder), socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.jpg")
    (folder / "link.jpg").symlink_to("/dev/zero")
    reasons = {
        "pixels.png": "pixels (data.max_pixels)", "pixels.gif": "pixels (data.max_pixels)",
        "text.png": "too large", "huge.jpg": "2,000,000,000 bytes, more than 50,000,000",
        "pipe.jpg": "not a regular file", "socket.jpg": "not a regular file", "link.jpg": "leaves the root",
    }  # fmt: skip
    with contextlib.suppress(PermissionError):  # root alone makes devices
        os.mknod(folder / "device.jpg", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        reasons["device.jpg"] = "not a regular file"
    return reasons


def refuse(study, root):
    """Type a command that is refused; return the seconds of the processor and the MB at most that it took."""
    study.typed, begun = ["data=folder", f"data.root={root}", "image_size=[16,24]"], time.monotonic()
    process, peak, seconds = study.start(), 0, 0.0
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        with contextlib.suppress(OSError, psutil.Error):
            seconds = max(seconds, sum(watched.cpu_times()[:2]))
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
                peak = max(peak, int(line.split()[1])) if line.startswith("VmHWM") else peak
        time.sleep(0.005)
        assert time.monotonic() - begun < 60, study.said
    assert process.returncode == 2, study.said
    return seconds, peak / 1024


@pytest.mark.timeout(120)
def test_they_cost_nothing(screening, small):
    for k in range(11):
        (small / f"train/A/empty {k}.jpg").write_bytes(b"")
    refuse(screening, small)  # everything is in the disk's cache from here on
    seconds, mb = refuse(screening, small)
    reasons = plant(small / "train/A")
    seconds_with, mb_with = refuse(screening, small)
    assert f"{11 + len(reasons)} of {27 + len(reasons)} files cannot be used" in screening.said
    told = screening.quarantine
    assert [name for name, reason in reasons.items() if reason not in told[f"train/A/{name}"]] == []
    print(f"{seconds:.1f} s and {mb:.0f} MB without them, {seconds_with:.1f} s and {mb_with:.0f} MB with them")
    assert 0 < seconds_with < seconds + LIMIT_S
    assert 0 < mb_with < mb + LIMIT_MB
