"""The law: whatever the dialect, a file gives the true bars or a refusal that names a key.

With that key stated, the true bars; never other bars.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from regime_platform.errors import BarsError, RegimeError
from regime_platform.model.symbols import parse_symbol
from regime_platform.operations.file_additions import FileAdder
from regime_platform.operations.named_files import inspect_files, named_files
from regime_platform.settings import Settings, load_universe
from regime_platform.sources.files.kinds import FileRequest
from regime_platform.sources.files.mapping import MAPPING_FILE
from regime_platform.sources.files.source import FilesSource
from regime_platform_tests.dialects.form import Form
from regime_platform_tests.dialects.writing import GAP, answers, file_name, written

#: Reads the file of a form in a folder, with the keys that are stated.
Reader = Callable[[Form, Path, dict[str, Any]], pl.DataFrame]


def expected(form: Form) -> pl.DataFrame:
    """The bars that a file of this form says."""
    bars = form.truth.part(few=form.size == "few")
    if form.nulls != "none":
        bars = pl.concat([bars[:GAP], bars[GAP + 1 :]])
    return bars


def served(form: Form, folder: Path, stated: dict[str, Any]) -> pl.DataFrame:
    """As the source of files reads it, with the keys in mapping.yaml."""
    target = folder / form.truth.instrument.symbol
    target.mkdir(exist_ok=True)
    (target / file_name(form)).write_bytes(written(form))
    (target / MAPPING_FILE).write_text(yaml.safe_dump(stated, allow_unicode=True))
    return FilesSource(folder).series(form.truth.instrument, form.truth.timeframe).bars


def added(form: Form, folder: Path, stated: dict[str, Any]) -> pl.DataFrame:
    """As `regime files inspect` and `add` understand it, with the keys as options."""
    path = folder / file_name(form).replace(form.truth.timeframe, form.truth.instrument.symbol)
    path.write_bytes(written(form))
    settings = Settings(_env_file=None, REGIME_DATA_ROOT=folder / "data")
    named, adder = named_files([str(path)]), FileAdder(settings)
    request = FileRequest(
        timeframe=stated.get("timeframe", ""),
        asset_class=form.truth.asset_class,
        settings={key: value for key, value in stated.items() if key != "timeframe"},
        symbol=parse_symbol(form.truth.instrument.symbol),
    )
    [inspection] = inspect_files(request, named.paths, 1)
    if not inspection.is_clear:
        asked = "".join(f"{fact.key}: " for fact in inspection.asked)
        raise BarsError(asked + inspection.problem, code=inspection.code or "asked")
    assert adder.add(named, [inspection], request.settings).edit is not None
    instrument = load_universe(settings).instrument(form.truth.instrument.symbol)
    return FilesSource(None).series(instrument, inspection.timeframe).bars


def keys_asked(form: Form, folder: Path, read: Reader = served) -> tuple[list[str], str]:
    """The keys that were asked for, and what breaks the law (nothing: empty)."""
    stated: dict[str, Any] = {}
    while True:
        try:
            bars = read(form, folder, stated)
        except RegimeError as error:
            key = _key(str(error), form, stated)
            if not key:
                return list(stated), f"refused and names no key: {error}"
            stated[key] = answers(form)[key]
        except Exception as error:  # noqa: BLE001 - any other exception breaks the law
            return list(stated), f"{type(error).__name__}: {error}"
        else:
            return list(stated), difference(bars, expected(form))


def _key(message: str, form: Form, stated: dict[str, Any]) -> str:
    """The first key that the message names and that is not stated yet."""
    known = "|".join(key for key in answers(form) if key not in stated)
    for pattern in (rf"\b({known}):", rf"`({known})`", rf"\b({known})\b"):
        match = re.search(pattern, message)
        if match:
            return match[1]
    return ""


def difference(bars: pl.DataFrame, true: pl.DataFrame) -> str:
    """How ``bars``, in any order, differ from the true ones; empty where they are equal."""
    bars = bars.sort("ts")
    if bars["ts"].to_list() != true["ts"].to_list():
        pairs = zip(bars["ts"].to_list(), true["ts"].to_list(), strict=False)
        first = next(((a, b) for a, b in pairs if a != b), ("end", "end"))
        return f"other times: {bars.height} bars for {true.height}, first {first[0]} for {first[1]}"
    for name in true.columns[1:]:
        wrong = (bars[name] - true[name]).abs().fill_null(1.0) > 1e-9 * true[name]
        if wrong.any():
            row = wrong.arg_max() or 0
            return f"other values of {name}: {bars[name][row]} for {true[name][row]}"
    return ""
