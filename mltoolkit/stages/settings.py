"""What the stages read from ``params.yaml``: the sections ``prepare``, ``train`` and ``evaluate``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

from mltoolkit import config, documents, files
from mltoolkit.errors import InputError, meant
from mltoolkit.metrics import METRICS, Task
from mltoolkit.settings import Name, Settings

T = TypeVar("T")

PARAMS = "params.yaml"
SPLIT = "split"
"""The column of ``train.parquet`` that says ``train`` or ``validation``."""

Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Periods = Annotated[int, msgspec.Meta(ge=1)]


class Constant(Settings, frozen=True, kw_only=True):
    """Fill what is missing with one value.

    Attributes:
        constant: A number for a numeric feature, a word for a categorical one.
    """

    constant: float | str


NumericFill = Literal["median", "mean", "most-frequent", "none"] | Constant
CategoricalFill = Literal["most-frequent"] | Constant


class Impute(Settings, frozen=True, kw_only=True):
    """How what is missing is filled; every value is learned on the training rows only.

    Attributes:
        numeric: For numeric features; ``none`` leaves missing values to estimators that take them.
        categorical: For categorical features; ``{constant: unknown}`` makes missing a category of its own.
        features: For single features, by name.
    """

    numeric: NumericFill = "median"
    categorical: CategoricalFill = "most-frequent"
    features: dict[str, NumericFill] = msgspec.field(default_factory=dict)


class ByTime(Settings, frozen=True, kw_only=True, tag_field="by", tag="time"):
    """The last periods are evaluated, the ones before validate, all earlier ones train.

    Attributes:
        column: A column whose sorted distinct values are the periods: a month, a week, a day.
        evaluate: How many periods are evaluated.
        validate: How many periods before those choose between estimators.
    """

    column: str
    evaluate: Periods = 1
    validate: Periods = 1


class _ByShare(Settings, frozen=True, kw_only=True):
    evaluate: Share = 0.2
    validate: Share = 0.2
    salt: str = ""

    def __post_init__(self) -> None:
        """Refuse shares that leave nothing to train on."""
        if self.evaluate + self.validate >= 1:
            raise ValueError("`evaluate` and `validate` together leave nothing to train on")


class ByGroup(_ByShare, frozen=True, kw_only=True, tag_field="by", tag="group"):
    """All rows of a group (a customer, a patient) go to one split, by a hash of the group.

    Attributes:
        column: The column that names the group.
        evaluate: Share of the groups that is evaluated.
        validate: Share of the groups that chooses between estimators.
        salt: Another one gives another split; new groups never move old ones.
    """

    column: str


class AtRandom(_ByShare, frozen=True, kw_only=True, tag_field="by", tag="random"):
    """Each row goes to a split by a hash of its id.

    Attributes:
        reason: Why rows are independent of each other. Rows that share a day, a place or a person
            are not, and a random split of them leaks.
        evaluate: Share of the rows that is evaluated.
        validate: Share of the rows that chooses between estimators.
        salt: Another one gives another split; new rows never move old ones.
    """

    reason: Annotated[str, msgspec.Meta(min_length=1)]


class PrepareSettings(Settings, frozen=True, kw_only=True):
    """The section ``prepare:``.

    Attributes:
        input: The Parquet file with all rows.
        task: What is predicted.
        id: The column that names a row; values are unique.
        target: The column with the truth.
        positive: Of a binary task, the class whose probability is judged; without it, the last one in
            sort order.
        numeric: Features that are numbers.
        categorical: Features that are names.
        keep: Further columns of the rows, such as those that name slices or groups.
        impute: How what is missing is filled.
        split: Which rows train, which choose, which are evaluated.
        output: The folder for ``train.parquet``, ``evaluation.parquet`` and ``prepared.json``.
    """

    input: str
    task: Task
    id: str = "row_id"
    target: str
    positive: str | int | bool | None = None
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    impute: Impute = Impute()
    split: ByTime | ByGroup | AtRandom
    output: str = "data"


class Kind(StrEnum):
    """An algorithm of scikit-learn."""

    LOGISTIC_REGRESSION = "logistic-regression"
    LINEAR_REGRESSION = "linear-regression"
    RANDOM_FOREST = "random-forest"
    HISTOGRAM_GRADIENT_BOOSTING = "histogram-gradient-boosting"


class EstimatorSettings(Settings, frozen=True, kw_only=True):
    """One estimator to try.

    Attributes:
        kind: The algorithm.
        parameters: Its parameters, under scikit-learn's own names.
    """

    kind: Kind
    parameters: dict[str, bool | int | float | str | None] = msgspec.field(default_factory=dict)


class TrainSettings(Settings, frozen=True, kw_only=True):
    """The section ``train:``.

    Attributes:
        select: The metric of the validation rows that chooses the estimator.
        estimators: What is tried, by name; on equal metrics the first wins.
        refit: Fit the chosen estimator again on training and validation rows together.
        seed: For whatever is random in an estimator.
        input: The folder that ``prepare`` wrote.
        model: The model directory to write.
        leaderboard: The leaderboard to write.
    """

    select: str
    estimators: dict[Name, EstimatorSettings]
    refit: bool = True
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**32)] = 0
    input: str = "data"
    model: str = "model"
    leaderboard: str = "leaderboard.json"

    def __post_init__(self) -> None:
        """Refuse an unknown metric and an empty list of estimators."""
        if self.select not in METRICS:
            raise ValueError(
                f"`select` is {self.select!r}, which is no metric; {meant(self.select, list(METRICS))}"
            )
        if not self.estimators:
            raise ValueError("`estimators` is empty: name at least one")


class EvaluateSettings(Settings, frozen=True, kw_only=True):
    """The section ``evaluate:``.

    Attributes:
        input: The folder that ``prepare`` wrote.
        model: The model directory.
        predictions: The Parquet file to write.
        metrics: The JSON file to write.
    """

    input: str = "data"
    model: str = "model"
    predictions: str = "data/predictions.parquet"
    metrics: str = "metrics.json"


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A section that was read, and where its keys stand.

    Attributes:
        name: Its key in ``params.yaml``.
        document: The whole file.
    """

    name: str
    document: documents.Document

    def refuse(self, what: str, *keys: str | int, hint: str | None = None) -> InputError:
        """Return an error that points at a key of this section."""
        return InputError(what, where=self.document.at((self.name, *keys)), hint=hint)


def read(name: str, kind: type[T]) -> tuple[T, Section]:
    """Read a section of the ``params.yaml`` in the current folder.

    Raises:
        InputError: The file or the section is missing, or something in it does not fit.
    """
    text = files.read_bytes(Path(PARAMS)).decode("utf-8-sig", errors="replace")
    document = documents.parse(text, PARAMS)
    return config.section(document, (name,), kind), Section(name=name, document=document)
