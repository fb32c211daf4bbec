"""The one door to Great Expectations: a suite and a table in, findings and Data Docs out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mltoolkit import files, proc
from mltoolkit.contract.findings import ContractFinding, Outcome, Severity
from mltoolkit.errors import InputError, Location, OutsideError

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 5


def read_suite(path: Path) -> dict[str, Any]:
    """Read an expectation suite in Great Expectations' own JSON format.

    Raises:
        InputError: It is missing, not JSON, or of a 0.x version.
    """
    where = Location(path=str(path))
    suite = files.parse_json(files.read_bytes(path), where)
    expectations = suite.get("expectations") if isinstance(suite, dict) else None
    if not isinstance(expectations, list) or not all(isinstance(each, dict) for each in expectations):
        raise InputError("is not an expectation suite: `expectations` must be a list", where=where)
    if "expectation_suite_name" in suite or any("expectation_type" in each for each in expectations):
        raise InputError(
            "is a suite of Great Expectations 0.x",
            where=where,
            hint="rename expectation_suite_name to name, and expectation_type to type",
        )
    return dict(suite)


def validate(
    suite: dict[str, Any], suite_path: Path, table: "pd.DataFrame", *, docs: Path | None
) -> list[ContractFinding]:
    """Hold a table to a suite.

    Args:
        suite: The suite as it was read.
        suite_path: For errors.
        table: The data.
        docs: A folder to build Data Docs in.

    Raises:
        InputError: The suite names an expectation or an option that does not exist.
        OutsideError: Great Expectations is not installed, or failed as a whole.
    """
    import os

    os.environ.update(proc.QUIET)
    try:
        import great_expectations as gx
        from great_expectations.exceptions.exceptions import GreatExpectationsError
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    except ImportError as error:
        raise OutsideError(
            "Great Expectations is not installed", hint="pip install 'mltoolkit[gx]'"
        ) from error

    context: Any = gx.get_context(mode="ephemeral")
    # Its progress bars would stand between the lines of ours.
    context.variables.progress_bars = {"globally": False}
    name = str(suite.get("name") or suite_path.stem)
    expectations = []
    for at, each in enumerate(suite["expectations"]):
        # One by one: a suite built whole drops what it does not know, and passes without it.
        try:
            expectations.append(ExpectationConfiguration(**each).to_domain_obj())
        except (GreatExpectationsError, TypeError, ValueError, KeyError) as error:
            raise InputError(
                f"is refused by Great Expectations: {str(error).splitlines()[0]}",
                where=Location(path=str(suite_path), key=f"expectations[{at}]"),
            ) from error
    known = context.suites.add(
        gx.ExpectationSuite(name=name, expectations=expectations, meta=suite.get("meta"))
    )
    asset = context.data_sources.add_pandas("data").add_dataframe_asset(name)
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(
            name=name, data=asset.add_batch_definition_whole_dataframe("whole"), suite=known
        )
    )
    if docs is not None:
        context.add_data_docs_site("docs", _site(docs))
    try:
        result = definition.run(batch_parameters={"dataframe": table}, result_format="SUMMARY")
        if docs is not None:
            context.build_data_docs(site_names=["docs"])
    except GreatExpectationsError as error:
        raise OutsideError(f"Great Expectations failed: {error}") from error
    results = result.to_json_dict()["results"]
    if len(results) != len(expectations):
        raise OutsideError(f"Great Expectations answered {len(results)} of {len(expectations)} expectations")
    return [_finding(each) for each in results]


def _site(folder: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(folder.resolve()),
        },
    }


def _finding(each: dict[str, Any]) -> ContractFinding:
    configuration, result = each["expectation_config"], each.get("result") or {}
    outcome, reason = _outcome(each, result)
    column = configuration["kwargs"].get("column")
    return ContractFinding(
        expectation=configuration["type"],
        column=None if column is None else str(column),
        outcome=outcome,
        severity=Severity(configuration.get("severity") or "critical"),
        unexpected=result.get("unexpected_count"),
        reason=reason,
    )


def _outcome(each: dict[str, Any], result: dict[str, Any]) -> tuple[Outcome, str]:
    if fault := _fault(each.get("exception_info") or {}):
        return Outcome.NOT_EVALUATED, fault
    elements, missing = result.get("element_count"), result.get("missing_count")
    if each["success"] and elements == 0:
        return Outcome.NOT_EVALUATED, "no row meets its condition, so nothing was looked at"
    if each["success"] and result.get("unexpected_percent") == 100:  # noqa: PLR2004 - percent
        return Outcome.NOT_EVALUATED, "every value is unexpected, and `mostly` lets all of them pass"
    if each["success"] and elements and missing == elements:
        # Great Expectations ignores nulls, so a column of nothing else meets every expectation.
        return Outcome.NOT_EVALUATED, f"all {elements:,} values are null, so nothing was looked at"
    if each["success"]:
        return Outcome.MET, "as expected"
    if result.get("unexpected_count"):
        examples = ", ".join(repr(value) for value in (result.get("partial_unexpected_list") or [])[:_SHOWN])
        share = result.get("unexpected_percent") or 0.0
        return (
            Outcome.VIOLATED,
            f"{result['unexpected_count']:,} unexpected values ({share:.3g} %), such as {examples}",
        )
    return Outcome.VIOLATED, f"observed {result.get('observed_value')!r}"


def _fault(info: dict[str, Any]) -> str | None:
    """Return the exception that an expectation hid in its result, if there was one."""
    parts = (
        [info] if "raised_exception" in info else [part for part in info.values() if isinstance(part, dict)]
    )
    raised = [str(part.get("exception_message")) for part in parts if part.get("raised_exception")]
    return raised[0].splitlines()[0] if raised else None
