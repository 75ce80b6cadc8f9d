"""The commands of `regime`: panel of the help, name, where it is defined, and its help text.

Kept apart from the commands, so that `regime --help` imports none of their modules.
"""

from typing import NamedTuple


class Entry(NamedTuple):
    """A command or a group of commands."""

    name: str
    target: str  # module below regime_platform.cli, and the function or typer.Typer in it
    help: str


#: Panel of `regime --help` -> its entries, in the order shown.
PANELS = {
    "Pipeline": (
        Entry(
            "run",
            "pipeline.run:run",
            "Fetch missing bars, validate them, compute what changed and write the manifests.",
        ),
        Entry(
            "update",
            "pipeline.fetch:update",
            "Fetch the bars that are due and not stored yet; nothing else.",
        ),
        Entry(
            "backfill",
            "pipeline.fetch:backfill",
            "Fetch full histories from the source's first bar; a stopped backfill resumes.",
        ),
        Entry(
            "validate",
            "pipeline.validate:validate",
            "Validate bars by every rule of the gate; report per symbol and timeframe.",
        ),
        Entry(
            "promote",
            "pipeline.run:promote",
            "Validate the fetched bars and promote those that pass; fetches and computes nothing.",
        ),
        Entry(
            "compute",
            "pipeline.run:compute",
            "Compute results from new promoted bars and write the manifests; fetches nothing.",
        ),
    ),
    "Query": (
        Entry(
            "state",
            "query.answers:state",
            "Show the regime of a symbol, since when and why; with --as-of, as known at that time.",
        ),
        Entry(
            "history",
            "query.answers:history",
            "Show or export the regime and escalation of every bar.",
        ),
        Entry(
            "explain",
            "query.explain:explain",
            "Explain the numbers of one bar: inputs, ranks, rules, manifests and code.",
        ),
        Entry(
            "board",
            "query.board:board",
            "Show the latest regime of every symbol on every timeframe.",
        ),
        Entry(
            "charts",
            "query.board:charts",
            "Write one HTML page per symbol with results; default: all symbols.",
        ),
        Entry(
            "bars",
            "operations.overrides:bars",
            "Show canonical bars; list, add and undo overrides of single bars.",
        ),
    ),
    "Audit": (
        Entry(
            "verify",
            "audit.verify:verify",
            "Verify bars, results and manifests, value by value; changes nothing.",
        ),
        Entry(
            "repair",
            "audit.verify:repair",
            "Show how to rebuild damaged symbols from their raw logs; with --yes, rebuild them.",
        ),
        Entry(
            "snapshot",
            "audit.snapshots:snapshot",
            "Take, list and compare snapshots of all symbols; export one as a bundle.",
        ),
    ),
    "Ad hoc": (
        Entry(
            "evaluate",
            "query.ad_hoc:evaluate",
            "Compute the results of any file of bars, without the gate; the store is not touched.",
        ),
        Entry(
            "export",
            "query.ad_hoc:export",
            "Write results as SQLite tables of the legacy engine, or as Parquet or CSV per symbol.",
        ),
    ),
    "Operations": (
        Entry(
            "demo",
            "operations.demo:demo",
            "Run the sample symbols through the Dagster graph, show the board and write charts.",
        ),
        Entry(
            "ui",
            "operations.service:ui",
            "Start the Dagster UI with its schedules and sensors; stop it with Ctrl-C.",
        ),
        Entry(
            "status",
            "operations.status:status",
            "Show active runs, the last passes, blocked symbols and what is left to do.",
        ),
        Entry(
            "doctor",
            "operations.doctor:doctor",
            "Check settings, data root, universe, eras, sources and kernels; changes nothing.",
        ),
        Entry(
            "backup",
            "operations.backup:backup",
            "Copy the data root while it is in use; a repeated backup copies only changes.",
        ),
        Entry(
            "restore",
            "operations.backup:restore",
            "Restore a backup into the current data root, which must have no symbols yet.",
        ),
        Entry(
            "compact",
            "operations.compact:compact",
            "Merge the small files of raw logs; every revision and fetch time is kept.",
        ),
        Entry(
            "warm",
            "operations.installation:warm",
            "Compile the compute kernels in advance, once per machine.",
        ),
        Entry(
            "version",
            "operations.installation:version",
            "Print the versions of the platform, Python and the libraries that affect results.",
        ),
        Entry(
            "service",
            "operations.service:service",
            "Run the daemon and the webserver as system services.",
        ),
        Entry(
            "migrate",
            "migration.migrating:migrate",
            "Import stores of the legacy engine, undo a migration, compare results.",
        ),
    ),
    "Eras": (
        Entry(
            "eras",
            "operations.eras:eras",
            "Detect, list and adopt the eras that escalation is ranked in.",
        ),
    ),
    "Universe": (
        Entry(
            "universe", "universe.commands:universe", "Check, list and change the tracked symbols."
        ),
    ),
}
