"""`regime files inspect` and `add`."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from regime_platform.cli.console.options import DryRun, Options
from regime_platform.cli.console.output import (
    ALL_GOOD,
    NOTHING_SUCCEEDED,
    LongOutput,
    code_of_counts,
)
from regime_platform.cli.console.progress import counter
from regime_platform.cli.files.report import (
    addition_document,
    inspection_document,
    print_addition,
    print_inspections,
)
from regime_platform.errors import UsageError, nearest
from regime_platform.model.exchanges import HOURS
from regime_platform.model.markets import MARKETS
from regime_platform.model.symbols import parse_symbol
from regime_platform.model.timeframes import DURATION, TIERS, known_bar_length
from regime_platform.operations.file_additions import FileAdder
from regime_platform.operations.named_files import NamedFiles, inspect_files, named_files
from regime_platform.settings import Settings, load_universe
from regime_platform.sources.files.facts import OPTIONS
from regime_platform.sources.files.inspection import Inspection
from regime_platform.sources.files.kinds import FileRequest
from regime_platform.sources.files.mapping import AS_NAMED, parsed_setting

Paths = Annotated[
    list[str], typer.Argument(help="Files, folders, or patterns in quotes.", metavar="PATH...")
]


@dataclass(frozen=True)
class Statements(Options):
    """What a user states about files."""

    symbol: Annotated[
        str | None, typer.Option("--symbol", help="Their symbol; default: by name or column.")
    ] = None
    asset_class: Annotated[
        str | None, typer.Option("--class", help="Their asset class, as US_EQUITY.")
    ] = None
    calendar: Annotated[
        str | None, typer.Option("--calendar", help="Their calendar, if not that of the class.")
    ] = None
    timeframe: Annotated[
        str | None, typer.Option("--timeframe", help="Length of bars; default: by their spacing.")
    ] = None
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="KEY=VALUE of mapping.yaml, as zone=America/New_York; repeatable."
        ),
    ] = None

    def request(self) -> FileRequest:
        """The same, checked; UsageError names option, value and what is known."""
        timeframe = known_bar_length(self.timeframe or "") or ""
        for option, value, is_known, words in (
            ("--timeframe", self.timeframe, bool(timeframe), DURATION),
            ("--class", self.asset_class, self.asset_class in MARKETS, MARKETS),
            ("--calendar", self.calendar, self.calendar in HOURS, HOURS),
        ):
            if value and not is_known:
                close = nearest(value, words)
                listed = "" if option == "--calendar" else f"; expected one of {', '.join(words)}"
                message = f"{option} {value!r} is unknown{close}{listed}"
                raise UsageError(message, code=f"unknown-{option[2:]}")
        pairs = [parsed_setting(text) for text in self.settings or ()]
        settings = dict(pairs)
        if len(settings) < len(pairs):
            twice = next(key for n, (key, _) in enumerate(pairs) if key in dict(pairs[:n]))
            message = f"--set {twice} is given twice; give it once, with all that it states"
            raise UsageError(message, code="setting-repeated")
        AS_NAMED.stating(settings, "--set")
        return FileRequest(
            symbol=parse_symbol(self.symbol) if self.symbol else None,
            timeframe=timeframe,
            asset_class=self.asset_class or "",
            calendar=self.calendar or "",
            settings=settings,
        )

    def command(self, words: Sequence[str], inspections: Sequence[Inspection]) -> str:
        """The command that adds the files, with a word in capitals for each thing to be stated."""
        given = {
            "symbol": self.symbol,
            "class": self.asset_class,
            "calendar": self.calendar,
            "timeframe": self.timeframe,
        }
        asked = {
            fact.key: fact.choices[0] if len(fact.choices) == 1 else fact.key.upper()
            for each in inspections
            for fact in each.asked
        }
        options = {**given, **asked}
        parts = ["regime", "files", "add", *words]
        for name in OPTIONS:
            if options.get(name):
                parts += [f"--{name}", str(options[name])]
        for setting in self.settings or ():
            if setting.partition("=")[0] not in asked:
                parts += ["--set", setting]
        for key, word in asked.items():
            if key not in OPTIONS:
                parts += ["--set", f"{key}={word}"]
        return shlex.join(parts)


def inspect(paths: Paths, *, statements: Statements, out: LongOutput) -> int:
    settings = Settings()
    named, request = named_files(paths), statements.request()
    tracked = {entry.symbol: entry for entry in load_universe(settings).instruments}
    request = replace(request, tracked=tracked, is_alone=len(named.paths) == 1)
    inspections = _inspected(request, named, settings.workers)
    command = statements.command(paths, inspections)
    is_asked = any(len(fact.choices) > 1 for each in inspections for fact in each.asked)
    out.document(
        {
            "files": [inspection_document(each) for each in inspections],
            "command": "" if is_asked else command,
            "template": command if is_asked else "",
        }
    )
    print_inspections(inspections, out)
    clear = sum(inspection.is_clear for inspection in inspections)
    if not any(inspection.problem for inspection in inspections):
        out.note("replace the words in capitals by what holds:" if is_asked else "this adds it:")
        out.line(command)
    return code_of_counts(clear, len(inspections))


def add(  # noqa: PLR0913 - a parameter per option
    paths: Paths,
    *,
    statements: Statements,
    tier: Annotated[
        str | None, typer.Option("--tier", help="core or daily; default: core with intraday bars.")
    ] = None,
    one_series: Annotated[
        bool, typer.Option("--one-series", help="Several files of a timeframe are one series.")
    ] = False,
    dry_run: DryRun = False,
    out: LongOutput,
) -> int:
    if tier is not None and tier not in TIERS:
        message = f"--tier {tier!r} is unknown; expected one of {', '.join(TIERS)}"
        raise UsageError(message, code="unknown-tier")
    settings = Settings()
    adder = FileAdder(settings, tier=tier or "", is_one_series=one_series)
    named, request = named_files(paths), statements.request()
    request = replace(request, tracked=adder.tracked, is_alone=len(named.paths) == 1)
    inspections = _inspected(request, named, settings.workers)
    addition = adder.add(named, inspections, request.settings, dry_run=dry_run)
    out.document(addition_document(addition))
    print_addition(addition, out, dry_run=dry_run)
    return NOTHING_SUCCEEDED if addition.edit is None else ALL_GOOD


def _inspected(request: FileRequest, named: NamedFiles, workers: int) -> list[Inspection]:
    inspections = []
    with counter(len(named.paths)) as count:
        for inspection in inspect_files(request, named.paths, workers):
            count(inspection.path.name)
            inspections.append(inspection)
    return inspections
