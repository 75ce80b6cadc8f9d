"""The groups of commands in `cli.commands`, and the commands in them."""

from regime_platform.cli.console.lazy_group import Command, Group

BARS = Group(
    "Show canonical bars; list, add and undo overrides of bars.",
    {
        "show": Command(
            "query.answers:bars",
            "Show or export the canonical bars of a series; with --as-of, as known at that time.",
            "regime bars AAPL 1day --last 10",
        ),
        "exclude": Command(
            "operations.overrides:exclude_bars",
            "Exclude a bar, or all bars of a range, from the canonical bars.",
            'regime bars exclude AAPL 1day 2013-03-01 --reason "bad print"',
        ),
        "exclude-found": Command(
            "operations.overrides:exclude_found_bars",
            "Exclude every bar that a rule names, by one override per timeframe.",
            'regime bars exclude-found AAPL high_low_order --reason "bad prints"',
        ),
        "accept": Command(
            "operations.overrides:accept_bars",
            "Accept findings as correct data: real extremes or gaps, of a bar or of a range.",
            'regime bars accept AAPL 1day 2010-05-06 --reason "flash crash"',
        ),
        "withdraw": Command(
            "operations.overrides:withdraw_bars",
            "Take back bars that their source no longer has, until it serves them again.",
            'regime bars withdraw AAPL 1day 1999-01-04 2001-12-31 --reason "left the export"',
        ),
        "accept-found": Command(
            "operations.overrides:accept_found_bars",
            "Accept every finding of a rule as correct data, by one override per timeframe.",
            'regime bars accept-found AAPL missing_sessions --reason "halted by the exchange"',
        ),
        "undo": Command(
            "operations.overrides:undo_override",
            "Withdraw an override; it stays on record.",
            'regime bars undo AAPL 1 --reason "the print was real"',
        ),
        "list": Command(
            "operations.override_list:list_overrides",
            "Show all overrides on record and whether they are in force.",
            "regime bars list AAPL",
        ),
    },
    default="show",
)

ACTIONS = Group(
    "Record splits that a source does not adjust bars for; list and undo them.",
    {
        "add": Command(
            "operations.actions:add_action",
            "Adjust the bars before a split; refused where the bars do not show it.",
            'regime actions add NVDA split 2021-07-20 4:1 --reason "announced 2021-05-21"',
        ),
        "import": Command(
            "operations.actions:import_file",
            "Import splits from a CSV file, all or none: symbol,date,ratio and source.",
            'regime actions import splits.csv --reason "list of the exchange" --dry-run',
        ),
        "undo": Command(
            "operations.actions:undo_action",
            "Withdraw an action; it stays on record.",
            'regime actions undo NVDA 1 --reason "the file is adjusted now"',
        ),
        "list": Command(
            "operations.actions:list_actions",
            "Show all actions on record, and the series that are adjusted for them.",
            "regime actions list NVDA",
        ),
    },
)

SNAPSHOT = Group(
    "Take, list and compare snapshots of all symbols; export one as a bundle.",
    {
        "take": Command(
            "audit.snapshots:take",
            "Write one manifest over all symbols; repeated dates get another revision.",
            "regime snapshot --name release-4",
        ),
        "list": Command(
            "audit.snapshots:list_snapshots",
            "Show all snapshots, oldest first.",
            "regime snapshot list",
        ),
        "diff": Command(
            "audit.releases:diff",
            "Show which values differ between two snapshots, a golden table, or now, and why.",
            "regime snapshot diff 2026-10-30 2026-11-27",
        ),
        "export": Command(
            "audit.snapshots:export",
            "Write a bundle for `regime verify --bundle` elsewhere, or the table of all states.",
            "regime snapshot export 2026-11-27",
        ),
    },
    default="take",
    needs_words=False,
)

SERVICE = Group(
    "Run the daemon and the webserver as system services.",
    {
        "install": Command(
            "operations.service:install",
            "Print two systemd units for the current data root; writes nothing.",
            "regime service install --user regime",
        ),
        "daemon": Command(
            "operations.service:daemon",
            "Run schedules, sensors and the run queue; one daemon per data root.",
            "regime service daemon",
        ),
        "webserver": Command(
            "operations.service:webserver",
            "Run the UI only; it has no passwords, so keep it on a local address.",
            "regime service webserver --read-only",
        ),
        "reset-history": Command(
            "operations.service:reset_history",
            "Set damaged databases of Dagster aside; it creates new ones. Stop daemon and UI first."
            "\n\nBars and results stay. The list of runs and the statuses in the UI are lost.",
            "regime service reset-history",
        ),
    },
)

ALERTS = Group(
    "List the alerts that were sent, preview what the rules would send, send a test.",
    {
        "list": Command(
            "operations.alerts:list_alerts",
            "Show the last alerts, oldest first.",
            "regime alerts list --last 20 --all-rows",
        ),
        "preview": Command(
            "operations.alert_preview:preview_alerts",
            "Show what the rules would have sent by the stored history; sends nothing.",
            "regime alerts preview AAPL MSFT --days 30",
        ),
        "test": Command(
            "operations.alerts:send_test",
            "Send a test alert on every channel.",
            "regime alerts test",
        ),
    },
    default="list",
    needs_words=False,
)

