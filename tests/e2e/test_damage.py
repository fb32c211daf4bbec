"""Damaged inputs of the gate: none ends with 0, unless what the gate makes of it is what it made of the whole one.

A damage is what no honest writer leaves: files cut or with bytes flipped, keys that are gone, values of another
kind or out of range. Some hundred cases here; ``make damage`` runs all ten thousand.
"""

import json
import math
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit import files, ledger
from mltoolkit.evidence import Evidence, Measurement, Rows
from mltoolkit.ledger import Ledger, Look

Call = Callable[..., Any]
Damage = Callable[[random.Random, "Inputs"], str]

RULES = """\
      rules:
        - {kind: absolute, metric: roc-auc, at-least: 0.6, confidence: 0.9}
        - {kind: better-than-baseline, metric: brier, baseline: base-rate, by: 0.001, confidence: 0.9}
        - {kind: no-worse-than, metric: accuracy, over: champion, margin: 0.1, confidence: 0.9}
        - {kind: absolute, metric: "file:profit", at-least: 1}
        - {kind: reuse, budget: 3}
"""
"""Each of them passes on the whole inputs, and each rests on another part of them."""

WORDS = (
    ".nan", ".inf", "-.inf", "null", "-0.5", "95", "1e999", "text", "[]", "{}", "''", "'0.6'", "true", "-1",
)  # fmt: skip
"""What stands where a rule's value should."""

HONEST = {("at-least", "-1"), ("at-least", "-0.5"), ("budget", "95"), ("confidence", "null")}
"""What somebody may mean: a floor under a loss, many looks, a number as it stands."""

CASES = int(os.environ.get("MLTOOLKIT_DAMAGE", "500"))

