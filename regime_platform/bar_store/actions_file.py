"""actions.json of a symbol: its corporate actions, as operators and sources declared them.

Verdict and bar manifest record the entries, so that a lost one is noticed before bars are promoted
without it.
"""

import datetime as dt

from pydantic import TypeAdapter, ValidationError

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.records import Record
from regime_platform.bar_store.verdicts import damaged_verdict, read_verdict
from regime_platform.errors import BarsError
from regime_platform.model.actions import Action
from regime_platform.model.document import Array, Document


class _Actions(Document):
    actions: Array[Action]


_ENTRIES: TypeAdapter[tuple[Action, ...]] = TypeAdapter(Array[Action])


def _of_verdict(paths: SymbolPaths) -> tuple[Action, ...]:
    try:
        verdict = read_verdict(paths)
        return () if verdict is None else verdict.actions
    except BarsError:
        pass
    try:
        return _ENTRIES.validate_python(damaged_verdict(paths).get("actions", ()))
    except (AttributeError, ValidationError):
        return ()


ACTIONS = Record[Action](
    name="actions",
    path=lambda paths: paths.actions,
    document=_Actions,
    key=lambda _, entry: entry.id,
    describe=str,
    also_recorded=_of_verdict,
)


def read_actions(paths: SymbolPaths, as_of: dt.datetime | None = None) -> tuple[Action, ...]:
    """All entries in order, without those made after ``as_of``; raises as `Record.read`."""
    entries = ACTIONS.read(paths)
    return entries if as_of is None else tuple(each for each in entries if each.at <= as_of)
