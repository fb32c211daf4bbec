"""The wheel, built and installed outside the checkout."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with the wheel, and with the packages of ours beside it."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    subprocess.run(
        [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            str(wheel),
        ],
        check=True,
    )
    # The dependencies come from this environment; the package itself must not.
    (site,) = (folder / "lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "bin"


def run(program: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [str(program), *words], cwd=cwd, env=clean, capture_output=True, text=True, check=False
    )


def test_the_wheel_holds_the_package_and_the_flagship_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}

    assert tops == {"mltoolkit", f"mltoolkit-{wheel.name.split('-')[1]}.dist-info"}
    assert {
        "mltoolkit/py.typed",
        "mltoolkit/flagship/params.yaml",
        "mltoolkit/flagship/pipeline/ingest.py",
    } <= set(names)
    assert not [name for name in names if "__pycache__" in name or Path(name).name.startswith("test_")]


def test_it_is_the_wheel_that_runs(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "python", "-c", "import mltoolkit; print(mltoolkit.__file__)", cwd=tmp_path)

    assert str(installed.parent) in done.stdout


def test_the_command_line_works_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "mltoolkit", "--help", cwd=tmp_path)

    assert done.returncode == 0
    assert "evaluate" in done.stdout


def test_a_model_is_judged_in_a_project_of_its_own(installed: Path, toy: Path) -> None:
    steps = [
        run(installed / "mltoolkit", *words, cwd=toy)
        for words in (["evaluate"], ["gate"], ["report", "--output", "-"])
    ]

    assert [step.returncode for step in steps] == [0, 0, 0], [step.stderr for step in steps]
    assert steps[-1].stdout.startswith("## ✅ promote")


def test_the_demo_finds_the_flagship_inside_the_wheel(installed: Path, tmp_path: Path) -> None:
    script = "from mltoolkit.example import flagship; print(flagship())"
    done = run(installed / "python", "-c", script, cwd=tmp_path)

    assert done.stdout.strip().endswith("site-packages/mltoolkit/flagship")
