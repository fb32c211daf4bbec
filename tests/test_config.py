import pytest

from mltoolkit import config, documents
from mltoolkit.settings import EndpointSettings, ToolkitSettings
from mltoolkit.errors import InputError
from mltoolkit.rules import Absolute, BetterThanBaseline

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
        ("baseline: base-rate", "baseline: base", 13, "rules[1].baseline", "did you mean `base-rate`"),
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
        ("mltoolkit: {models: {a: {}}}", "`target` is missing"),
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


def test_one_of_several_models_has_to_be_named() -> None:
    settings = read(GOOD + "    other: {target: late, endpoints: {}}\n")

    with pytest.raises(InputError, match="name one with --model"):
        settings.model()
    with pytest.raises(InputError, match="did you mean `other`"):
        settings.model("othr")
    assert settings.model("other")[0] == "other"


@pytest.mark.parametrize("key", ["state", "reports"])
@pytest.mark.parametrize("folder", [".", "''", "/", "../elsewhere", "a/../.."])
def test_a_folder_that_git_shall_ignore_is_never_the_project_or_above(key: str, folder: str) -> None:
    with pytest.raises(InputError, match="must name a folder of its own"):
        read(f"{GOOD}  {key}: {folder}\n")
