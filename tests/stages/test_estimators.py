"""Pipelines: imputation learned where it is fitted, null as good as NaN, unknown names no error."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mltoolkit import documents
from mltoolkit.metrics import Task
from mltoolkit.stages import estimators
from mltoolkit.stages.settings import EstimatorSettings, Kind, Section
from mltoolkit.training import Imputation, Prepared

Write = Callable[[dict[str, Any], Mapping[str, Any]], Path]

SECTION = Section(name="train", document=documents.parse("train: {}\n", "params.yaml"))
FRAME = pd.DataFrame({"size": [1.0, 2.0, 9.0, None], "color": ["red", "red", "blue", None]})


def prepared(size: Imputation, color: Imputation) -> Prepared:
    return Prepared(
        task=Task.BINARY,
        id="row_id",
        target="late",
        numeric=("size",),
        categorical=("color",),
        impute={"size": size, "color": color},
        splits={},
        positive="1",
        classes={"0": 2, "1": 2},
        mean=None,
        digests={},
    )


@pytest.mark.parametrize(
    ("fill", "filled"),
    [
        (Imputation(strategy="median"), 2.0),
        (Imputation(strategy="mean"), 4.0),
        (Imputation(strategy="constant", value=-1.0), -1.0),
        (Imputation(strategy="none"), np.nan),
    ],
)
def test_a_number_is_filled_with_what_the_fitted_rows_taught(fill: Imputation, filled: float) -> None:
    pipeline = estimators.build(
        "one",
        EstimatorSettings(kind=Kind.HISTOGRAM_GRADIENT_BOOSTING),
        prepared(fill, Imputation(strategy="most-frequent")),
        seed=1,
        section=SECTION,
    )
    made = pipeline.fit(FRAME, [True, False, True, False])[0].transform(FRAME)
    np.testing.assert_array_equal(made[:, 0], [1.0, 2.0, 9.0, filled])


@pytest.mark.parametrize("kind", [Kind.LOGISTIC_REGRESSION, Kind.RANDOM_FOREST])
@pytest.mark.parametrize(
    ("fill", "like"),
    [(Imputation(strategy="most-frequent"), "red"), (Imputation(strategy="constant", value="blue"), "blue")],
)
def test_null_and_nan_are_filled_alike_and_an_unknown_name_is_answered(
    kind: Kind, fill: Imputation, like: str
) -> None:
    pipeline = estimators.build(
        "one",
        EstimatorSettings(kind=kind),
        prepared(Imputation(strategy="median"), fill),
        seed=1,
        section=SECTION,
    ).fit(FRAME, [True, False, True, False])

    def answer(color: object) -> list[float]:
        row = pd.DataFrame({"size": [1.0], "color": pd.Series([color], dtype=object)})
        answered: list[float] = pipeline.predict_proba(row)[0].tolist()
        return answered

    assert answer(None) == answer(np.nan) == answer(like)
    assert len(answer("violet")) == 2


def test_the_seed_is_the_estimators_unless_its_own_parameters_say_otherwise() -> None:
    fills = prepared(Imputation(strategy="median"), Imputation(strategy="most-frequent"))

    def seed(settings: EstimatorSettings) -> object:
        return estimators.build("one", settings, fills, seed=7, section=SECTION)["estimator"].random_state

    assert seed(EstimatorSettings(kind=Kind.RANDOM_FOREST)) == 7
    assert seed(EstimatorSettings(kind=Kind.RANDOM_FOREST, parameters={"random_state": 3})) == 3
