"""Whether results were made from the bars in force, or are still to be computed from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from regime_platform.manifests.compute_manifest import Recipe
from regime_platform.manifests.standing import RESULTS_PENDING
from regime_platform.validation.verdict import Verdict


@dataclass(frozen=True)
class InputInForce:
    """What the gate leaves in force for results to be made from."""

    bars: Mapping[str, str]  # timeframe -> digest of the canonical bars
    #: Blocked timeframes, sorted; None where the symbol is blocked as a whole: results stay then.
    left_out: tuple[str, ...] | None

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """Of the verdict in force."""
        left_out = None if verdict.is_blocked_whole else tuple(sorted(verdict.left_out))
        return cls(verdict.bars_digests, left_out)

    def why_not_of(self, recipe: Recipe) -> str:
        """Why results of ``recipe`` are not made from it; empty where they are."""
        differing = [
            name
            for name in sorted({*recipe.bars, *self.bars})
            if recipe.bars.get(name) != self.bars.get(name)
        ]
        if differing:
            return f"made from other bars than those in force ({', '.join(differing)})"
        if self.left_out in {None, recipe.left_out}:
            return ""
        now, then = (", ".join(names) or "none" for names in (self.left_out or (), recipe.left_out))
        return f"the gate blocks other timeframes ({now}) than the results leave out ({then})"


def pending_results(verdict: Verdict | None, recipe: Recipe | None) -> str:
    """That results of the bars in force are to be computed, and why; empty where they are there.

    ``recipe`` is that of the stored results, None without any.
    """
    if verdict is None or not verdict.promoted:
        return ""
    if recipe is None:
        reason = "" if verdict.is_blocked_whole else "nothing was computed yet"
    else:
        reason = InputInForce.of(verdict).why_not_of(recipe)
    return reason and describe_pending(verdict.symbol, reason)


def describe_pending(symbol: str, reason: str) -> str:
    """That results are to be computed, why, and by which command."""
    return f"{RESULTS_PENDING}: {reason}; `regime compute {symbol}` computes them"
