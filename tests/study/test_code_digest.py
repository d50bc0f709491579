import pytest

from bloodstudy import PACKAGE
from bloodstudy.study import code_digest


def test_the_digest_is_of_sixteen_hex_digits_and_of_what_decides_the_numbers():
    assert len(code_digest.code_digest()) == 16
    assert int(code_digest.code_digest(), 16) >= 0
    assert all((PACKAGE / name).exists() for name in code_digest.DECIDING)
    assert code_digest.digest_of(PACKAGE, list(PACKAGE.glob("reporting/*.py"))) != code_digest.code_digest()


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "model").mkdir()
    files = [tmp_path / "config.py", tmp_path / "model" / "blocks.py"]
    for file in files:
        file.write_bytes(b"a = 1\n")
    return files


def test_an_edited_a_renamed_and_a_new_source_change_it_and_other_line_ends_do_not(tmp_path, sources):
    first = code_digest.digest_of(tmp_path, sources)
    assert code_digest.digest_of(tmp_path, sources[::-1]) == first
    sources[1].write_bytes(b"a = 1\r\n")
    assert code_digest.digest_of(tmp_path, sources) == first
    sources[1].write_bytes(b"a = 2\n")
    assert code_digest.digest_of(tmp_path, sources) != first
    sources[1].write_bytes(b"a = 1\n")
    renamed = sources[1].rename(tmp_path / "model" / "layers.py")
    assert code_digest.digest_of(tmp_path, [sources[0], renamed]) != first
    assert code_digest.digest_of(tmp_path, sources[:1]) != first
