"""One command, one module: ``configure`` its arguments, ``run`` it, return a ``Result``.

What is heavy is imported inside ``run``, so that ``--help`` and ``gate`` start fast.
"""

from typing import Any

import msgspec

from mltoolkit import github


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a command has to say; the command line prints it.

    Attributes:
        code: The exit code.
        text: For a person.
        value: For a machine: what ``--json`` prints.
        annotations: For GitHub, which shows them beside the lines that they are about.
    """

    code: int = 0
    text: str
    value: dict[str, Any]
    annotations: tuple[github.Annotation, ...] = ()