ODD: tuple[Any, ...] = (
    math.nan, math.inf, -math.inf, None, -1, 2**60, -(2**60), 1e308, True, False, "", "0.5", "text", [], {}, [[]],
    "\x00", 10**400, 0.5j,
)  # fmt: skip
"""What stands where another value should; the last is written as a number that no float holds."""


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate reads.

    Attributes:
        root: The project.
        whole: The content of its files before any damage, by path.
    """

    root: Path
    whole: dict[Path, bytes]

    @property
    def evidence(self) -> Path:
        return self.root / "reports" / "toy" / "evidence.json"

    @property
    def predictions(self) -> Path:
        return self.evidence.with_name("predictions.parquet")

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.json"

    @property
    def params(self) -> Path:
        return self.root / "params.yaml"

    def restore(self) -> None:
        for path, data in self.whole.items():
            if not path.exists() or path.read_bytes() != data:
                path.write_bytes(data)

    def bind(self) -> None:
        """Let the evidence speak of the predictions as they are now, as if it was made with them."""
        plain = json.loads(self.evidence.read_text())
        plain["predictions"]["digest"] = files.digest_file(self.predictions)
        self.evidence.write_text(json.dumps(plain))


@pytest.fixture
def inputs(toy: Path, judge: Callable[..., None]) -> Inputs:
    """A good challenger with a champion, a number of a stage, and two looks before it."""
    params = toy / "params.yaml"
    params.write_text(params.read_text().split("      rules:\n")[0] + RULES)
    judge(toy, champion=f"sha256:{'c' * 64}")
    path = toy / "reports" / "toy" / "evidence.json"
    made = files.load(path, Evidence)
    profit = Measurement(metric="file:profit", of="challenger", value=2.0)
    files.write_bytes(
        path,
        files.dump_json(msgspec.structs.replace(made, measurements=(*made.measurements, profit))),
    )
    files.write_bytes(toy / "ledger.json", files.dump_json(looks(made.rows)))
    paths = [params, toy / "ledger.json", *path.parent.glob("*.*")]
    return Inputs(root=toy, whole={each: each.read_bytes() for each in paths if each.name != "verdict.json"})


def looks(rows: Rows | None) -> Ledger:
    """Return two looks at the rows, and one at others."""
    assert rows is not None
    assert rows.sketch is not None
    kept = Ledger()
    for letter in "12":
        kept = ledger.recorded(
            kept, Look(challenger=f"sha256:{letter * 64}", rows=rows.digest, sketch=rows.sketch)
        )
    other = ledger.sketch(f"other {number}" for number in range(300))
    return ledger.recorded(
        kept, Look(challenger=f"sha256:{'1' * 64}", rows=f"sha256:{'9' * 64}", sketch=other)
    )


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Walk every place of a JSON document."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from places(each, (*path, key))


def holder(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        value = value[key]
    return value


def at_any_depth(draw: random.Random, document: Any) -> tuple[Any, ...]:
    """Choose a place: as often a key near the top as one of the many deep ones."""
    found = list(places(document))
    deep = draw.choice(found)
    return deep[: draw.randint(1, len(deep))]


def spelled(value: Any) -> str:
    """Return JSON with what JSON has no word for."""
    return json.dumps(value, default=lambda _: "?").replace('"?"', "1e400")


def odd_json(draw: random.Random, path: Path) -> str:
    """Put an odd value somewhere into a JSON file, or take a key or an item away."""
    document = json.loads(path.read_text())
    place = at_any_depth(draw, document)
    within = holder(document, place)
    if draw.random() < 0.3:
        del within[place[-1]]
        told = "gone"
    else:
        odd = draw.choice(ODD)
        within[place[-1]], told = odd, repr(odd)
    path.write_text(spelled(document))
    return f"{path.name} {'.'.join(map(str, place))}: {told[:20]}"


def torn(draw: random.Random, path: Path) -> str:
    """Cut, empty, prolong, or flip bits of a file."""
    data = bytearray(path.read_bytes())
    how = draw.choice(["cut", "empty", "mark", "trailing", "utf-16", "bytes", "bytes", "bytes", "zeros"])
    match how:
        case "cut":
            del data[draw.randrange(len(data)) :]
        case "empty":
            data.clear()
        case "mark":
            data[:0] = b"\xef\xbb\xbf"
        case "trailing":
            data += draw.choice([b"x", b"}", b"\x00", b"[]"])
        case "utf-16":
            data = bytearray(bytes(data).decode("latin-1").encode("utf-16"))
        case "zeros":
            at = draw.randrange(len(data))
            data[at : at + 64] = bytes(min(64, len(data) - at))
        case _:
            for _ in range(draw.randint(1, 4)):
                # To what is no digit nor letter of the file's own alphabet: another honest value is no damage.
                data[draw.randrange(len(data))] = draw.choice(b"\x00\xff\x7f{}[]\"'@!")
    path.write_bytes(data)
    return f"{path.name} {how}"


def odd_evidence(draw: random.Random, inputs: Inputs) -> str:
    return odd_json(draw, inputs.evidence)


def odd_ledger(draw: random.Random, inputs: Inputs) -> str:
    return odd_json(draw, inputs.ledger)


def torn_file(draw: random.Random, inputs: Inputs) -> str:
    return torn(draw, draw.choice([inputs.evidence, inputs.ledger, inputs.predictions]))


def twice(draw: random.Random, inputs: Inputs) -> str:
    """Write a key of the evidence or the ledger a second time."""
    path = draw.choice([inputs.evidence, inputs.ledger])
    lines = path.read_text().splitlines()
    at = draw.choice([at for at, line in enumerate(lines) if '": ' in line and line.endswith(",")])
    lines.insert(at, lines[at])
    path.write_text("\n".join(lines))
    return f"{path.name} twice {lines[at].strip()}"


def odd_cells(draw: random.Random, inputs: Inputs) -> str:
    """Put what no model answers into some rows of a column, under a right digest."""
    table = pq.read_table(inputs.predictions)
    name = draw.choice(table.column_names)
    values = table[name].to_pylist()
    if isinstance(values[0], float):
        odd: Any = draw.choice([math.nan, math.inf, -0.25, 1.25, None, 1e308, -1e-9])
    elif isinstance(values[0], int):
        odd = draw.choice([None, -1])
    else:
        odd = draw.choice([None, "", "2", "text", values[-1] if name == "row_id" else None])
    for _ in range(draw.randint(1, 3)):
        values[draw.randrange(len(values) - 1)] = odd
    made = table.set_column(table.column_names.index(name), name, pa.array(values, table[name].type))
    pq.write_table(made, inputs.predictions)
    inputs.bind()
    return f"predictions {name}: {odd!r}"


def odd_table(draw: random.Random, inputs: Inputs) -> str:
    """Take rows or columns away, double them, rename them or change their type, under a right digest."""
    table = pq.read_table(inputs.predictions)
    name = draw.choice(table.column_names)
    at = table.column_names.index(name)
    how = draw.choice(
        ["drop rows", "double rows", "no rows", "one row", "drop", "double", "rename", "type", "more"]
    )
    match how:
        case "drop rows":
            table = table.slice(draw.randint(1, 50))
        case "double rows":
            table = pa.concat_tables([table, table.slice(0, draw.randint(1, 50))])
        case "no rows":
            table = table.slice(0, 0)
        case "one row":
            table = table.slice(0, 1)
        case "drop":
            table = table.drop_columns([name])
        case "double":
            table = table.append_column(name, table[name])
        case "rename":
            table = table.rename_columns(["other" if each == name else each for each in table.column_names])
        case "type":
            table = table.set_column(at, name, pa.array([[1]] * len(table)))
        case _:
            table = table.append_column(f"{name} ", table[name])
    pq.write_table(table, inputs.predictions)
    inputs.bind()
    return f"predictions {how} {name}"


def mixed_rows(draw: random.Random, inputs: Inputs) -> str:
    """Shuffle what the challenger says: rows that are not those of their ids, under a right digest."""
    table = pq.read_table(inputs.predictions)
    order = draw.sample(range(len(table)), len(table))
    for at, name in enumerate(table.column_names):
        if name.startswith("challenger"):
            table = table.set_column(at, name, table[name].take(pa.array(order)))
    pq.write_table(table, inputs.predictions)
    inputs.bind()
    return "predictions shuffled"


def odd_rules(draw: random.Random, inputs: Inputs) -> str:
    """Give a key of a rule a value that means nothing, take a key away, or misspell it."""
    lines = inputs.params.read_text().splitlines()
    at = draw.choice([at for at, line in enumerate(lines) if "{kind" in line])
    head, _, body = lines[at].partition("{")
    pairs = [pair.split(": ", 1) for pair in body.rstrip("}").split(", ")]
    pair = draw.choice(pairs)
    needed = pair[0] not in {"confidence", "over", "by", "budget"}
    match draw.choice(
        ["odd", "odd", "gone", "misspelled", "twice"] if needed else ["odd", "odd", "misspelled", "twice"]
    ):
        case "gone":
            pairs.remove(pair)
        case "misspelled":
            pair[0] = pair[0][::-1]
        case "twice":
            pairs.append(pair)
        case _:
            pair[1] = draw.choice([each for each in WORDS if (pair[0], each) not in HONEST])
    lines[at] = f"{head}{{{', '.join(': '.join(each) for each in pairs)}}}"
    inputs.params.write_text("\n".join(lines) + "\n")
    return f"rule {lines[at].strip()}"


KINDS: dict[str, Damage] = {
    each.__name__: each
    for each in (odd_evidence, odd_ledger, torn_file, twice, odd_cells, odd_table, mixed_rows, odd_rules)
}


@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", KINDS)
def test_no_damage_ends_with_0(cli: Call, inputs: Inputs, kind: str) -> None:
    words = "gate", "--project", inputs.root, "--ledger", inputs.ledger, "--json"
    called = cli(*words)
    assert called.code == 0, called
    whole = json.loads(called.out)["findings"]
    assert [finding["answer"] for finding in whole] == ["pass"] * 5

    wrong = []
    for seed in range(CASES // len(KINDS)):
        inputs.restore()
        draw = random.Random(f"{kind} {seed}")  # noqa: S311 - the same cases each time, no secret
        told = KINDS[kind](draw, inputs)
        called = cli(*words)
        said = json.loads(called.out)
        if called.code not in {0, 1, 2, 3} or (called.code == 0 and said["findings"] != whole):
            wrong.append((seed, called.code, told))

    assert not wrong, "\n".join(map(str, wrong))


NUMBERS = """\
mltoolkit:
  models:
    toy:
      metrics: metrics.json
      rules:
        - {kind: absolute, metric: "file:profit", at-least: 1, at-most: 9}
        - {kind: absolute, metric: "file:test.error", at-most: 0.5, at-least: 0}
