"""The commands of `regime`, by panel of its help.

The table is apart from the commands, so that `regime --help` imports none of their modules.
"""

from regime_platform.cli.command_groups import (
    ACTIONS,
    ALERTS,
    BARS,
    ERAS,
    FILES,
    MIGRATE,
    SERVICE,
    SNAPSHOT,
    UNIVERSE,
)
from regime_platform.cli.console.lazy_group import Command, Entry

PANELS: dict[str, dict[str, Entry]] = {
    "Pipeline": {
        "run": Command(
            "pipeline.run:run",
            "Fetch missing bars, validate them, compute what changed and write the manifests.",
            "regime run AAPL MSFT",
        ),
        "update": Command(
            "pipeline.fetch:update",
            "Fetch, validate and promote the bars that are due; compute nothing.",
            "regime update --tier core",
        ),
        "backfill": Command(
            "pipeline.fetch:backfill",
            "Fetch full histories, validate and promote them; a stopped backfill resumes.",
            "regime backfill AAPL --start 2015-01-01 --dry-run",
        ),
        "validate": Command(
            "pipeline.validate:validate",
            "Validate bars by every rule of the gate; report per symbol and timeframe.",
            "regime validate AAPL --input raw --check-gaps",
        ),
        "promote": Command(
            "pipeline.run:promote",
            "Validate the fetched bars and promote those that pass; fetches and computes nothing.",
            "regime promote AAPL",
        ),
        "compute": Command(
            "pipeline.run:compute",
            "Compute results from new promoted bars and write the manifests; fetches nothing.",
            "regime compute --all --force",
        ),
    },
    "Query": {
        "state": Command(
            "query.state:state",
            "Show the regime of symbols, since when and why; with --as-of, as known at that time.",
            "regime state AAPL MSFT --timeframe 1day",
        ),
        "history": Command(
            "query.history:history",
            "Show or export the regime of every bar, or with --runs of every run of a regime.",
            "regime history AAPL 1day --last 10",
        ),
        "explain": Command(
            "query.explain:explain",
            "Explain the numbers of one bar: inputs, ranks, rules, manifests and code.",
            "regime explain AAPL 1day 2013-03-01",
        ),
        "board": Command(
            "query.board:board_command",
            "Show the latest state of symbols, a row per symbol; default: all symbols.",
            "regime board --bucket HIGH --sort escalation",
        ),
        "compare": Command(
            "query.compare:compare",
            "Compare symbols: latest states, agreement of regimes, and which changes first.",
            "regime compare AAPL MSFT IBM --timeframe 1week",
        ),
        "chart": Command(
            "query.chart:chart",
            "Write the chart of a symbol to one file: an interactive page, or a picture.",
            "regime chart AAPL --timeframe 1day --since 2010-01-01 -o aapl.html",
        ),
        "charts": Command(
            "query.charts:charts",
            "Write one HTML page per symbol with results; default: all symbols.",
            "regime charts AAPL MSFT",
        ),
        "report": Command(
            "query.report:report",
            "Write one page over all symbols: board, heat map, breadth, changes, coverage, status.",
            "regime report --pages",
        ),
        "study": Command(
            "query.study:study",
            "Show what followed the signal, and what chance would show; without a name, the"
            " studies.",
            "regime study forward-returns AAPL --split 2010-01-01",
        ),
        "sql": Command(
            "query.sql:sql",
            "Show the answer to an SQL query over all symbols; without a query, the views.",
            'regime sql "SELECT regime_label, count(*) FROM latest_state GROUP BY ALL"',
        ),
        "bars": BARS,
        "actions": ACTIONS,
    },
    "Audit": {
        "verify": Command(
            "audit.verify:verify",
            "Verify bars, results and manifests, value by value; changes nothing.",
            "regime verify --all --recompute",
        ),
        "repair": Command(
            "audit.verify:repair",
            "Show how to rebuild damaged symbols from their raw logs; with --yes, rebuild them.",
            "regime repair AAPL --yes",
        ),
        "snapshot": SNAPSHOT,
    },
    "Ad hoc": {
        "evaluate": Command(
            "query.ad_hoc:evaluate",
            "Compute the results of any file of bars, without the gate; the store is not touched.",
            "regime evaluate spy.csv --symbol SPY --timeframe 1day --output results",
        ),
        "export": Command(
            "query.ad_hoc:export",
            "Write results as SQLite tables of the legacy engine, or as Parquet or CSV per symbol.",
            "regime export --all --format parquet --output results",
        ),
    },
    "Operations": {
        "demo": Command(
            "operations.demo:demo",
            "Run the sample symbols through the Dagster graph, show the board and write charts.",
            "regime demo",
        ),
        "ui": Command(
            "operations.service:ui",
            "Start the Dagster UI with its schedules and sensors; stop it with Ctrl-C.",
            "regime ui --port 3001",
        ),
        "status": Command(
            "operations.status:status",
            "Show active runs, the last passes, blocked symbols and what is left to do.",
            "regime status --check",
        ),
        "metrics": Command(
            "operations.metrics:metrics",
            "Print the figures of status for Prometheus, or serve them.",
            "regime metrics --serve 9464",
        ),
        "doctor": Command(
            "operations.doctor:doctor",
            "Check settings, data root, universe, eras, sources and kernels; changes nothing.",
            "regime doctor",
        ),
        "backup": Command(
            "operations.backup:backup",
            "Copy the data root while it is in use; a repeated backup copies only changes.",
            "regime backup /backups/regime",
        ),
        "restore": Command(
            "operations.backup:restore",
            "Restore a backup into the current data root, which must have no symbols yet.",
            "regime restore /backups/regime",
        ),
        "compact": Command(
            "operations.compact:compact",
            "Merge the small files of raw logs; every revision and fetch time is kept.",
            "regime compact --all",
        ),
        "warm": Command(
            "operations.warm:warm",
            "Compile the compute kernels in advance, once per machine.",
            "regime warm",
        ),
        "version": Command(
            "operations.version:version",
            "Print the versions of the platform, Python and the libraries that affect results.",
            "regime version --json",
        ),
        "alerts": ALERTS,
        "service": SERVICE,
        "migrate": MIGRATE,
    },
    "Eras": {"eras": ERAS},
    "Universe": {"universe": UNIVERSE, "files": FILES},
}
