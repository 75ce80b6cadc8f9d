"""Which symbols are verified on a day."""

import datetime as dt

from regime_platform.audit.verify.share import due_for_verification
from regime_platform.model.universe.universe import parse_universe
from regime_platform.settings import TRACKED_UNIVERSE

DAY = dt.date(2026, 11, 20)
UNIVERSE = parse_universe(TRACKED_UNIVERSE.read_text(), "universe.yaml").instruments


def test_every_symbol_has_its_turn_once_in_so_many_days_and_missed_ones_are_added() -> None:
    days = [DAY + dt.timedelta(days=number) for number in range(5)]

    shares = [due_for_verification(UNIVERSE, 5, day) for day in days]
    missed = due_for_verification(UNIVERSE, 5, days[-1], days[0])
    after_a_month = due_for_verification(UNIVERSE, 5, days[-1], DAY - dt.timedelta(days=30))

    verified = [instrument.symbol for share in shares for instrument in share]
    assert sorted(verified) == sorted(instrument.symbol for instrument in UNIVERSE)
    assert {instrument.symbol for instrument in missed} == {
        instrument.symbol for share in shares[1:] for instrument in share
    }
    assert after_a_month == UNIVERSE
    assert due_for_verification(UNIVERSE, 5, days[0]) == shares[0]
    assert due_for_verification(UNIVERSE, 0, days[0]) == ()
    assert due_for_verification(UNIVERSE, 1, days[0]) == UNIVERSE
