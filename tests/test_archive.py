from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mltoolkit import archive, files, gate, ledger, settings
from mltoolkit.archive import Archive, read_ledger
from mltoolkit.branches import Entry
from mltoolkit.errors import CannotTellError, InputError, OutsideError
from mltoolkit.evidence import Evidence, FileRef
from mltoolkit.gate import Verdict
from mltoolkit.journal import Journal
from mltoolkit.ledger import Ledger
from mltoolkit.rules.absolute import Absolute
from mltoolkit.rules.base import Rule
from mltoolkit.scalars import ScalarNumbers

Git = Callable[..., str]
Build = Callable[..., Evidence]
Make = Callable[..., tuple[Verdict, Path]]
NOW = "2026-11-24T07:00:00+00:00"
ADA = "Ada Lovelace <ada@example.org>"
RULES: tuple[Rule, ...] = (Absolute(metric="roc-auc", at_least=0.6, confidence=None),)


def digest(name: str) -> str:
    return files.digest_bytes(name.encode())


@pytest.fixture
def judged(tmp_path: Path, evidence: Build) -> Make:
    """Write evidence of a named challenger on named rows, and judge it."""

    def make(
        name: str = "one", *, rows: range = range(100), model: str = "toy", commit: str = "c" * 40
    ) -> tuple[Verdict, Path]:
        folder = tmp_path / "evidence" / f"{model} {name} {rows} {commit}"
        refs = {}
        for file in ("predictions.parquet", "golden.json"):
            files.write_bytes(folder / file, f"{file} of {name}".encode())
            refs[file] = FileRef(path=file, digest=files.digest_file(folder / file))
        made = evidence(model=model, predictions=refs["predictions.parquet"], golden=refs["golden.json"])
        assert made.challenger is not None
        assert made.rows is not None
        made = msgspec.structs.replace(
            made,
            challenger=msgspec.structs.replace(made.challenger, digest=digest(name)),
            rows=msgspec.structs.replace(
                made.rows, digest=digest(f"{rows}"), sketch=ledger.sketch(map(str, rows))
            ),
            provenance=msgspec.structs.replace(made.provenance, commit=commit),
        )
        path = folder / "evidence.json"
        files.write_bytes(path, files.dump_json(made))
        numbers = ScalarNumbers(evidence=made)
        verdict = gate.decide(made, numbers, RULES, evidence_digest=files.digest_file(path))
        return verdict, path

    return make


def keep(state: Path, made: tuple[Verdict, Path], *, at: str = NOW) -> bool:
    return Archive(state).keep(*made, rules=RULES, by=ADA, at=at)


def record(state: Path, made: tuple[Verdict, Path]) -> int | None:
    return Archive(state).record(made[0], by=ADA, at=NOW)


def test_without_a_journal_there_are_no_looks_and_nothing_is_written(tmp_path: Path) -> None:
    state = tmp_path / "state"

    assert Archive(state).ledger() == Ledger()
    assert Archive(state).last("toy", 3, tmp_path / "out") == ()
    assert not state.exists()


def test_looks_are_counted_whatever_the_model_is_called_and_a_look_is_kept_once(
    tmp_path: Path, judged: Make
) -> None:
    places = [record(tmp_path, judged(name)) for name in ("one", "two", "one", "three", "two")]
    other = record(tmp_path, judged("four", model="other"))

    assert places == [1, 2, 1, 3, 2]
    # Another name in params.yaml makes the rows no fresher; nor does a second entry for the same model.
    assert other == 4
    assert record(tmp_path, judged("one", model="other")) == 1
    kept = Archive(tmp_path).ledger()
    assert isinstance(kept, Ledger)
    assert [each.challenger for each in kept.looks] == [
        digest(name) for name in ("one", "two", "three", "four")
    ]