MIGRATE = Group(
    "Import stores of the legacy engine, undo a migration, compare results.",
    {
        "live": Command(
            "migration.migrate:live",
            "Migrate bars of live.db files, one for all or one per symbol, with their -wal files.",
            "regime migrate live --all --from /legacy --dry-run",
        ),
        "frozen": Command(
            "migration.migrate:frozen",
            "Migrate bars of frozen_YYYY-MM-DD.db files; where they differ, the newest counts.",
            "regime migrate frozen AAPL --from /legacy",
        ),
        "bars-v1": Command(
            "migration.migrate:bars_v1",
            "Migrate day files in assets/SYMBOL/bars/TIMEFRAME.",
            "regime migrate bars-v1 --all --from /legacy",
        ),
        "bars-root": Command(
            "migration.migrate:bars_root",
            "Migrate files in the older bars/SYMBOL/TIMEFRAME.",
            "regime migrate bars-root --all --from /legacy",
        ),
        "list": Command(
            "migration.migrate:list_migrations",
            "List the migrations with files in the raw logs.",
            "regime migrate list",
        ),
        "undo": Command(
            "migration.migrate:undo",
            "Remove the raw files of a migration and promote the remaining bars.",
            "regime migrate undo live AAPL --from /legacy",
        ),
        "compare-compute": Command(
            "migration.comparison:compare_compute",
            "Recompute the results of legacy compute.db files, and show differences; writes"
            " nothing.",
            "regime migrate compare-compute --all --from /legacy",
        ),
    },
)

ERAS = Group(
    "Detect, list, draw and adopt the eras that escalation is ranked in.",
    {
        "detect": Command(
            "operations.eras:detect",
            "Detect eras in the benchmarks' daily bars and store them as a new era set.",
            "regime eras detect --from QQQ=EQUITIES_US",
        ),
        "list": Command(
            "operations.eras:list_sets",
            "Show all era sets and adoptions; the last adoption is in force.",
            "regime eras list",
        ),
        "adopt": Command(
            "operations.eras:adopt",
            "Put an era set in force; the next run recomputes the affected symbols.",
            'regime eras adopt 2026-11-27-1a2b3c --reason "yearly detection"',
        ),
        "affected": Command(
            "operations.eras:affected",
            "Show symbols whose results use other eras than those in force, or of a given set.",
            "regime eras affected 2026-11-27-1a2b3c",
        ),
        "chart": Command(
            "operations.era_chart:chart",
            "Write a chart of the volatility of a class or symbol and the eras that it falls into.",
            "regime eras chart IBM -o eras.svg",
        ),
    },
)

UNIVERSE = Group(
    "Check, list and change the tracked symbols.",
    {
        "check": Command(
            "universe.commands:check",
            "Show all errors of the universe file, line by line; changes nothing.",
            "regime universe check new_universe.yaml",
        ),
        "list": Command(
            "universe.commands:list_symbols",
            "Show the instruments in partition order.",
            "regime universe list --tier core",
        ),
        "add": Command(
            "universe.add:add",
            "Add instruments; the next run fetches their history.",
            "regime universe add NVDA --name NVIDIA --class US_EQUITY --tier daily"
            " --source twelvedata --provider-symbol NVDA --mic-code XNGS",
        ),
        "timeframes": Command(
            "universe.edits:timeframes",
            "Set the timeframes on which a symbol is expected to have bars.",
            "regime universe timeframes EURUSD 1h 4h 1day 1week",
        ),
        "rename": Command(
            "universe.edits:rename",
            "Rename a symbol with its bars, results and manifests.",
            'regime universe rename FB META --name "Meta Platforms"',
        ),
        "delist": Command(
            "universe.edits:delist",
            "Stop fetching an instrument; its stored data stay readable and verifiable.",
            "regime universe delist TWTR --since 2022-10-28",
        ),
        "remove": Command(
            "universe.edits:remove",
            "Remove symbols from the universe; their stored data stay.",
            "regime universe remove TWTR --dry-run",
        ),
        "repoint": Command(
            "universe.commands:repoint",
            "Resolve a conflict between the stored bars of a symbol and its universe entry.",
            'regime universe repoint FB --same --reason "moved from XNGS to XNYS"',
        ),
        "import": Command(
            "universe.edits:import_file",
            "Import instruments from a file; options fill in missing fields.",
            "regime universe import universe.json --tier daily --dry-run",
        ),
    },
)

FILES = Group(
    "Show how files of bars are read, and add them to the universe.",
    {
        "inspect": Command(
            "files.commands:inspect",
            "Show how files of bars are read, why, and what has to be stated; writes nothing.",
            "regime files inspect AAPL.csv",
        ),
        "add": Command(
            "files.commands:add",
            "Add files of bars to the universe, all or none; they stay where they are.",
            "regime files add AAPL.csv --class US_EQUITY",
        ),
    },
)
