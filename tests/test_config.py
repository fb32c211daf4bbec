import pytest

from mltoolkit import config, documents
from mltoolkit.errors import InputError
from mltoolkit.rules.absolute import Absolute
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.settings import EndpointSettings, ToolkitSettings

GOOD = """\
ingest:
  until: 2013-11
mltoolkit:
  models:
    flights-late:
      target: late
      rules:
        - kind: absolute
          metric: roc-auc
          at-least: 0.6
        - kind: better-than-baseline
          metric: brier
          baseline: base-rate
      endpoints:
        local: {port: 8080}
"""


def read(text: str) -> ToolkitSettings:
    return config.toolkit(documents.parse(text, "params.yaml"))


def test_a_good_file_becomes_values() -> None:
    name, model = read(GOOD).model()

    assert name == "flights-late"
    assert model.target == "late"
    assert model.id == "row_id"
    assert [type(rule) for rule in model.rules] == [Absolute, BetterThanBaseline]
    assert model.endpoints == {"local": EndpointSettings(port=8080)}


@pytest.mark.parametrize(
    ("before", "after", "line", "key", "said"),
    [
        ("rules:", "ruels:", 7, "mltoolkit.models.flights-late.ruels", "did you mean `rules`"),
        ("target:", "tagret:", 6, "mltoolkit.models.flights-late.tagret", "did you mean `target`"),
        ("at-least:", "atleast:", 10, "rules[0].atleast", "did you mean `at-least`"),
        ("kind: absolute", "kind: absolut", 8, "rules[0].kind", "did you mean `absolute`"),
        ("metric: roc-auc", "metric: rocauc", 8, "rules[0]", "unknown metric 'rocauc'"),
        (
            "baseline: base-rate",
            "baseline: base",
            11,
            "rules[1]",
            "baseline: base-rate, the share of each class, or column:NAME",
        ),
        (
            "baseline: base-rate",
            "baseline: mean",
            11,
            "rules[1]",
            "brier is compared with baseline: base-rate",
        ),
        ("0.6", "high", 10, "rules[0].at-least", "expected `float"),
        ("0.6", ".nan", 10, "rules[0].at-least", "not a finite number"),
        ("0.6", ".inf", 10, "rules[0].at-least", "not a finite number"),
        ("0.6", "yes", 10, "rules[0].at-least", "expected `float"),
        ("at-least: 0.6", "mode: block", 8, "rules[0]", "needs `at-least` or `at-most`"),
        ("at-least: 0.6", "at-least: 1\n          at-most: 0", 8, "rules[0]", "nothing can pass"),
        ("flights-late:", "Flights:", 5, "mltoolkit.models.Flights", "'Flights' is not a name"),
        ("local:", "lo_cal:", 15, "endpoints.lo_cal", "'lo_cal' is not a name"),
        ("port: 8080", "prot: 8080", 15, "endpoints.local.prot", "did you mean `port`"),
        ("port: 8080", "port: 99999", 15, "endpoints.local.port", "<= 65535"),
        ("port: 8080", "deployer: selden", 15, "endpoints.local.deployer", "mlflow-server"),
        ("target: late", "target: late\n      target: x", 7, "flights-late.target", "duplicate key"),
        ("mltoolkit:", "mltolkit:", 3, "mltolkit", "did you mean `mltoolkit:`"),
    ],
)
def test_an_error_names_line_key_and_what_was_probably_meant(
    before: str, after: str, line: int, key: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(GOOD.replace(before, after, 1))

    assert said in str(caught.value)
    assert caught.value.where is not None
    assert caught.value.where.path == "params.yaml"
    assert caught.value.where.line == line
    assert str(caught.value.where.key).endswith(key)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no section `mltoolkit:`"),
        ("a: 1", "no section `mltoolkit:`"),
        ("mltoolkit: 3", "expected `object`"),
        ("mltoolkit: {models: {}}", "no models"),
        ("mltoolkit: {models: [a]}", "expected `object`"),
        ("mltoolkit: {models: {a: null}}", "expected `object`"),
        ("mltoolkit: {}", "`models` is missing"),
        ("mltoolkit: {models: {a: {}}}", "needs `target`"),
    ],
)
def test_other_texts_are_refused_with_a_reason(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)

    assert said in str(caught.value)