def test_fresh_rows_begin_anew_and_grown_ones_do_not(tmp_path: Path, judged: Make) -> None:
    record(tmp_path, judged("one"))

    assert record(tmp_path, judged("one", rows=range(900))) == 2
    assert record(tmp_path, judged("one", rows=range(900, 1000))) == 1


def test_numbers_alone_are_no_look(tmp_path: Path, judged: Make) -> None:
    verdict, _ = judged()

    assert Archive(tmp_path).record(msgspec.structs.replace(verdict, look=None), by=ADA, at=NOW) is None
    assert not (tmp_path / "journal.git").exists()


def test_plain_git_tells_who_looked_at_what(tmp_path: Path, judged: Make, git: Git) -> None:
    record(tmp_path, judged("one"))
    record(tmp_path, judged("two"))
    repository = tmp_path / "journal.git"

    told = git(repository, "log", "-1", "--format=%an %ae%n%B", "mltoolkit/ledger")
    assert told.startswith("Ada Lovelace ada@example.org\ntoy: ")
    assert f"{files.short(digest('two'))} is look 2 at rows" in told
    assert "promote: roc-auc is 0.7" in told
    assert f"Model: {digest('two')}" in told
    assert git(repository, "fsck", "--strict") == ""
    (tmp_path / "exported.json").write_text(git(repository, "show", "mltoolkit/ledger:ledger.json") + "\n")
    assert read_ledger(tmp_path / "exported.json") == Archive(tmp_path).ledger()


def test_of_looks_at_the_same_moment_none_is_lost(tmp_path: Path, judged: Make) -> None:
    looks = [judged(f"model {number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        places = list(pool.map(lambda look: record(tmp_path, look), looks))

    kept = Archive(tmp_path).ledger()
    assert isinstance(kept, Ledger)
    assert sorted(place or 0 for place in places) == [1, 2, 3, 4]
    assert {each.challenger for each in kept.looks} == {digest(f"model {number}") for number in range(4)}


def test_evidence_at_the_same_moment_is_all_kept(tmp_path: Path, judged: Make) -> None:
    made = [judged(f"model {number}", commit=f"{number}" * 40) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda each: keep(tmp_path, each), made)) == [True] * 4

    assert len(Archive(tmp_path).last("toy", 9, tmp_path / "out")) == 4


def test_kept_evidence_comes_back_as_it_was(tmp_path: Path, judged: Make, git: Git) -> None:
    verdict, path = judged()

    assert keep(tmp_path, (verdict, path))
    assert not keep(tmp_path, (verdict, path))

    ((about, folder),) = Archive(tmp_path).last("toy", 5, tmp_path / "out")
    assert (about.commit, about.decision, about.at, about.by) == ("c" * 40, "promote", NOW, ADA)
    for name in ("evidence.json", "predictions.parquet", "golden.json"):
        assert (folder / name).read_bytes() == path.with_name(name).read_bytes()
    assert files.load(folder / "verdict.json", Verdict) == verdict
    assert '"at-least": 0.6' in (folder / "rules.json").read_text()
    assert git(tmp_path / "journal.git", "log", "-1", "--format=%s", "mltoolkit/evidence") == (
        f"toy: promote at {'c' * 12}"
    )


def test_the_last_commits_come_newest_first_and_each_once(tmp_path: Path, judged: Make) -> None:
    for name, commit in (("one", "1"), ("two", "2"), ("three", "3"), ("again", "1")):
        assert keep(tmp_path, judged(name, commit=commit * 40))
    keep(tmp_path, judged("four", model="other", commit="4" * 40))

    found = Archive(tmp_path).last("toy", 2, tmp_path / "out")

    assert [about.commit[0] for about, _ in found] == ["1", "3"]
    assert files.load(found[0][1] / "verdict.json", Verdict).challenger == digest("again")


@pytest.mark.parametrize("name", ["evidence.json", "predictions.parquet", "golden.json"])
@pytest.mark.parametrize("how", ["changed", "gone"])
def test_what_is_not_what_was_judged_is_not_kept(tmp_path: Path, judged: Make, name: str, how: str) -> None:
    verdict, path = judged()
    file = path.with_name(name)
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes() + b" ")

    with pytest.raises(CannotTellError, match="judged" if how == "changed" else "no such file"):
        keep(tmp_path / "state", (verdict, path))
    assert not (tmp_path / "state").exists()


