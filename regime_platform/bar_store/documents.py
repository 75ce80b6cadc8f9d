"""JSON documents of a symbol's folder, read as typed values."""

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from regime_platform.errors import BarsError, RegimeError
from regime_platform.files import read_json
from regime_platform.model.document import first_fault

_T = TypeVar("_T")


def read_document(path: Path, adapter: TypeAdapter[_T], code: str) -> _T | None:
    """The document in a file; None where there is no file.

    Args:
        path: the file, in the folder of a symbol.
        adapter: the type of the document.
        code: of the error.

    Raises:
        BarsError: the file is damaged; names it and the command that writes it again.
    """
    try:
        document = read_json(path)
        return None if document is None else adapter.validate_python(document)
    except (RegimeError, ValidationError) as error:
        reason = first_fault(error) if isinstance(error, ValidationError) else error
        raise BarsError(
            f"{path} cannot be read ({reason}); `regime repair {path.parent.name}` writes it again",
            code=code,
        ) from error
