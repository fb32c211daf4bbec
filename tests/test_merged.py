import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mltoolkit import files, project
from mltoolkit.evidence import Evidence
from mltoolkit.merged import Merged

Build = Callable[..., Evidence]
Git = Callable[..., str]
Told = tuple[tuple[str, ...], tuple[str, ...]]

YAML = """\
stages:
  split:
    desc: words
    cmd: python split.py
    deps: [split.py, raw.csv]
    params: [split]
    outs: [rows.parquet]
"""


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def lock(root: Path, *, by: str = "month", cmd: str = "python split.py") -> None:
    """Write what DVC writes after a run."""
    listed = {
        name: f"{{path: {name}, md5: {md5(root / name)}}}" for name in ("split.py", "raw.csv", "rows.parquet")
    }
    (root / "dvc.lock").write_text(
        f"stages:\n  split:\n    cmd: {cmd}\n    deps: [{listed['split.py']}, {listed['raw.csv']}]\n"
        f"    params: {{params.yaml: {{split: {{by: {by}}}}}}}\n    outs: [{listed['rows.parquet']}]\n"
    )


@pytest.fixture
def piped(toy: Path, git: Git) -> Path:
    """A project whose rows a stage of DVC makes, of data that DVC tracks."""
    git(toy, "rm", "--quiet", "--cached", "rows.parquet")
    (toy / ".gitignore").write_text("/reports/\n/.mltoolkit/\n/rows.parquet\n/raw.csv\n")
    params = toy / "params.yaml"
    params.write_text(f"split: {{by: month}}\n{params.read_text()}")
    for name, text in (
        ("split.py", "1"),
        ("raw.csv", "a"),
        ("raw.csv.dvc", "outs: []\n"),
        ("dvc.yaml", YAML),
    ):
        (toy / name).write_text(text)
    lock(toy)
    git(toy, "add", "-A")
    git(toy, "commit", "--quiet", "-m", "A pipeline")
    return toy


@pytest.fixture
def told(evidence: Build, git: Git) -> Callable[[Path], Told]:
    """Ask what the project changed since the last commit, on evidence of the rows that are there."""

    def ask(root: Path) -> Told:
        here, made = project.load(root), evidence()
        assert made.rows is not None
        rows = msgspec.structs.replace(made.rows, digest=files.digest_file(root / "rows.parquet"))
        merged = Merged(root, git(root, "rev-parse", "HEAD"), here)
        return merged.rows(msgspec.structs.replace(made, rows=rows), here.settings.models["toy"])

    return ask


def test_committed_rows_are_those_of_the_base(toy: Path, told: Callable[[Path], Told]) -> None:
    assert told(toy) == ((), ())

    (toy / "rows.parquet").write_bytes(b"fewer")
    assert told(toy) == (("rows.parquet: another content",), ())

    (toy / "rows.parquet").unlink()
    (toy / "easy.parquet").write_bytes(b"easy")
    (toy / "rows.parquet").symlink_to("easy.parquet")
    assert told(toy) == (("rows.parquet: another content",), ())


def test_rows_that_nothing_tells_of_cannot_be_compared(
    toy: Path, told: Callable[[Path], Told], git: Git
) -> None:
    git(toy, "rm", "--quiet", "--cached", "rows.parquet")
    git(toy, "commit", "--quiet", "-m", "No rows")

    assert "neither git nor DVC tells" in told(toy)[0][0]


def test_rows_that_dvc_tracks_by_themselves_are_those_that_the_base_names(
    toy: Path, told: Callable[[Path], Told], git: Git
) -> None:
    git(toy, "rm", "--quiet", "--cached", "rows.parquet")
    rows = toy / "rows.parquet"
    (toy / "rows.parquet.dvc").write_text(f"outs:\n- {{md5: {md5(rows)}, path: rows.parquet}}\n")
    git(toy, "add", "rows.parquet.dvc")
    git(toy, "commit", "--quiet", "-m", "Tracked")
    assert told(toy) == ((), ())

    rows.write_bytes(b"fewer")
    assert told(toy)[0] == ("rows.parquet: not what rows.parquet.dvc of the base commit names",)


