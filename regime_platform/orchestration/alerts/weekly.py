"""Makes the weekly digest from the board and the records of alerts; sends and writes nothing."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute_db.board import read_board
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.alerts.channels import Alert
from regime_platform.orchestration.alerts.digest import WeekNow, digest_alert
from regime_platform.orchestration.alerts.open_failures import open_failures
from regime_platform.orchestration.alerts.reported import (
    WeeklyDigest,
    read_digest,
    read_reported,
    read_stale,
)
from regime_platform.orchestration.alerts.rules import DigestTime
from regime_platform.settings import Settings


class NextDigest(NamedTuple):
    """The digest as it would be sent now."""

    alert: Alert | None  # None where none was sent before, so that there is nothing to compare
    record: WeeklyDigest  # what the digest after it is compared with


def next_digest(
    settings: Settings,
    universe: Universe,
    digest: DigestTime,
    now: dt.datetime,
    notes: Sequence[str] = (),
) -> NextDigest | None:
    """The digest of ``now`` (aware); None before the daemon's first look at the board.

    Raises:
        RegimeError: the board or a record of alerts is damaged.
    """
    reported, last = read_reported(settings), read_digest(settings)
    if reported is None:
        return None
    board = read_board(DataRoot(settings.root_folder))
    week = WeekNow.of(board, reported.by_series, universe, digest.timeframes)
    week = replace(week, stale=sorted(read_stale(settings) or ()))
    if last is None:
        return NextDigest(None, week.baseline(now))
    failures = open_failures(settings).lines(week.failing)
    return NextDigest(digest_alert(last, now, week, failures, notes), week.baseline(now))
