import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mltoolkit import files, numbers_alone
from mltoolkit.errors import CannotTellError, InputError
from mltoolkit.evidence import Evidence, Provenance
from mltoolkit.rules.custom import Custom
from mltoolkit.settings import ModelSettings
from mltoolkit.surroundings import Surroundings

Git = Callable[..., str]
Evaluate = Callable[..., Evidence]
DIGEST = f"sha256:{'a' * 64}"
ORIGIN = Provenance(
    commit="c" * 40, dirty=False, event="push", ref=None, run=None, actor=None,
    data=DIGEST, params=None, lock=None, rules=DIGEST,
)  # fmt: skip


@pytest.fixture
def commit(repository: Path, git: Git) -> Callable[..., str]:
    """Commit the numbers of one state of the project; its commit."""

    def call(content: str | None = None, **numbers: float) -> str:
        (repository / "metrics.json").write_text(json.dumps(numbers) if content is None else content)
        git(repository, "add", "-A")
        git(repository, "commit", "--quiet", "--allow-empty", "-m", "Numbers")
        return git(repository, "rev-parse", "HEAD")

    return call


@pytest.fixture
def evaluate(repository: Path) -> Evaluate:
    def call(base: str | None = None, root: Path = repository, **settings: object) -> Evidence:
        return numbers_alone.evaluate(
            root,
            repository,
            name="toy",
            endpoint="local",
            metrics="metrics.json",
            settings=ModelSettings(metrics="metrics.json", **settings),  # type: ignore[arg-type]
            base=base,
            out=repository / "reports" / "toy",
            provenance=lambda: ORIGIN,
            surroundings=Surroundings(),
        )

    return call


def value(evidence: Evidence, metric: str, of: str) -> float | None:
    found = evidence.measured(metric, of)
    return None if found is None else found.value


def test_numbers_stand_beside_those_of_the_parent(
    commit: Callable[..., str], evaluate: Evaluate, repository: Path
) -> None:
    commit(mae=2.0, gone=1)
    commit(mae=1.5, new=1)
    made = evaluate()

    assert value(made, "file:mae", "challenger") == 1.5
    assert value(made, "file:mae", "champion") == 2.0
    assert (value(made, "file:new", "champion"), value(made, "file:gone", "challenger")) == (None, None)
    assert (made.task, made.rows, made.challenger, made.champion, made.predictions, made.golden) == (
        None,
    ) * 6
    assert (made.no_champion, made.faults) == (None, {})
    assert files.load(repository / "reports" / "toy" / "evidence.json", Evidence) == made


def test_another_commit_can_be_named(commit: Callable[..., str], evaluate: Evaluate) -> None:
    first = commit(mae=2.0)
    commit(mae=1.8)
    commit(mae=1.5)

    assert value(evaluate(base=first), "file:mae", "champion") == 2.0
    with pytest.raises(InputError, match="no commit 'nowhere'"):
        evaluate(base="nowhere")


def test_where_the_numbers_are_new_there_is_no_champion(
    commit: Callable[..., str], evaluate: Evaluate
) -> None:
    commit(mae=2.0)
    made = evaluate()

    assert made.no_champion is not None
    assert made.no_champion.startswith("metrics.json is not in the commit ")
    assert made.faults == {}


def test_a_history_that_begins_here_has_no_champion_and_one_that_is_cut_off_a_fault(
    repository: Path, evaluate: Evaluate, commit: Callable[..., str], git: Git, tmp_path: Path
) -> None:
    (repository / "metrics.json").write_text('{"mae": 1}')
    assert evaluate().no_champion == "this is the first commit"

    commit(mae=2.0)
    commit(mae=1.0)
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository}", "shallow")
    made = numbers_alone.evaluate(
        tmp_path / "shallow",
        tmp_path / "shallow",
        name="toy",
        endpoint=None,
        metrics="metrics.json",
        settings=ModelSettings(metrics="metrics.json"),
        base=None,
        out=tmp_path / "out",
        provenance=lambda: ORIGIN,
        surroundings=Surroundings(),
    )
    assert made.no_champion is None
    assert "git fetch --unshallow" in made.faults["champion"]


def test_damaged_numbers_of_the_base_are_a_fault_and_damaged_ones_of_now_an_error(
    commit: Callable[..., str], evaluate: Evaluate
) -> None:
    damaged = commit('{"mae": NaN}')
    with pytest.raises(CannotTellError, match="NaN"):
        evaluate()
    commit(mae=1.0)
    made = evaluate()

    assert made.no_champion is None
    assert made.faults["champion"].startswith(f"metrics.json in {damaged[:12]}")
    assert value(made, "file:mae", "challenger") == 1.0


def test_a_file_outside_of_the_repository_has_no_history(
    commit: Callable[..., str], evaluate: Evaluate, tmp_path: Path
) -> None:
    commit(mae=1.0)
    (tmp_path / "metrics.json").write_text('{"mae": 1}')

    with pytest.raises(InputError, match="outside of the repository"):
        evaluate(root=tmp_path)


def test_programs_are_told_where_the_numbers_are(
    commit: Callable[..., str], evaluate: Evaluate, repository: Path
) -> None:
    commit(mae=1.0)
    (repository / "look.py").write_text(
        "import json, os\n"
        "numbers = json.load(open(os.environ['MLTOOLKIT_METRICS']))\n"
        "print(json.dumps({'answer': 'fail', 'reason': 'too large', 'value': numbers['mae']}))\n"
    )
    rule = Custom(name="look", command=(sys.executable, "look.py"))
    (run,) = evaluate(rules=(rule,)).programs

    assert (run.answer, run.value, run.fault) == ("fail", 1.0, None)
