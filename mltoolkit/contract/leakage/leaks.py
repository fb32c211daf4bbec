"""Leakage: what the evaluation rows share with the training rows, so that a model looks better than it is."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from mltoolkit.checks import ContractFinding, Outcome, Severity, ours
from mltoolkit.contract.leakage import repeats, shared_keys, target_copies
from mltoolkit.contract.leakage.asked import SPLITS, Asked, NotFoundError, Roles
from mltoolkit.contract.leakage.splits import EVALUATION, TRAIN, Pair, family, instant, opened
from mltoolkit.contract.wording import EXAMPLES, called, share


def leaks(
    train: Path,
    evaluation: Path,
    roles: Roles,
    *,
    severity: Severity = Severity.CRITICAL,
    memory: str = "1GB",
    private: Collection[str] = (),
) -> list[ContractFinding]:
    """Return what two splits share that they must not, one finding for each rule that the roles ask for.

    - ``splits-not-empty``: both have rows. Without, nothing below is evaluated.
    - ``same-columns``: both have the same columns with the same types. A column that only one has, and
      numbers of another width, warn.
    - ``split-ids``: an id is never null, and never twice within a split.
    - ``leak-by-id``: no id is in both.
    - ``leak-by-group``: no group is in both. A row that lacks a value of its group has none; where that is
      every row of a split, nothing was evaluated.
    - ``leak-by-content``: no evaluation row equals a training row in all features; ``repeats`` says when
      that only warns.
    - ``target-in-features``: no feature of the training rows is a copy of the target; see ``target_copies``.
    - ``time-order``: the newest training row is older than the oldest evaluation row. Rows of the same
      moment (with dates: the same day) are not in order.

    Ids and groups of different types are compared as they are written; where none is shared then, the answer
    is not "no leak" but that nobody can say.

    Args:
        train: A Parquet or CSV file, or a folder of either.
        evaluation: Another.
        roles: What the columns are for.
        severity: What a leak does.
        memory: What a query may hold before it spills to disk.
        private: Columns of which no value is shown.

    Raises:
        InputError: A file cannot be read, or not within the memory.
        OutsideError: DuckDB is not installed, or fails.
    """
    with opened(train, evaluation, memory=memory) as splits:
        asked = Asked(splits, roles, severity, frozenset(private))
        rows = asked.rows
        found = [*_not_empty(asked), *_same_columns(asked)]
        rules = [
            (roles.id is not None, "split-ids", _ids),
            (roles.id is not None, "leak-by-id", _by_id),
            (bool(roles.group), "leak-by-group", _by_group),
            (True, "leak-by-content", _by_content),
            (roles.target is not None, "target-in-features", _target),
            (roles.time is not None, "time-order", _time),
        ]
        for wanted, rule, answer in rules:
            if not wanted:
                continue
            if not all(rows):
                found.append(ours(rule, Outcome.NOT_EVALUATED, "a split has no rows", severity=severity))
                continue
            try:
                found += answer(asked)
            except NotFoundError as missing:
                found.append(ours(rule, Outcome.NOT_EVALUATED, str(missing), severity=severity))
        return found


def _not_empty(asked: Asked) -> Iterator[ContractFinding]:
    train, evaluation = asked.rows
    empty = [what for (_, what), rows in zip(SPLITS, asked.rows, strict=True) if not rows]
    yield asked.finding(
        "splits-not-empty",
        Outcome.VIOLATED if empty else Outcome.MET,
        f"there are no {' and no '.join(empty)} rows"
        if empty
        else f"{train:,} training and {evaluation:,} evaluation rows",
        severity=Severity.CRITICAL,
    )


def _same_columns(asked: Asked) -> Iterator[ContractFinding]:
    rule = "same-columns"
    pairs = [pair for pair in asked.splits.pairs if pair.name not in asked.roles.ignore]
    other = [pair.name for pair in pairs if not pair.alike]
    lone = {
        what: _without(
            [column.name for column in table.columns if column.name not in asked.roles.ignore],
            [pair.name for pair in pairs],
        )
        for table, (_, what) in zip((asked.splits.train, asked.splits.evaluation), SPLITS, strict=True)
    }
    width = [pair.name for pair in pairs if pair.alike and pair.train.type != pair.evaluation.type]
    if other:
        kinds = "; ".join(
            f"{called([pair.name])} holds {family(pair.train)} in the training rows and"
            f" {family(pair.evaluation)} in the evaluation rows"
            for pair in [pair for pair in pairs if not pair.alike][:EXAMPLES]
        )
        more = f"; and {len(other) - EXAMPLES:,} more" if len(other) > EXAMPLES else ""
        yield asked.finding(rule, Outcome.VIOLATED, f"{kinds}{more}", other, unexpected=len(other))
    told = [f"only the {what} rows have {called(names)}" for what, names in lone.items() if names]
    told += [f"{called(width)} of another type in the evaluation rows"] if width else []
    if told:
        names = [*lone["training"], *lone["evaluation"], *width]
        yield asked.finding(
            rule,
            Outcome.VIOLATED,
            "; ".join(told),
            names,
            severity=Severity.INFO if asked.severity is Severity.INFO else Severity.WARNING,
            unexpected=len(names),
        )
    if not other and not told:
        if pairs:
            yield asked.finding(rule, Outcome.MET, f"both splits have the same {len(pairs):,} columns")
        else:
            yield asked.finding(rule, Outcome.NOT_EVALUATED, "the splits have no columns")


def _ids(asked: Asked) -> Iterator[ContractFinding]:
    pair = asked.pair(str(asked.roles.id))
    told, wrong = [], 0
    for (split, what), column in zip(SPLITS, (pair.train, pair.evaluation), strict=True):
        rows, known, distinct = asked.splits.one(
            f"SELECT count(*), count({column.sql}), count(DISTINCT {column.sql}) FROM {split}"
        )
        wrong += rows - distinct
        if rows > known:
            told.append(f"{share(rows - known, rows)} {what} rows have no id")
        if known > distinct:
            told.append(f"{known - distinct:,} {what} rows have an id that an earlier one has")
    yield asked.finding(
        "split-ids",
        Outcome.VIOLATED if told else Outcome.MET,
        "; ".join(told) or "every row has an id that no other row of its split has",
        [pair.name],
        unexpected=wrong,
        looked=sum(asked.rows),
    )


def _by_key(
    asked: Asked, rule: str, pairs: Sequence[Pair], word: str, alone: str = ""
) -> Iterator[ContractFinding]:
    """Yield what came of the question whether a key is in both splits."""
    names = [pair.name for pair in pairs]
    mixed = [pair.name for pair in pairs if not pair.alike]
    found = shared_keys.look(asked.splits, pairs)
    rows = asked.rows[1]
    lacking = [
        f"{share(count, of)} {what} rows have no {word}"
        for count, of, what in (
            (found.unkeyed, asked.rows[0], "training"),
            (found.lacking, rows, "evaluation"),
        )
        if count
    ]
    also = "".join(f"; {each}" for each in lacking)
    if mixed:
        also += f"; {called(mixed)} of different types, compared as written"
    if found.keys:
        yield asked.finding(
            rule,
            Outcome.VIOLATED,
            f"{share(found.rows, rows)} evaluation rows have {'an' if word == 'id' else 'a'} {word} that"
            f" training rows have too, {found.keys:,} {word}{'s' if found.keys > 1 else ''} in all{also}{alone}",
            names,
            unexpected=found.rows,
            looked=rows - found.lacking,
            values=found.values,
        )
    elif found.lacking == rows or found.unkeyed == asked.rows[0] or mixed:
        yield asked.finding(
            rule, Outcome.NOT_EVALUATED, f"nobody can say whether {word}s are shared{also}", names
        )
    else:
        yield asked.finding(
            rule,
            Outcome.MET,
            f"no {word} is in both splits{also}{alone}",
            names,
            unexpected=0,
            looked=rows - found.lacking,
        )


def _by_id(asked: Asked) -> Iterator[ContractFinding]:
    yield from _by_key(asked, "leak-by-id", [asked.pair(str(asked.roles.id))], "id")


def _by_group(asked: Asked) -> Iterator[ContractFinding]:
    pairs = [asked.pair(name) for name in dict.fromkeys(asked.roles.group)]
    alone = ""
    if len(pairs) > 1:
        # Months are in every split and days in one; a customer and a day may have been meant one by one.
        parts = [
            f"{called([pair.name])} in {share(shared_keys.look(asked.splits, [pair]).rows, asked.rows[1])}"
            for pair in pairs
        ]
        alone = f"; shared alone, by evaluation rows: {', '.join(parts)}"
    yield from _by_key(asked, "leak-by-group", pairs, "group", alone)


def _by_content(asked: Asked) -> Iterator[ContractFinding]:
    rule, splits = "leak-by-content", asked.splits
    if splits.train.path.samefile(splits.evaluation.path):
        yield asked.finding(
            rule,
            Outcome.VIOLATED,
            f"both splits are the same file: all {asked.rows[1]:,} evaluation rows are training rows",
            unexpected=asked.rows[1],
            looked=asked.rows[1],
        )
        return
    features = [pair for pair in splits.pairs if pair.name not in asked.roles.apart]
    target = next((pair for pair in splits.pairs if pair.name == asked.roles.target), None)
    found = repeats.look(splits, features, target, asked.rows)
    outcome = {None: Outcome.NOT_EVALUATED, 0: Outcome.MET}.get(found.matched, Outcome.VIOLATED)
    yield asked.finding(
        rule,
        outcome,
        found.reason,
        severity=Severity.WARNING
        if found.natural and asked.severity is Severity.CRITICAL
        else asked.severity,
        unexpected=found.matched,
        looked=None if found.matched is None else asked.rows[1],
    )


def _target(asked: Asked) -> Iterator[ContractFinding]:
    roles, table = asked.roles, asked.splits.train
    target = asked.column(str(roles.target), table, "training")
    features = [column for column in table.columns if column.name not in roles.apart]
    for found in target_copies.look(asked.splits, target, features):
        yield asked.finding(
            "target-in-features",
            found.outcome,
            found.reason,
            found.columns or [target.name],
            severity=Severity.WARNING
            if found.warns and asked.severity is Severity.CRITICAL
            else asked.severity,
            unexpected=len(found.columns),
            looked=len(features),
        )


def _time(asked: Asked) -> Iterator[ContractFinding]:
    rule, pair = "time-order", asked.pair(str(asked.roles.time))
    before, after = instant(pair.train), instant(pair.evaluation)
    kinds = {family(column) == "numbers" for column in (pair.train, pair.evaluation)}
    if before is None or after is None or len(kinds) > 1:
        what = f"{family(pair.train)} in the training rows, {family(pair.evaluation)} in the evaluation rows"
        yield asked.finding(
            rule, Outcome.NOT_EVALUATED, f"the order of such values is not known: {what}", [pair.name]
        )
        return
    newest, unread = asked.splits.one(
        f"SELECT max(t), count(*) - count(t) FROM (SELECT {before} AS t FROM {TRAIN})"
    )
    late, behind, oldest, unknown = asked.splits.one(
        f"SELECT count(*) FILTER (t > newest), count(*) FILTER (t <= newest), min(t), count(*) - count(t) FROM"
        f" (SELECT {after} AS t FROM {EVALUATION}), (SELECT max({before}) AS newest FROM {TRAIN})"
    )
    lacking = [
        f"{share(count, of)} {what} rows have no time that can be read"
        for count, of, what in (
            (unread, asked.rows[0], "training"),
            (unknown, asked.rows[1], "evaluation"),
        )
        if count
    ]
    if behind:
        (early,) = asked.splits.one(
            f"SELECT count(*) FROM {TRAIN}, (SELECT min({after}) AS oldest FROM {EVALUATION}) WHERE {before} >= oldest"
        )
        reason = (
            f"{share(behind, asked.rows[1])} evaluation rows are not later than the newest training row;"
            f" {share(early, asked.rows[0])} training rows are not earlier than the oldest evaluation row"
        )
        yield asked.finding(
            rule,
            Outcome.VIOLATED,
            "; ".join([reason, *lacking]),
            [pair.name],
            unexpected=behind,
            looked=late + behind,
        )
    elif lacking or newest is None or oldest is None:
        yield asked.finding(rule, Outcome.NOT_EVALUATED, "; ".join(lacking), [pair.name])
    else:
        yield asked.finding(
            rule,
            Outcome.MET,
            f"all {late:,} evaluation rows are later than the newest training row",
            [pair.name],
            unexpected=0,
            looked=late,
        )


def _without(names: Sequence[str], others: Sequence[str]) -> list[str]:
    known = set(others)
    return [name for name in names if name not in known]
