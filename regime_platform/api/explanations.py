"""Explanations as a notebook shows them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regime_platform.model.instants import iso
from regime_platform.query.explain import Explained
from regime_platform.query.explanation import Explanation, explanation_document
from regime_platform.report.explanation import explanation_html, headline
from regime_platform.report.palette import readable

if TYPE_CHECKING:
    from regime_platform.audit.results_as_of import ResultsAsOf


@dataclass(frozen=True, repr=False)
class StoredExplanation(Explained):
    """Why the stored numbers of one bar are what they are, and where they come from.

    ``.explanation`` has the numbers and rules, ``.origin`` the revisions of the bar, ``.made_from``
    and ``.manifests`` the provenance, ``.document()`` all of it as in ``regime explain --json``.
    """

    def __repr__(self) -> str:
        """One line."""
        return _brief(self.explanation)

    def _repr_html_(self) -> str:
        age = "" if self.age is None or not self.age.is_stale else f"{self.age}"
        return explanation_html(self.explanation, [*filter(None, [age]), *self.notes])


@dataclass(frozen=True, repr=False)
class PastExplanation:
    """Why the numbers of one bar were what they were at a past moment."""

    explanation: Explanation
    then: "ResultsAsOf"  # results of all timeframes, and how far a record of then proves them

    def document(self) -> dict[str, Any]:
        """The document of ``regime explain --as-of --json``."""
        return {**explanation_document(self.explanation), "then": self.then.as_json()}

    def __repr__(self) -> str:
        """One line."""
        return f"{_brief(self.explanation)}, as of {iso(self.then.as_of)}"

    def _repr_html_(self) -> str:
        provenance = self.then.provenance
        note = f"as of {iso(self.then.as_of)}: {provenance.status}: {provenance.reason}"
        return explanation_html(self.explanation, [note])


def _brief(explanation: Explanation) -> str:
    bar = f"{explanation.symbol} {explanation.timeframe} {iso(explanation.ts)}"
    regime = readable(explanation.regime["regime_label"])
    return f"{bar}: {regime}, escalation {headline(explanation)}"