"""


def odd_metrics(draw: random.Random, path: Path) -> str:
    """Damage a stage's file of numbers: its text, or one of its values."""
    if draw.random() < 0.4:
        return torn(draw, path)
    document = json.loads(path.read_text())
    place = draw.choice([("profit",), ("test",), ("test", "error")])
    within = holder(document, place)
    odd = draw.choice([*ODD, 2**53 + 1, "deep", "gone", "list"])
    match odd:
        case "gone":
            del within[place[-1]]
        case "list":
            document = [document]
        case "deep":
            within[place[-1]] = "deep"
        case _:
            within[place[-1]] = odd
    text = spelled(document).replace('"deep"', "[" * 100_000 + "]" * 100_000)
    path.write_text(text)
    return f"metrics {place} {odd!r}"[:60]


@pytest.mark.timeout(0)
def test_no_damage_of_a_stages_numbers_ends_with_0(
    cli: Call, repository: Path, git: Callable[..., str]
) -> None:
    (repository / "params.yaml").write_text(NUMBERS)
    path = repository / "metrics.json"
    path.write_text(json.dumps({"profit": 2.5, "test": {"error": 0.25}}, indent=1))
    git(repository, "add", "-A")
    git(repository, "commit", "--quiet", "-m", "Numbers")
    whole = path.read_bytes()

    def judged() -> tuple[int, Any]:
        called = cli("evaluate", "--project", repository, "--json")
        if not called.code:
            called = cli("gate", "--project", repository, "--json")
        return called.code, json.loads(called.out).get("findings") or called

    code, findings = judged()
    assert code == 0, findings

    wrong = []
    for seed in range(CASES // 10):
        path.write_bytes(whole)
        draw = random.Random(f"metrics {seed}")  # noqa: S311 - the same cases each time, no secret
        told = odd_metrics(draw, path)
        code, said = judged()
        if code not in {0, 1, 2, 3} or (code == 0 and said != findings):
            wrong.append((seed, code, told))

    assert not wrong, "\n".join(map(str, wrong))
