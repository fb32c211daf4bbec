"""A project: the folder with ``params.yaml``, and where things stand in it."""

from pathlib import Path

import msgspec

from mltoolkit import config, documents, files
from mltoolkit.errors import InputError, Location, meant
from mltoolkit.settings import ModelSettings, ToolkitSettings

PARAMS = "params.yaml"
LOCK = "dvc.lock"


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A project that was read.

    Attributes:
        root: Its folder.
        document: ``params.yaml`` as it stands.
        settings: Its section ``mltoolkit:``.
    """

    root: Path
    document: documents.Document
    settings: ToolkitSettings

    @property
    def state(self) -> Path:
        """The folder for the journal, running servers and caches; not versioned."""
        return self.root / self.settings.state

    def reports(self, model: str) -> Path:
        """Return the folder for a model's evidence, verdict and report."""
        return self.root / self.settings.reports / model

    def endpoint(self, name: str) -> tuple[str, ModelSettings]:
        """Return the model that owns an endpoint, by name.

        Raises:
            InputError: No model has it.
        """
        for model, settings in self.settings.models.items():
            if name in settings.endpoints:
                return model, settings
        known = [endpoint for model in self.settings.models.values() for endpoint in model.endpoints]
        raise InputError(
            f"no endpoint {name!r}", where=Location(path=self.document.path), hint=meant(name, known)
        )


def load(root: Path) -> Project:
    """Read the project in a folder.

    Raises:
        InputError: There is no ``params.yaml``, or something in it does not fit.
    """
    document = read_params(root)
    return Project(root=root, document=document, settings=config.toolkit(document))


def read_params(root: Path) -> documents.Document:
    """Parse the project's ``params.yaml``.

    Raises:
        InputError: It is missing, or not YAML.
    """
    path = root / PARAMS
    if not path.exists():
        raise InputError(
            f"no {PARAMS} in {root}", hint="run this in the project's folder, or name it with --project"
        )
    data = files.read_bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 (byte {error.start})", where=Location(path=PARAMS)) from error
    return documents.parse(text, PARAMS)
