from typing import Any

import msgspec
import pytest

from mltoolkit.errors import InputError
from mltoolkit.settings import DataSettings, EndpointSettings, ModelSettings, ToolkitSettings


def model(**fields: Any) -> ModelSettings:
    return msgspec.convert(
        {"target": "late", **{k.replace("_", "-"): v for k, v in fields.items()}}, ModelSettings
    )


def toolkit(**fields: Any) -> ToolkitSettings:
    return msgspec.convert({"models": {"a": {"target": "late"}}, **fields}, ToolkitSettings)


def test_the_target_is_enough() -> None:
    made = model()

    assert (made.model, made.rows, made.id, made.anchor) == ("model", "evaluation.parquet", "row_id", "first")
    assert made.rules == ()
    assert made.endpoints == {"local": EndpointSettings()}


def test_numbers_alone_need_no_target_and_rules_on_files() -> None:
    rule = {"kind": "absolute", "metric": "file:profit", "at-least": 1}

    assert model(target=None, metrics="metrics.json", rules=[rule]).target is None
    with pytest.raises(msgspec.ValidationError, match=r"rules\[0\]: brier needs rows.*file:brier"):
        model(target=None, metrics="metrics.json", rules=[{"kind": "better-than", "metric": "brier"}])
    with pytest.raises(msgspec.ValidationError, match="needs `target`"):
        model(target=None)


def test_a_rule_on_a_metric_of_another_task_is_refused_where_the_task_is_named() -> None:
    rules = [
        {"kind": "better-than-baseline", "metric": "rmse", "baseline": "mean"},
        {"kind": "better-than", "metric": "brier"},
    ]

    with pytest.raises(
        msgspec.ValidationError, match=r"rules\[1\]: brier is a metric of binary and multiclass"
    ):
        model(task="regression", rules=rules)
    assert len(model(rules=rules).rules) == 2


def test_rules_that_contradict_each_other_are_refused_by_their_place() -> None:
    floor, ceiling = (
        {"kind": "absolute", "metric": "roc-auc", "at-least": 0.8},
        {"kind": "absolute", "metric": "roc-auc", "at-most": 0.7},
    )

    with pytest.raises(msgspec.ValidationError, match=r"rules\[1\]: .*nothing can pass"):
        model(rules=[floor, ceiling])


@pytest.mark.parametrize("name", ["evidence", "ledger"])
def test_no_endpoint_is_called_like_a_branch_of_the_journal(name: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="the journal has a branch of that name"):
        model(endpoints={name: {}})


@pytest.mark.parametrize("anchor", ["last", "sha256:abc", "sha256:" + "A" * 64])
def test_an_anchor_is_the_first_or_a_digest(anchor: str) -> None:
    assert model(anchor="sha256:" + "a" * 64).anchor.startswith("sha256:")
    with pytest.raises(msgspec.ValidationError, match="regex"):
        model(anchor=anchor)


@pytest.mark.parametrize("quantile", [0, 1, -0.1, 90])
def test_a_quantile_lies_between_0_and_1(quantile: float) -> None:
    with pytest.raises(msgspec.ValidationError, match="quantile"):
        model(quantile=quantile)


@pytest.mark.parametrize("name", ["Flights", "-a", "a-", "a" * 41, "a_b", ""])
def test_names_are_dns_labels(name: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="regex"):
        toolkit(models={name: {"target": "late"}})


def test_shares_lie_between_0_and_1() -> None:
    data = {"path": "a.csv", "suite": "a.json"}

    assert msgspec.convert({**data, "nulls": {"*": 0.5}}, DataSettings).nulls == {"*": 0.5}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**data, "nulls": 50}, DataSettings)


@pytest.mark.parametrize("key", ["state", "reports"])
@pytest.mark.parametrize("folder", [".", "", "/", "../elsewhere", "a/../.."])
def test_a_folder_that_git_shall_ignore_is_never_the_project_or_above(key: str, folder: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="must name a folder of its own"):
        toolkit(**{key: folder})


def test_one_of_several_models_has_to_be_named() -> None:
    made = toolkit(models={"a": {"target": "x"}, "other": {"target": "x", "endpoints": {}}})

    with pytest.raises(InputError, match="name one with --model"):
        made.model()
    with pytest.raises(InputError, match="did you mean `other`"):
        made.model("othr")
    assert made.model("other")[0] == "other"
    assert toolkit().model()[0] == "a"
