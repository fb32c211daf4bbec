"""Evidence of numbers alone: what a stage wrote now, beside what the same file held at the base commit."""

from collections.abc import Callable
from pathlib import Path

from mltoolkit import __version__, basis, figures, files, git, programs
from mltoolkit.errors import CannotTellError, InputError
from mltoolkit.evidence import Evidence, Measurement, Provenance
from mltoolkit.rules.numbers import CHALLENGER, CHAMPION
from mltoolkit.settings import ModelSettings
from mltoolkit.surroundings import Surroundings

NO_ANCHOR = "numbers alone name no model that could be kept"


def evaluate(
    root: Path,
    top: Path,
    *,
    name: str,
    endpoint: str | None,
    metrics: str,
    settings: ModelSettings,
    base: str | None,
    out: Path,
    provenance: Callable[[], Provenance],
    surroundings: Surroundings,
) -> Evidence:
    """Read both sides' numbers and write ``evidence.json``.

    Args:
        root: The project's folder.
        top: The root of the work tree.
        name: The model's name in ``params.yaml``.
        endpoint: Where it asks to go.
        metrics: The file with the numbers, relative to the project's folder.
        settings: The model's settings.
        base: The commit whose numbers are the champion's, where somebody named one.
        out: The folder to write to.
        provenance: Says where all of this comes from; asked last, when the project's own programs have run.
        surroundings: What else is known.

    Raises:
        CannotTellError: The file is missing, or holds anything but finite numbers.
        InputError: There is no such base commit.
    """
    ours = figures.read(root, metrics, CHALLENGER)
    theirs, absent, fault = _champion(root, top, metrics, base)
    evidence = Evidence(
        tool=f"mltoolkit {__version__}",
        model=name,
        endpoint=endpoint,
        task=None,
        positive=None,
        rows=None,
        challenger=None,
        champion=None,
        no_champion=absent,
        no_anchor=NO_ANCHOR,
        faults={} if fault is None else {CHAMPION: fault},
        baselines=(),
        measurements=(*ours, *theirs),
        leaderboard=(),
        worst=(),
        checks=surroundings.checks,
        suites=surroundings.suites,
        tests=surroundings.tests,
        programs=programs.run(settings.rules, root, {"MLTOOLKIT_METRICS": str((root / metrics).resolve())}),
        predictions=None,
        golden=None,
        provenance=provenance(),
    )
    files.write_bytes(out / "evidence.json", files.dump_json(evidence))
    return evidence


def _champion(
    root: Path, top: Path, metrics: str, asked: str | None
) -> tuple[list[Measurement], str | None, str | None]:
    """Return the numbers of the base commit; or why there are none, or why they cannot be told."""
    commit, why = basis.base(top, asked)
    if commit is None:
        # Only a history that begins here has nothing to compare with; one that was cut off hides it.
        begins = git.resolve(top, "HEAD~1") is None and not git.shallow(top)
        return [], why if begins else None, None if begins else why
    try:
        inside = (root / metrics).resolve().relative_to(top.resolve()).as_posix()
    except ValueError as error:
        raise InputError(f"{metrics} is outside of the repository, so no commit holds it") from error
    data = git.show(top, commit, inside)
    if data is None:
        return [], f"{metrics} is not in the commit {commit[:12]}", None
    try:
        return figures.parse(data, f"{metrics} in {commit[:12]}", CHAMPION), None, None
    except CannotTellError as error:
        where = "" if error.where is None else f"{error.where}: "
        return [], None, f"{where}{error.what}"