def test_new_data_are_no_new_choice(piped: Path, told: Callable[[Path], Told]) -> None:
    assert told(piped) == ((), ())

    (piped / "raw.csv").write_text("a new month")
    (piped / "rows.parquet").write_bytes(b"its rows")
    lock(piped)
    assert told(piped) == ((), ("raw.csv",))


def test_new_data_that_nothing_tracks_could_be_anything(
    piped: Path, told: Callable[[Path], Told], git: Git
) -> None:
    git(piped, "rm", "--quiet", "raw.csv.dvc")
    git(piped, "commit", "--quiet", "-m", "Not tracked")
    assert told(piped) == ((), ())

    (piped / "raw.csv").write_text("a new month, or less of an old one")
    lock(piped)
    assert told(piped)[0] == ("evaluation rows: raw.csv: others, and nothing tells where they come from",)


def replaced(name: str, before: str, after: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / name).read_text()
        assert before in text
        (root / name).write_text(text.replace(before, after))

    return change


def code(root: Path) -> None:
    (root / "split.py").write_text("2")
    lock(root)


def unrun(root: Path) -> None:
    (root / "split.py").write_text("2")


def another_command(root: Path) -> None:
    lock(root, cmd="python split.py --easy")


def settings(root: Path) -> None:
    replaced("params.yaml", "by: month", "by: luck")(root)
    lock(root, by="luck")


def rows_alone(root: Path) -> None:
    (root / "rows.parquet").write_bytes(b"fewer")


def no_lock(root: Path) -> None:
    (root / "dvc.lock").unlink()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (code, "split.py: another content"),
        (unrun, "split.py: another content"),
        (another_command, "stage split: python split.py -> python split.py --easy"),
        (settings, "stage split: split.by: month -> luck"),
        (replaced("params.yaml", "by: month", "by: luck"), "is of other settings than params.yaml: split.by"),
        (replaced("dvc.yaml", "cmd: python", "cmd: python3"), "stage split in dvc.yaml: another definition"),
        (replaced("dvc.yaml", "stages:", "vars: [{a: 1}]\nstages:"), "`vars` in dvc.yaml: others"),
        (rows_alone, "rows.parquet: not here as dvc.lock names it"),
        (no_lock, "comes from the stage split -> no stage"),
    ],
    ids=[
        "code",
        "code that was not run",
        "command",
        "settings",
        "settings not run",
        "definition",
        "vars",
        "rows",
        "lock",
    ],
)
def test_another_choice_is_told(
    piped: Path, told: Callable[[Path], Told], change: Callable[[Path], None], said: str
) -> None:
    change(piped)
    changed, _ = told(piped)

    assert any(said in each for each in changed), changed


def test_words_for_people_are_no_definition(piped: Path, told: Callable[[Path], Told]) -> None:
    replaced("dvc.yaml", "desc: words", "desc: others")(piped)

    assert told(piped) == ((), ())


def test_a_program_that_decides_is_the_base_s(toy: Path, git: Git) -> None:
    params = toy / "params.yaml"
    rule = (
        "        - {kind: custom, name: ours, command: [python, -m, checks.ours, --with=checks/list.txt]}\n"
    )
    params.write_text(params.read_text().replace("      slices:", f"{rule}      slices:"))
    (toy / "checks").mkdir()
    for name in ("ours.py", "list.txt", "other.py"):
        (toy / "checks" / name).write_text("1")
    git(toy, "add", "-A")
    git(toy, "commit", "--quiet", "-m", "A program")
    here = project.load(toy)
    merged = Merged(toy, git(toy, "rev-parse", "HEAD"), here)
    rules = here.settings.models["toy"].rules
    assert merged.programs(rules) == ()

    for name in ("ours.py", "list.txt", "other.py"):
        (toy / "checks" / name).write_text("2")
    assert merged.programs(rules) == (
        "program checks/list.txt: another content",
        "program checks/ours.py: another content",
    )
