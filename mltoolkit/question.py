"""What was asked of a model, and whether it is asked still: settings, rules, suites, rows, then and now."""

from pathlib import Path

from mltoolkit import files, metrics, project
from mltoolkit.errors import CannotTellError, InputError
from mltoolkit.evidence import Evidence
from mltoolkit.rules import catalogue
from mltoolkit.settings import ModelSettings

Difference = tuple[str, str | None, str | None]
"""What differs, as it was when the evidence was made, and as it is now."""


def differences(evidence: Evidence, here: project.Project, settings: ModelSettings) -> list[Difference]:
    """Return what is otherwise now than when the evidence was made.

    Where an endpoint is, the rows need not be; where they are, they must be those that were judged.

    Args:
        evidence: What was measured.
        here: The project as it is now.
        settings: The model's section of it.

    Raises:
        CannotTellError: A suite cannot be read.
    """
    made = evidence.provenance
    asked: list[Difference] = [
        # First, because it is the coarsest: whatever else was set otherwise is told beside it.
        (project.PARAMS, made.params, _digest(here.root / project.PARAMS)),
        ("the rules", made.rules, _rules(evidence, settings)),
        *_of_rows(evidence, here, settings),
        ("the suites", evidence.suites, _suites(here, settings)),
        (project.LOCK, made.lock, _digest(here.root / project.LOCK)),
    ]
    return [each for each in asked if each[1] != each[2]]


def _of_rows(evidence: Evidence, here: project.Project, settings: ModelSettings) -> list[Difference]:
    rows = evidence.rows
    if rows is None:
        beside = None if settings.metrics is None else here.root / settings.metrics
        data = evidence.provenance.data
        return [
            ("`target:`", None, settings.target),
            ("the numbers", data, (None if beside is None else _digest(beside)) or data),
        ]
    positive = evidence.positive if settings.positive is None else metrics.label(settings.positive)
    return [
        ("`rows:`", rows.path, settings.rows),
        ("`id:`", rows.id, settings.id),
        ("`target:`", rows.target, settings.target),
        ("`positive:`", evidence.positive, positive),
        ("`task:`", str(evidence.task), settings.task or str(evidence.task)),
        ("`group:`", ", ".join(rows.group), ", ".join(settings.group)),
        ("`quantile:`", str(rows.quantile), str(settings.quantile)),
        ("the evaluation rows", rows.digest, _digest(here.root / settings.rows) or rows.digest),
    ]


def uncommitted(here: project.Project, top: Path) -> list[str]:
    """Return which of ``params.yaml`` and ``dvc.lock`` are not as committed, whatever git says of them.

    A file that git was told to overlook is not in the commit, however clean the tree looks.

    Args:
        here: The project.
        top: The root of the work tree.

    Raises:
        InputError: The repository has no commit.
    """
    from mltoolkit import git  # the gate asks no git on a push

    head = git.head(top)
    found = []
    for name in (project.PARAMS, project.LOCK):
        path = (here.root / name).resolve()
        inside = path.relative_to(top.resolve()).as_posix()
        now = path.read_bytes() if path.exists() else None
        if git.show(top, head, inside) != now:
            found.append(inside)
    return found


def unlike_dvc(here: project.Project, settings: ModelSettings) -> list[str]:
    """Return which of rows, model and training summary are not what DVC knows of this commit.

    Git ignores them, so that a tree with others looks clean; ``dvc.lock`` and ``.dvc`` files name theirs.

    Args:
        here: The project.
        settings: The model's section of it.

    Raises:
        InputError: ``dvc.lock`` or a ``.dvc`` file is damaged.
    """
    from mltoolkit import lineage  # evaluate asks this, the gate does not

    lock = here.root / project.LOCK
    stages = lineage.stages(lock.read_bytes() if lock.is_file() else None, project.LOCK)
    found = []
    for path in (settings.rows, settings.model, settings.training):
        if path is None:
            continue
        made, beside = lineage.maker(stages, path), here.root / f"{path}.dvc"
        if made is not None:
            wanted, what = stages[made[0]].outs[made[1]], made[1]
        elif beside.is_file():
            wanted, what = lineage.tracked(beside.read_bytes(), path), path
        else:
            continue
        if wanted is not None and files.digest_as_dvc(here.root / what) != wanted:
            found.append(f"{what} (not as DVC knows it)")
    return found


def _digest(path: Path) -> str | None:
    return files.digest_file(path) if path.is_file() else None


def _rules(evidence: Evidence, settings: ModelSettings) -> str:
    """Return the digest of the rules as they stand now."""
    made, task = evidence.provenance.rules, evidence.task
    if task is None:
        return catalogue.digest(settings.rules)
    # Of a project that wrote no rules the model's answers say which defaults are asked, and evidence was given
    # its provenance by what the model's signature promises. Both are today's.
    today = [
        catalogue.digest(catalogue.effective(settings.rules, task, probabilities=each))
        for each in (True, False)
    ]
    return made if made in today else today[0]


def _suites(here: project.Project, settings: ModelSettings) -> str | None:
    if not settings.data:
        return None
    from mltoolkit import checked_data

    try:
        return checked_data.suites(here.root, settings)
    except InputError as error:
        raise CannotTellError(f"a suite cannot be read: {error.what}", where=error.where) from error
