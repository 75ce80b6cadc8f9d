"""The files of a series: those that its entry names, else those of the symbol's folder by name.

A name means a length of bars in any spelling and case, with or without the symbol: 1day.csv,
D1.csv, daily.csv.gz, AAPL_60min.parquet.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from regime_platform.errors import ConfigError, SourceError
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import DURATION, known_bar_length
from regime_platform.sources.files.mapping import MAPPING_FILE
from regime_platform.sources.protocol import NotOfferedError

#: Endings of files of bars, before the one of their compression.
SUFFIXES = (".csv", ".txt", ".tsv", ".prn", ".parquet", ".feather", ".arrow", ".ipc")
_COMPRESSED = (".gz", ".zip")
_SEPARATORS = re.compile(r"[\s_.-]+")
_SPACED = re.compile(
    r"(?<!\d)(\d{1,2})[\s_-]+(?=(?:min(?:ute)?|h(?:ou)?r|day|week)s?(?![a-z]))", re.IGNORECASE
)
_WORD = re.compile(r"([\s_-]*)([^\s_-]+)")  # after what separates it from the one before
_DATE = re.compile(r"(?:19|20)\d\d|\d{6}|\d{8}|\d{12}|\d{14}|\d\d?|\d\d?\.\d\d?\.\d{4}")
_COPY = re.compile(r"\s*\(\d+\)$")  # of a browser
_WITH_MINUTES = re.compile(r"([A-Za-z]{6})(\d+)")  # as EURUSD60
_FILLERS = frozenset(
    ("bars", "bid", "candles", "candlestick", "data", "historical", "history", "intraday", "ohlcv")
)
_WILD = frozenset("*?[")
_NAMED = 5  # files that a message lists; the rest is counted


def find_files(root: Path | None, instrument: Instrument, timeframe: str) -> Sequence[Path]:
    """The files of one series, in the order of their names.

    Raises:
        NotOfferedError: there is none of this timeframe; the reason has no absolute path, since it
            is stored and holds wherever the files are.
        ConfigError, SourceError: names setting, folder or path at fault.
    """
    symbol = instrument.symbol
    if not instrument.files:
        return [_only(_folder(root, symbol), symbol, timeframe)]
    if timeframe not in instrument.files:
        named = ", ".join(instrument.files)
        raise NotOfferedError(f"the entry of {symbol} names files of {named}, none of {timeframe}")
    paths = [
        path for pattern in instrument.files[timeframe] for path in _matching(root, symbol, pattern)
    ]
    return list(dict.fromkeys(paths))


def timeframes_of_files(root: Path | None, instrument: Instrument) -> Sequence[str]:
    """The lengths of bars that an instrument has files of, shortest first."""
    if instrument.files:
        return tuple(instrument.files)
    symbol = instrument.symbol
    named = {timeframe_of_name(path, symbol) for path in _bar_files(_folder(root, symbol))}
    return tuple(name for name in DURATION if name in named)


def require_root(root: Path | None, instruments: Iterable[Instrument]) -> None:
    """ConfigError where instruments name files below REGIME_FILES_ROOT, and it is no folder."""
    for instrument in instruments:
        patterns = [pattern for paths in instrument.files.values() for pattern in paths]
        relative = [each for each in patterns if not Path(each).expanduser().is_absolute()]
        if relative or not patterns:
            _root(root, _why(instrument.symbol, *relative))
            return


def timeframe_of_name(path: PurePath, symbol: str = "") -> str | None:
    """The length of bars that the name of a file means; None where it means none."""
    stem = stem_of(path)
    if symbol and stem.upper().startswith(symbol):
        stem = stem[len(symbol) :]
    words = _SEPARATORS.split(_SPACED.sub(r"\1", stem))
    named = {known_bar_length(word) for word in words} - {None}
    return named.pop() if len(named) == 1 else None


def symbol_of_name(path: PurePath, timeframe: str) -> str:
    """The symbol in the name of a file, without the parts that are a date or mean ``timeframe``.

    Else the name of its folder; empty where neither has one.
    """
    stem = _SPACED.sub(r"\1", _COPY.sub("", stem_of(path)))
    kept = [
        (mark[:1].replace(" ", "_"), word)
        for mark, word in _WORD.findall(stem)
        if known_bar_length(word) != timeframe
        and word.lower() not in _FILLERS
        and word != timeframe.strip("0123456789")[:1]  # d of CryptoDataDownload
    ]
    named = [pair for pair in kept if not _DATE.fullmatch(pair[1])] or kept[:1]
    symbol = "".join(mark + word for mark, word in named).lstrip("_- ")
    match = _WITH_MINUTES.fullmatch(symbol)
    if match and dt.timedelta(minutes=int(match[2])) == DURATION.get(timeframe):
        symbol = match[1]
    return symbol or path.parent.name


def stem_of(path: PurePath) -> str:
    """The name of a file without its ending and that of its compression."""
    plain = path.with_suffix("") if path.suffix.lower() in _COMPRESSED else path
    return plain.stem if plain.suffix.lower() in SUFFIXES else plain.name


def is_bar_file(path: PurePath) -> bool:
    """True where the name is that of a file of bars."""
    plain = path.with_suffix("") if path.suffix.lower() in _COMPRESSED else path
    is_known = plain.suffix.lower() in SUFFIXES or path.suffix.lower() == ".zip"
    return is_known and not path.name.startswith(".")


def is_pattern(text: str) -> bool:
    """True where a text stands for all files that match it."""
    return not _WILD.isdisjoint(text)


def matching(pattern: Path) -> list[Path]:
    """The files that match an absolute pattern, in the order of their names."""
    rest = pattern.relative_to(pattern.anchor)
    return sorted(
        path
        for path in Path(pattern.anchor).glob(str(rest))
        if path.name != MAPPING_FILE and not path.name.startswith(".") and path.is_file()
    )


def _matching(root: Path | None, symbol: str, pattern: str) -> list[Path]:
    path = Path(pattern).expanduser()
    if not path.is_absolute():
        path = _root(root, _why(symbol, pattern)) / path
    if path.exists() or not is_pattern(pattern):
        return [path]
    matches = matching(path)
    if not matches:
        raise SourceError(
            f"{symbol}: no file matches {path}; put one there, or correct files in its entry",
            code="no-file",
        )
    return matches


def _only(folder: Path, symbol: str, timeframe: str) -> Path:
    files = [path for path in _bar_files(folder) if timeframe_of_name(path, symbol) == timeframe]
    if not files:
        there = sorted(path.name for path in folder.iterdir() if path.name[0] != ".")
        has = listed([name for name in there if name != MAPPING_FILE])
        # without the path: the reason is stored, and is the same where the folder is moved
        raise NotOfferedError(
            f"the folder {symbol} of REGIME_FILES_ROOT has no {timeframe}.csv nor another name of "
            f"that length; it has {has or 'nothing'}"
        )
    if len(files) > 1:
        names = [f"{symbol}/{path.name}" for path in files]
        raise SourceError(
            f"{symbol}: {listed([path.name for path in files])} in {folder} all mean {timeframe}; "
            f"keep one, or name in its entry those of one series, as in "
            f"`files: {{{timeframe}: [{', '.join(names)}]}}`",
            code="ambiguous-file",
        )
    return files[0]


def listed(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _bar_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if is_bar_file(path))


def _folder(root: Path | None, symbol: str) -> Path:
    folder = _root(root, _why(symbol)) / symbol
    if not folder.is_dir():
        raise SourceError(
            f"{symbol}: no folder {folder}; create it with one file per timeframe, "
            "for example 1day.csv, or name its files with `regime files add`",
            code="no-symbol-folder",
        )
    return folder


def _why(symbol: str, *relative: str) -> str:
    return f"the entry of {symbol} names {relative[0] if relative else 'no files'}"


def _root(root: Path | None, why: str) -> Path:
    if root is None:
        raise ConfigError(
            f"{why}, so source files needs a folder; set REGIME_FILES_ROOT to the one with "
            "{SYMBOL}/{timeframe}.csv, or name its files with `regime files add`",
            code="no-files-root",
        )
    if not root.is_dir():
        message = f"REGIME_FILES_ROOT is {root}, which is no folder; create it"
        raise ConfigError(message, code="no-files-root")
    return root
