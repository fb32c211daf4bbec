"""From an estimator's settings to a scikit-learn pipeline that takes the table as it is.

Imputers and encoders are inside the pipeline: they learn from the rows it is fitted on and from no
others, and the served model needs nothing beside it.
"""

import inspect
from typing import Any, TypeAlias

from mltoolkit.errors import meant
from mltoolkit.metrics import Task
from mltoolkit.stages.settings import EstimatorSettings, Kind, Section
from mltoolkit.training import Imputation, Prepared

Pipeline: TypeAlias = Any
"""A ``sklearn.pipeline.Pipeline``; scikit-learn has no types."""

_LINEAR = {Kind.LOGISTIC_REGRESSION, Kind.LINEAR_REGRESSION}


def build(
    name: str, settings: EstimatorSettings, prepared: Prepared, *, seed: int, section: Section
) -> Pipeline:
    """Return an unfitted pipeline: imputers, encoders, estimator.

    Args:
        name: The estimator's name, for errors.
        settings: Its kind and parameters.
        prepared: Features, task and imputation.
        seed: For whatever is random in it.
        section: Where errors point.

    Raises:
        InputError: The kind does not do the task, a parameter is unknown, or missing values would reach
            an estimator that does not take them.
    """
    from sklearn import pipeline
    from sklearn.compose import ColumnTransformer

    linear = settings.kind in _LINEAR
    estimator = _estimator(name, settings, prepared.task, seed=seed, section=section)
    groups: dict[tuple[bool, Imputation], list[str]] = {}
    for feature, fill in prepared.impute.items():
        if linear and fill.strategy == "none":
            raise section.refuse(
                f"{settings.kind} does not take missing values, and {feature!r} is not filled",
                "estimators",
                name,
                hint="choose another imputation for it under `prepare.impute.features`",
            )
        groups.setdefault((feature in prepared.numeric, fill), []).append(feature)
    transformers = [
        (
            f"{'numeric' if numeric else 'categorical'}-{at}",
            pipeline.Pipeline(_steps(fill, numeric=numeric, linear=linear)),
            names,
        )
        for at, ((numeric, fill), names) in enumerate(groups.items())
    ]
    return pipeline.Pipeline([("features", ColumnTransformer(transformers)), ("estimator", estimator)])


def _steps(fill: Imputation, *, numeric: bool, linear: bool) -> list[tuple[str, Any]]:
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    steps = _imputers(fill, numeric=numeric)
    if numeric:
        return [*steps, ("scale", StandardScaler())] if linear else steps or [("as-is", "passthrough")]
    # A value that training never saw is not an error of the caller's: it becomes a code of its own.
    encoder = (
        OneHotEncoder(handle_unknown="ignore")
        if linear
        else OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    )
    return [*steps, ("encode", encoder)]


def _imputers(fill: Imputation, *, numeric: bool) -> list[tuple[str, Any]]:
    from sklearn.impute import SimpleImputer

    if fill.strategy == "none":
        return []
    strategy = fill.strategy.replace("-", "_")
    if numeric:
        return [("impute", SimpleImputer(strategy=strategy, fill_value=fill.value))]
    # A missing name is NaN in a table and None in a request's JSON; one imputer knows only one of them.
    return [
        ("impute", SimpleImputer(strategy=strategy, fill_value=fill.value)),
        ("impute-null", SimpleImputer(strategy=strategy, fill_value=fill.value, missing_values=None)),
    ]


def _estimator(name: str, settings: EstimatorSettings, task: Task, *, seed: int, section: Section) -> Any:
    made = _class(settings.kind, task)
    if made is None:
        raise section.refuse(f"{settings.kind} does not do {task}", "estimators", name, "kind")
    known = list(inspect.signature(made).parameters)
    for parameter in settings.parameters:
        if parameter not in known:
            raise section.refuse(
                f"{settings.kind} has no parameter {parameter!r}",
                "estimators",
                name,
                "parameters",
                parameter,
                hint=meant(parameter, known),
            )
    seeded = {"random_state": seed} if "random_state" in known else {}
    return made(**(seeded | settings.parameters))


def _class(kind: Kind, task: Task) -> Any:
    """Return the class of scikit-learn for a kind and a task, or None where there is none."""
    from sklearn import ensemble, linear_model

    regression = task is Task.REGRESSION
    match kind:
        case Kind.LOGISTIC_REGRESSION:
            return None if regression else linear_model.LogisticRegression
        case Kind.LINEAR_REGRESSION:
            return linear_model.LinearRegression if regression else None
        case Kind.RANDOM_FOREST:
            return ensemble.RandomForestRegressor if regression else ensemble.RandomForestClassifier
        case Kind.HISTOGRAM_GRADIENT_BOOSTING:
            return (
                ensemble.HistGradientBoostingRegressor
                if regression
                else ensemble.HistGradientBoostingClassifier
            )
