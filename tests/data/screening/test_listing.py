"""Too few images are refused with counts; any change of a file changes the signature."""

import os

from bloodstudy.data.screening.listing import refuse_thin_classes
from bloodstudy.data.sources.folder import list_folder


def check(listing, official):
    refuse_thin_classes(listing, official, listing.candidates, "offered", "Add images.")


def test_enough_is_enough(class_folders):
    listing = list_folder(class_folders({"train/A": 2, "train/B": 2, "test/A": 2, "test/B": 2}))
    check(listing, True)
    check(listing, False)


def test_signature_changes_with_every_file(small):
    before = list_folder(small).signature
    assert list_folder(small).signature == before
    path = small / "train/A/000.jpg"
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # same size, same time: the change time tells
    changed = list_folder(small).signature
    assert changed != before
    path.rename(small / "train/A/zzz.jpg")
    renamed = list_folder(small).signature
    assert renamed not in (before, changed)
    (small / "train/A/zzz.jpg").unlink()
    assert list_folder(small).signature not in (before, changed, renamed)