def test_aliases_within_reason_are_allowed() -> None:
    text = GOOD.replace("target: late", "target: &t late\n      id: *t")

    assert read(text).model()[1].id == "late"


def test_two_models_cannot_share_an_endpoint() -> None:
    text = GOOD + "    other: {target: late, endpoints: {local: {}}}\n"

    with pytest.raises(InputError, match="belongs to 'flights-late' too"):
        read(text)


@pytest.mark.parametrize(
    ("rule", "key", "said"),
    [
        ("{kind: no-worse-than, metric: brier, margin: -0.01}", "margin", "did you mean 0.01?"),
        ("{kind: no-worse-than, metric: brier, margin: 0}", "margin", "> 0.0"),
        ("{kind: no-worse-than, metric: brier, margin: 1}", "", "must be below 1; did you mean 0.01?"),
        ("{kind: no-worse-than, metric: brier}", "", "`margin` is missing"),
        ("{kind: no-worse-than, metric: brier, by: 0.01}", "by", "did you mean `margin`?"),
        ("{kind: better-than, metric: brier, margin: 0.01}", "margin", "did you mean `by`?"),
        ("{kind: better-than, metric: brier, confidence: 95}", "confidence", "did you mean 0.95?"),
        ("{kind: better-than, metric: brier, confidence: 1}", "confidence", "nothing is certain"),
        ("{kind: better-than, metric: brier, confidence: 0.05}", "confidence", ">= 0.5"),
        ("{kind: better-than, metric: brier, over: champoin}", "over", "did you mean `champion`?"),
        ("{kind: better-than, metric: file:profit}", "", "better: higher"),
        ("{kind: better-than, metric: bier}", "", "did you mean `brier`?"),
        ("{kind: better-then, metric: brier}", "kind", "did you mean `better-than`?"),
        ("{kind: better-than, metric: brier, mode: blok}", "mode", "did you mean `block`?"),
        ("{kind: absolute, metric: brier, threshold: 1}", "threshold", "did you mean `at-least`?"),
        ("{kind: absolute, metric: accuracy, at-least: 90}", "", "did you mean 0.9?"),
        ("{kind: absolute, metric: accuracy, at-least: true}", "at-least", "got `bool`"),
        ("{kind: absolute, metric: roc-auc, at-least: 0.6}", "", "already"),
        ("{kind: absolute, metric: roc-auc, at-most: 0.5}", "", "nothing can pass"),
        ("{kind: slice, metrics: brier}", "metrics", "write a list: [brier]"),
        ("{kind: custom, name: a, command: python x.py}", "command", "write a list: [python, x.py]"),
        ("{kind: custom, name: a, command: [x], timeout: 9}", "timeout", "did you mean `seconds`?"),
        ("{kind: budget}", "", "needs one of `size`"),
        ("{kind: budget, latency: 0.05}", "latency", "such as 50ms"),
        ("{kind: budget, latency: 5 minutes}", "latency", "'5 minutes' is not a time"),
        ("{kind: budget, size: 50}", "size", "such as 50MB"),
        ("{kind: budget, size: lots}", "size", "'lots' is not an amount of memory"),
        ("{kind: reuse, budget: 0}", "budget", ">= 1"),
        ("{kind: reuse, disclose: some}", "disclose", "known: full, coarse"),
        ("{kind: calibration, slope-at-least: 1.1}", "slope-at-least", "< 1.0"),
        ("{kind: tests, minimum: 1.5}", "minimum", "got `float`"),
        ("{kind: policy-changed, mode: warn}", "", "leave `mode` out"),
        ("{metric: brier}", "", "`kind` is missing"),
        ("brier", "", "known: absolute"),
    ],
)
def test_a_wrong_rule_is_refused_at_its_line_with_what_was_probably_meant(
    rule: str, key: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(GOOD.replace("      endpoints:", f"        - {rule}\n      endpoints:"))

    assert said in str(caught.value)
    assert caught.value.where is not None
    assert caught.value.where.line == 14
    assert str(caught.value.where.key) == f"mltoolkit.models.flights-late.rules[2]{'.' if key else ''}{key}"
