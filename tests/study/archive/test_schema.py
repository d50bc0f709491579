"""What the members of a package must say, whoever wrote them."""

import json
import re

import pytest

from bloodstudy.study.archive import schema

BOMB = b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


def read_plan(content):
    return schema.read_plan(content, "scratch")


def about(**changes):
    return json.dumps({"format": schema.FORMAT, "study": "scratch", "members": {}} | changes).encode()


@pytest.mark.parametrize(("check", "content", "told"), [
    (schema.read_manifest, b"[]", "expected an object; received []"),
    (schema.read_manifest, b"{", "Expecting property name"),
    (schema.read_manifest, about(format=99), "expected format 1; received 99"),
    (schema.read_manifest, about(study="../evil"), "study: expected the name of a study"),
    (schema.read_manifest, about(study=3), "study: expected a valid string; received 3"),
    (schema.read_manifest, about(members=[]), "members: expected an object; received []"),
    (schema.read_manifest, about(members={"plan.yaml": 3}), "members.plan.yaml: expected an object; received 3"),
    (read_plan, b"!!python/object/apply:os.system [touch canary]", "2002:python/object/apply:os.system: write"),
    (read_plan, BOMB, "alias *a: write it out"),
    (schema.check_configuration, b"!!python/name:os.system", "tag tag:yaml.org,2002:python/name:os.system: write"),
    (schema.check_configuration, b"- a\n", "expected key: value, one a line"),
    (schema.check_configuration, BOMB, "alias *a: write it out"),
    (schema.check_attempts, b"NaN", "NaN is no JSON"),
    (schema.check_attempts, b'"2"', "expected a valid integer; received '2'"),
    (schema.check_attempts, b"[[2]]", "expected a valid integer; received [[2]]"),
])  # fmt: skip
def test_a_member_that_says_what_it_must_not_is_refused_and_nothing_is_run(tmp_path, monkeypatch, check, content, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(schema.DAMAGE, match=re.escape(told)):
        check(content)
    assert list(tmp_path.iterdir()) == []


def test_what_is_as_it_should_be_is_read():
    assert schema.read_manifest(about()) == schema.Manifest(schema.FORMAT, "scratch", {})
    schema.check_attempts(b"2\n")
    schema.check_configuration(b"lr: 0.001\nimage_size: [24, 32]\n")
