"""Verifying many symbols on several cores; a few are quicker without new processes."""

from collections.abc import Iterator, Sequence
from functools import partial

from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.platform import Platform
from regime_platform.pipeline.proof import Finding, Kind, Proof
from regime_platform.pipeline.verify import verify
from regime_platform.pipeline.workers import in_turn

#: Below so many symbols each, starting processes takes longer than it spares.
WORTH_A_PROCESS = 40


def verify_many(
    platform: Platform,
    instruments: Sequence[Instrument],
    *,
    recompute: bool = False,
    workers: int = 1,
) -> Iterator[Proof]:
    """One proof per instrument, in order, each as soon as it and those before it are known.

    Args:
        platform: where they live.
        instruments: the symbols.
        recompute: also promote and compute them again; see `verify`.
        workers: processes, at most.
    """
    proven = partial(_verified, platform, recompute=recompute)
    workers = min(workers, len(instruments) // WORTH_A_PROCESS)
    return in_turn(workers, proven, instruments, _unproven)


def _verified(platform: Platform, instrument: Instrument, *, recompute: bool) -> Proof:
    try:
        return verify(platform, instrument, recompute=recompute)
    except Exception as error:  # noqa: BLE001 - one symbol's damaged file must not stop the others
        return _unproven(instrument, f"{type(error).__name__}: {error}")


def _unproven(instrument: Instrument, why: str) -> Proof:
    reason = f"cannot be verified: {why}"
    return Proof(instrument.symbol, (Finding(Kind.UNREADABLE, "the symbol", reason),))
