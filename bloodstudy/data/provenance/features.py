"""One image as registration sees it: grey, at working size, with its local features.

In: the bytes of a file, or grey pixels. Out: a `Picture`. Black that a rotation or a shift left behind is no part of
the image, and no feature is taken near it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from bloodstudy.data.screening import decode

LONGEST = 320  # pixels of the longer side: the size of the Kaggle copies, half that of their photographs
PLAIN, RICH = (150, 0.02), (400, 0.01)  # most features, least contrast: rich for fields that share a corner only
_BLACK = 16  # grey levels: JPEG noise on a black border stays below
_LAYOUT = np.arange(128).reshape(4, 4, 8)  # of a SIFT descriptor: rows, columns, directions
_MIRROR = _LAYOUT[::-1][:, :, -np.arange(8) % 8].ravel()


@dataclass(frozen=True, eq=False)
class Picture:
    """Grey pixels and what is found in them; two pictures are compared by `align`."""

    grey: np.ndarray  # uint8 (H, W)
    valid: np.ndarray  # uint8 (H, W): 1 where the image is, 0 in black borders
    points: np.ndarray  # float32 (K, 2): x, y of the features
    descriptors: np.ndarray  # float32 (K, 128): root-SIFT, of unit length

    @cached_property
    def inner(self) -> np.ndarray:
        """Return `valid` without its outermost pixel, where a copy was blended with black."""
        return _shrink(self.valid, 3)

    def mirrored(self) -> Picture:
        """Return the picture of the mirror image, left and right exchanged; its features need no second search."""
        points = mirror_points(self.points, self.grey.shape[1])
        return Picture(self.grey[:, ::-1].copy(), self.valid[:, ::-1].copy(), points, mirror(self.descriptors))


def mirror(descriptors: np.ndarray) -> np.ndarray:
    """Return what SIFT would find in the mirror image: rows of the 4 x 4 grid and the 8 directions change places."""
    return descriptors[:, _MIRROR]


def mirror_points(points: np.ndarray, width: int) -> np.ndarray:
    """Return where `points` of an image of `width` pixels lie in its mirror image."""
    return points * np.array([-1, 1], np.float32) + np.array([width - 1, 0], np.float32)


def read_grey(content: bytes, max_pixels: int) -> np.ndarray:
    """Decode one file: uint8 (H, W), aspect kept, the longer side at most 320. Call it inside `decode.pillow_limits`.

    Raises UnusableError as `decode.decode` does.
    """
    height, width = decode.measure(content, max_pixels)
    scale = min(1.0, LONGEST / max(height, width))
    view = decode.View(max(round(height * scale), 1), max(round(width * scale), 1), "gray")
    return decode.decode(content, view, max_pixels)[:, :, 0]


def describe(grey: np.ndarray, detail: tuple[int, float] = PLAIN) -> Picture:
    """Return the picture of uint8 (H, W) pixels.

    Features are those of Lowe (2004), compared by the square roots of their entries (Arandjelovic and Zisserman 2012).
    """
    valid = find_valid(grey)
    keypoints, raw = _detector(detail, threading.get_ident()).detectAndCompute(grey, _shrink(valid, 9))
    points = np.array([keypoint.pt for keypoint in keypoints], np.float32).reshape(-1, 2)
    if raw is None:
        return Picture(grey, valid, points, np.zeros((0, 128), np.float32))
    return Picture(grey, valid, points, np.sqrt(raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-9)))


def find_valid(grey: np.ndarray) -> np.ndarray:
    """Return where an image is: uint8 (H, W), 0 in the black borders; dark specks inside are closed."""
    import cv2

    return cv2.morphologyEx((grey > _BLACK).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))


def _shrink(mask: np.ndarray, width: int) -> np.ndarray:
    import cv2

    return cv2.erode(mask, np.ones((width, width), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1)  # pyright: ignore[reportCallIssue, reportArgumentType]


@cache
def _detector(detail: tuple[int, float], thread: int) -> Any:
    """Return the SIFT of one thread: OpenCV's detectors keep state between calls."""
    import cv2

    return cv2.SIFT_create(nfeatures=detail[0], contrastThreshold=detail[1])  # pyright: ignore[reportAttributeAccessIssue]
