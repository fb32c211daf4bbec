"""What the pages show is true: their settings are read as real ones, their commands have these options."""

import re
import shlex
import textwrap
from pathlib import Path

import msgspec
import pytest

from mltoolkit import cli, config, documents, evidence, metrics
from mltoolkit.rules import base, catalogue
from mltoolkit.settings import ModelSettings

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
GATE = (ROOT / "docs/gate.md").read_text()
MODEL = "mltoolkit:\n  models:\n    shown:\n      target: t\n      rules:\n"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def settings(block: str) -> ModelSettings:
    """Read a block: a whole section, or a list of rules that stand below ``rules:``."""
    whole = block if block.startswith("mltoolkit:") else MODEL + textwrap.indent(block, " " * 8)
    return config.toolkit(documents.parse(whole, "page.md")).model()[1]


def shown() -> list[base.Rule]:
    return [rule for block in blocks(GATE, "yaml") for rule in settings(block).rules]


@pytest.mark.parametrize("block", [block for page in PAGES for block in blocks(page.read_text(), "yaml")])
def test_every_setting_that_a_page_shows_is_a_real_one(block: str) -> None:
    settings(block)  # an unknown key or value is refused


def test_every_kind_of_rule_has_its_example() -> None:
    kinds = {str(rule.__struct_config__.tag) for rule in shown()}

    assert kinds == {str(kind.__struct_config__.tag) for kind in catalogue.AnyRule.__args__}


def test_every_field_of_every_rule_is_shown() -> None:
    written = "\n".join(blocks(GATE, "yaml"))
    fields = {
        field.encode_name for kind in catalogue.AnyRule.__args__ for field in msgspec.structs.fields(kind)
    }

    assert [name for name in sorted(fields) if f"{name}:" not in written] == []


def test_every_metric_is_named() -> None:
    listed = GATE[GATE.index("Metrics: ") : GATE.index("## Where the intervals")]

    assert [name for name in metrics.METRICS if name not in listed] == []


@pytest.mark.parametrize(
    "line",
    sorted(
        {
            line.split("#")[0].strip()
            for page in PAGES
            for block in blocks(page.read_text(), "sh")
            for line in block.splitlines()
            if line.startswith("mltoolkit ")
        }
    ),
)
def test_every_command_that_a_page_shows_can_be_asked_for(line: str) -> None:
    _, name, *words = shlex.split(line)
    parser, _ = cli._parser(name)

    assert parser.parse_args([name, *words]).command == name


def test_every_command_is_in_the_table_of_the_readme() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert set(cli.COMMANDS) <= set(rows)


def test_the_example_of_a_program_s_answer_is_one() -> None:
    found = re.search(r"`(\{\"answer\".*?\})`", GATE)
    assert found

    assert msgspec.json.decode(found[1], type=dict)["answer"] in {"pass", "fail", "unknown"}
    assert evidence.ProgramRun(name="x", command=("x",), **msgspec.json.decode(found[1])).reason
