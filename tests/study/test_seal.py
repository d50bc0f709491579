import json
from datetime import date

import pytest
import yaml

from bloodstudy.study.seal import seal, unseal

CONTENT = {"study": "tiny", "seeds": (0, 1), "levels": {"lr": 1e-5, "size": [24, 32]}, "reason": None}


@pytest.mark.parametrize(("write", "read"), [(json.dumps, json.loads), (yaml.safe_dump, yaml.safe_load)])
def test_what_was_sealed_is_read_as_it_was(write, read):
    sealed, plain = (json.loads(json.dumps(content)) for content in (seal(CONTENT), CONTENT))
    assert unseal(read(write(sealed))) == plain
    assert seal(CONTENT) == seal(dict(reversed(CONTENT.items()))), "whatever the order"


@pytest.mark.parametrize("change", [
    {"seeds": [0]}, {"levels": {"lr": 1e-5, "size": [24, 33]}}, {"digest": "0" * 16}, {"digest": None}, {"more": 1},
    {"when": date(2026, 1, 1)},
])  # fmt: skip
def test_what_was_changed_is_refused(change):
    with pytest.raises(ValueError, match="changed or cut off after it was written"):
        unseal(seal(CONTENT) | change)


def test_a_digest_without_its_format_is_checked_all_the_same():
    sealed = {name: value for name, value in seal(CONTENT).items() if name != "format"}
    with pytest.raises(ValueError, match="changed or cut off after it was written"):
        unseal(sealed)


def test_what_was_cut_off_is_refused_wherever_that_was():
    lines = yaml.safe_dump(seal(CONTENT), sort_keys=False).splitlines(keepends=True)
    for end in range(1, len(lines)):
        with pytest.raises(ValueError, match="changed or cut off"):
            unseal(yaml.safe_load("".join(lines[:end])))


def test_records_of_before_are_read_as_they_are_and_later_ones_are_refused():
    assert unseal({"study": "tiny"}) == {"study": "tiny"}
    assert unseal([1]) == [1]
    with pytest.raises(ValueError, match=r"expected format 2; received 3\. Another version wrote it"):
        unseal(seal(CONTENT) | {"format": 3})
