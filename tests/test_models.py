import shutil
from pathlib import Path

import pytest

from mltoolkit import models
from mltoolkit.errors import InputError, MltoolkitError


@pytest.fixture
def model(saved_models: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved_models / "binary", tmp_path / "model"))


def edit(model: Path, before: str, after: str) -> None:
    path = model / "MLmodel"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_a_model_directory_says_what_it_is(model: Path) -> None:
    read = models.read(model)

    assert read.flavor == "sklearn"
    assert [column.name for column in read.inputs] == ["a", "b"]
    assert read.predicts_probabilities
    assert read.digest == models.digest(model)
    assert read.size == sum(path.stat().st_size for path in model.iterdir())


def test_one_changed_byte_is_another_digest(model: Path) -> None:
    before = models.digest(model)
    with (model / "requirements.txt").open("a") as file:
        file.write("\n")

    assert models.digest(model) != before


def test_an_added_file_is_another_digest(model: Path) -> None:
    before = models.digest(model)
    (model / "extra").write_text("")

    assert models.digest(model) != before


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("loader_module: mlflow.sklearn", "loader_module: os", "loaded by 'os'"),
        ("loader_module: mlflow.sklearn", "loader_module: mlflow.pyfunc.model", "not on our list"),
        ("  sklearn:\n    code: null", "  sklearn:\n    code: code", "brings code of its own"),
        ("model_path: model.skops", "model_path: ../model.skops", "not a file beside MLmodel"),
        ("pickled_model: model.skops", "pickled_model: /etc/passwd", "not a file beside MLmodel"),
        ("serialization_format: skops", "serialization_format: pickle", "may run code when it is read"),
        ("  python_function:", "  other_function:", "no python_function flavor"),
        ("  sklearn:", "  spark:", "flavors spark too"),
        ("flavors:", "flavours:", "no python_function flavor"),
        (
            "skops_trusted_types: null",
            "skops_trusted_types: [os.system]",
            "nobody reviewed: os.system",
        ),
    ],
)
def test_what_is_not_on_our_lists_is_refused_with_file_and_line(
    model: Path, before: str, after: str, said: str
) -> None:
    edit(model, before, after)

    with pytest.raises(InputError, match="MLmodel") as caught:
        models.read(model)

    assert said in str(caught.value)


@pytest.mark.parametrize("key", ["data", "model_path"])
def test_a_loader_is_not_sent_to_a_second_description(model: Path, saved_models: Path, key: str) -> None:
    """MLflow reads the serialization format from the MLmodel beside the file that it is sent to."""
    shutil.copytree(saved_models / "pickled", model / "inner")
    (file,) = (path.name for path in (model / "inner").iterdir() if path.suffix == ".pkl")
    value = "inner" if key == "data" else f"inner/{file}"
    edit(model, "    model_path: model.skops", f"    {key}: {value}")

    with pytest.raises(InputError, match="not a file beside MLmodel"):
        models.read(model)


def test_a_second_description_is_refused_wherever_it_stands(model: Path) -> None:
    (model / "deep").mkdir()
    shutil.copy(model / "MLmodel", model / "deep" / "MLmodel")

    with pytest.raises(InputError, match="a second MLmodel"):
        models.read(model)


@pytest.mark.parametrize("flavor", ["xgboost", "lightgbm"])
def test_a_flavor_that_may_hide_a_pickle_needs_an_explicit_yes(model: Path, flavor: str) -> None:
    edit(model, "loader_module: mlflow.sklearn", f"loader_module: mlflow.{flavor}")
    edit(model, "  sklearn:", f"  {flavor}:")

    with pytest.raises(InputError, match="allow-pickle: true"):
        models.read(model)
    assert models.read(model, allow_pickle=True).flavor == flavor


def test_a_pickled_model_needs_an_explicit_yes(saved_models: Path) -> None:
    with pytest.raises(InputError, match="allow-pickle: true"):
        models.read(saved_models / "pickled")

    assert models.read(saved_models / "pickled", allow_pickle=True).flavor == "sklearn"


@pytest.mark.parametrize("content", ["", "- 1", "a: [", "\x00", "a: 1", "x" * (11 * 2**20)])
def test_a_damaged_description_is_an_error_and_not_a_traceback(model: Path, content: str) -> None:
    (model / "MLmodel").write_text(content)

    with pytest.raises(MltoolkitError):
        models.read(model)


def test_a_folder_without_a_description_says_how_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")

    with pytest.raises(InputError, match="save_model"):
        models.read(tmp_path)


def test_a_missing_folder_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such"):
        models.read(tmp_path / "none")


def test_links_inside_a_model_are_refused(model: Path) -> None:
    (model / "link").symlink_to("/etc/passwd")

    with pytest.raises(InputError, match="links"):
        models.read(model)


def test_a_broken_signature_is_refused(model: Path) -> None:
    edit(model, 'inputs: \'[{"type"', 'inputs: \'[{"tpye"')

    with pytest.raises(InputError, match="not a column signature"):
        models.read(model)
