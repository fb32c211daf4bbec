import time

import pytest

from mltoolkit import documents
from mltoolkit.errors import InputError


def test_yaml_means_what_dvc_takes_it_for() -> None:
    from dvc.utils.serialize import parse_yaml

    text = "a: yes\nb: 012\nc: 1e3\nd: 0x1F\ne: 1_000\nf: ~\ng: 2013-11\nh: .5\ni: on\nj: 'x'\nk: 0o17\nl: -3\nm: true"

    assert documents.parse(text, "x").values == parse_yaml(text, "x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1", "must be a mapping"),
        ("just text", "must be a mapping"),
        ("a: [1", "not YAML"),
        ("a:\n\t- 1", "not YAML"),
        ("a: !!python/object/apply:os.system [id]", "not allowed"),
        ("a: !custom 1", "is not a value that is allowed here"),
        ("a: .NaN", "not a finite number"),
        ("a: .Inf", "not a finite number"),
        ("a: -.INF", "not a finite number"),
        (f"a: {'1' * 5000}", "is not a value that is allowed here"),
        ("a: !!int abc", "is not a value that is allowed here"),
        ("a: !!float abc", "is not a value that is allowed here"),
        ("%YAML 1.1\n---\na: 1:30", "is not a value that is allowed here"),
        ("%YAML 1.1\n---\na: yes", "is not a value that is allowed here"),
        ('a: "b\\0c"', "is not a value that is allowed here"),
        ("a: &a [*a]", "too large or too deep"),
        ("a: 1\n<<: {b: 2}", "merge keys"),
        ("? [a]\n: 1", "a key must be a plain word"),
        ("a: \x00", "not YAML"),
    ],
    ids=lambda value: value[:30],
)
def test_what_is_not_a_plain_mapping_of_plain_values_is_refused_with_a_reason(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        documents.parse(text, "params.yaml")

    assert said in str(caught.value)
    assert "params.yaml" in str(caught.value)


def test_an_alias_bomb_is_refused_in_bounded_time() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    start = time.monotonic()

    with pytest.raises(InputError, match="too large or too deep"):
        documents.parse(bomb, "params.yaml")

    assert time.monotonic() - start < 20


def test_every_key_has_a_line_and_what_is_not_there_that_of_its_parent() -> None:
    document = documents.parse("a:\n  b:\n    - c: 1\n    - d: 2\n", "x.yaml")

    assert document.at(("a", "b", 1, "d")).line == 4
    assert str(document.at(("a", "b", 1, "d"))) == "x.yaml:4: a.b[1].d"
    assert document.at(("a", "missing", "deeper")).line == 1
    assert document.at(()).line == 1


def test_an_empty_file_is_an_empty_mapping() -> None:
    assert documents.parse("", "x.yaml").values == {}