DAMAGES = {
    "schema": b'{"schema": "mltoolkit.ledger/9"}',
    "no JSON": b"{",
    "parts": b'{"schema": "mltoolkit.ledger/1", "looks": [{"challenger": "x"}]}',
    "sketch": b'{"schema": "mltoolkit.ledger/1", "sketches": [{"count": 3, "hashes": []}]}',
    "NaN": b'{"schema": "mltoolkit.ledger/1", "looks": NaN}',
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_ledger_that_is_damaged_is_a_reason_and_never_written_over(
    tmp_path: Path, judged: Make, damage: str
) -> None:
    record(tmp_path, judged("one"))
    branches = Archive(tmp_path)._branches
    before, _ = branches.read("ledger")
    entry = Entry(files={"ledger.json": DAMAGES[damage]}, text="x", by=ADA, at=NOW)
    after = branches.append("ledger", before, entry)

    assert isinstance(Archive(tmp_path).ledger(), str)
    with pytest.raises((CannotTellError, InputError)):
        record(tmp_path, judged("two"))
    assert branches.read("ledger")[0] == after

    (tmp_path / "ledger.json").write_bytes(DAMAGES[damage])
    assert isinstance(read_ledger(tmp_path / "ledger.json"), str)


@pytest.mark.parametrize("what", ["mltoolkit/ledger:ledger.json", "mltoolkit/ledger^{tree}"])
def test_a_ledger_whose_object_is_gone_is_not_an_empty_one(
    tmp_path: Path, judged: Make, git: Git, what: str
) -> None:
    record(tmp_path, judged("one"))
    repository = tmp_path / "journal.git"
    name = git(repository, "rev-parse", what)
    (repository / "objects" / name[:2] / name[2:]).unlink()

    found = Archive(tmp_path).ledger()
    assert isinstance(found, str)
    with pytest.raises((CannotTellError, InputError, OutsideError)):
        record(tmp_path, judged("two"))


def test_evidence_whose_object_is_gone_is_told(tmp_path: Path, judged: Make, git: Git) -> None:
    keep(tmp_path, judged())
    repository = tmp_path / "journal.git"
    name = git(repository, "rev-parse", "mltoolkit/evidence:predictions.parquet")
    (repository / "objects" / name[:2] / name[2:]).unlink()

    with pytest.raises(CannotTellError, match=r"predictions\.parquet of cccccccccccc cannot be read"):
        Archive(tmp_path).last("toy", 1, tmp_path / "out")


def test_a_journal_of_somebody_elses_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "journal.git").mkdir()

    assert "not a journal of ours" in str(Archive(tmp_path).ledger())


def test_a_file_that_is_not_there_is_a_reason(tmp_path: Path) -> None:
    assert "no such file" in str(read_ledger(tmp_path / "ledger.json"))


def test_the_branches_are_no_endpoints(tmp_path: Path, judged: Make) -> None:
    record(tmp_path, judged())
    keep(tmp_path, judged())
    journal = Journal(tmp_path)

    assert {archive.LEDGER, archive.EVIDENCE} == {*settings.TAKEN}
    assert journal.names() == ()
    assert journal.read("ledger").commit is None


@pytest.mark.parametrize("name", settings.TAKEN)
def test_no_endpoint_can_be_called_like_them(name: str) -> None:
    model: dict[str, Any] = {"target": "y", "endpoints": {name: {}}}

    with pytest.raises(msgspec.ValidationError, match=f"no endpoint can be called '{name}'"):
        msgspec.convert(model, settings.ModelSettings)
