"""What holds for the tree as a whole."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mltoolkit"
MODULES = sorted(
    path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if not path.name.startswith("__")
)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_its_mirrored_test_module(module: Path) -> None:
    assert (ROOT / "tests" / module.with_name(f"test_{module.name}")).exists()


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_module_is_longer_than_400_lines(module: Path) -> None:
    assert len((PACKAGE / module).read_text().splitlines()) <= 400


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_package_index_or_a_path_of_a_machine() -> None:
    # Written in parts, so that this file is not a find itself.
    index = re.compile(
        "|".join([r"pypi\.(org|python)", r"files\.python" + "hosted", "registry\\.npm" + "js"])
    )
    machine = re.compile(r"(?<![\w.~$}/-])/(root|home/\w+|Users/\w+|work)/\w")
    found = []
    for path in tracked():
        if path.suffix in {".parquet", ".png"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.name}: {match[0]}" for match in index.finditer(text)]
        found += [f"{path.name}: {match[0]}" for match in machine.finditer(text)]

    assert found == []


def test_every_requirement_is_pinned_and_hashed() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        pinned = [line for line in path.read_text().splitlines() if line and not line.startswith((" ", "#"))]
        assert pinned
        assert all("==" in line and line.endswith("\\") for line in pinned)


def test_the_core_needs_few_packages() -> None:
    core = (ROOT / "requirements" / "core.txt").read_text()

    assert len(re.findall(r"^\S+==", core, re.MULTILINE)) <= 12


def test_every_waiver_of_the_linter_carries_its_reason() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path.suffix == ".py"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"#\s*noqa(: [A-Z0-9, ]+)?\s*$", line)
    ]

    assert bare == []


def test_every_difference_that_is_listed_is_shown_by_a_test() -> None:
    page = (ROOT / "docs" / "data-contract-differences.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ")][2:]
    named = [re.findall(r"`(\S+\.py)::(\w+)`", row) for row in rows]

    assert len(rows) > 5
    assert all(named)
    for path, name in (each for found in named for each in found):
        assert f"def {name}(" in (ROOT / "tests" / "contract" / path).read_text()
