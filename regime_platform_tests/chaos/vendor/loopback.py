"""The vendor on loopback with its credits counted, whose answers go wrong as a seed decides."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime
from random import Random
from typing import Any

import polars as pl
from werkzeug import Request, Response

from regime_platform_tests.chaos.vendor.lies import SEEN, UNSEEN
from regime_platform_tests.chaos.vendor.wire_faults import ENDING, PASSING, SLOW
from regime_platform_tests.vendor import KEY, LoopbackVendor, Question, error_answer, json_answer

_ANSWERED = "true answer"
_HEADERS: Mapping[str, Mapping[str, str]] = {
    "headers without numbers": {"api-credits-used": "many", "api-credits-left": "-1"},
    "headers of thousands of digits": {"api-credits-used": "9" * 5000, "api-credits-left": "1"},
    "headers of a smaller plan": {"api-credits-used": "2", "api-credits-left": "1"},
    "headers of a full minute": {"api-credits-used": "99999", "api-credits-left": "0"},
    "no date": {"Date": "yesterday"},
}
_EARLIEST: Mapping[str, Mapping[str, object]] = {
    "an earliest bar of another year": {"datetime": "2025-02-03", "unix_time": 1738540800},
    "a later earliest bar": {"datetime": "2026-06-08", "unix_time": 1780876800},
    "an earliest bar without a date": {"datetime": "soon", "unix_time": None},
    "an earliest bar of the year 9999": {"datetime": "9999-12-31", "unix_time": 10**18},
    "an earliest bar out of range": {"datetime": "0000-00-00", "unix_time": -(10**18)},
}
_PARTS: Mapping[str, object] = {
    "a batch with a null": None,
    "a batch with an error without a code": {"status": "error"},
    "a batch with a spent minute": {"code": 429, "message": "current minute", "status": "error"},
    "a batch with a failure": {"code": 500, "message": "internal", "status": "error"},
    "a batch with a text": "?",
}


@dataclass
class FaultyVendor(LoopbackVendor):
    """Attributes:
    share: of the answers that go wrong.
    lies: whether what goes wrong may be well formed.
    done: kinds of answers so far.
    problems: what the vendor noticed of its client.
    trail: the faults and what they were answers to.
    """

    random: Random = field(default_factory=Random)
    share: float = 0.0
    lies: bool = False
    is_slow: bool = False
    other_host: str = ""
    sent: Counter[str] = field(default_factory=Counter)  # requests and credits
    done: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    trail: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        """See ``LoopbackVendor``; a request that goes wrong costs its credits all the same."""
        params = request.args.to_dict()
        self.questions.append(Question(request.path, params, request.url))
        symbols = params["symbol"].split(",")
        self.sent.update(requests=1, credits=len(symbols))
        assert self.plan is not None
        pays, headers, refusal = self.plan.charge(len(symbols))
        if self.is_dated and self.now is not None:
            headers = {**headers, "Date": format_datetime(self.now(), usegmt=True)}
        if not pays:
            self.problems.append(f"more credits than the plan has: {refusal}")
        if KEY in request.url or request.headers.get("Authorization") != f"apikey {KEY}":
            self.problems.append(f"the key of {request.url} does not travel in its header alone")
        if self.random.random() >= self.share:
            self.done[_ANSWERED] += 1
            return json_answer(self._body(request.path, symbols, params), headers=headers)
        if self.lies and self.random.random() < 0.6:
            return self._lie(request, symbols, headers)
        request.environ["chaos.other_host"] = self.other_host
        kinds = {**PASSING, **(ENDING if self.lies else {}), **(SLOW if self.is_slow else {})}
        return kinds[self._named(sorted(kinds))](request, self.random)

    def listed(self, symbol: str, interval: str) -> pl.DataFrame:
        """The bars that it has of a series, those of the future included."""
        return self._listed[symbol, interval].bars

    def relist(self, symbol: str, interval: str, bars: pl.DataFrame) -> None:
        """Has other bars of a series from now on."""
        self._listed[symbol, interval].bars = bars.sort("ts")

    def _lie(
        self, request: Request, symbols: Sequence[str], headers: Mapping[str, str]
    ) -> Response:
        params = request.args.to_dict()
        body = self._body(request.path, list(symbols), params)
        if request.path == "/earliest_timestamp":
            return json_answer({**body, **self._chosen(_EARLIEST)}, headers=headers)
        if self.random.random() < 0.1:
            return json_answer(body, headers={**headers, **self._chosen(_HEADERS)})
        if len(symbols) == 1:
            return json_answer(self._lied(body), headers=headers)
        liar = self.random.choice(symbols)
        if self.random.random() < 0.3:
            self.done["a batch without a symbol"] += 1
            return json_answer({name: part for name, part in body.items() if name != liar})
        part = self._lied(body[liar]) if self.random.random() < 0.7 else self._chosen(_PARTS)
        return json_answer({**body, liar: part}, headers=headers)

    def _lied(self, body: Any) -> Any:
        if not body.get("values"):
            self.done[_ANSWERED] += 1
            return body
        return self._chosen({**SEEN, **UNSEEN})(body, self.random)

    def _chosen(self, kinds: Mapping[str, Any]) -> Any:
        return kinds[self._named(sorted(kinds))]

    def _named(self, names: Sequence[str]) -> str:
        name = self.random.choice(names)
        self.done[name] += 1
        self.trail.append((name, self.questions[-1].params))
        return name


def answer_of_the_other_host(seen: list[str]) -> Any:
    """A handler of the host to which redirects lead; nothing is to arrive there."""

    def answer(request: Request) -> Response:
        seen.append(f"{request.url} {dict(request.headers)}")
        return error_answer(500, "not here")

    return answer


def utc_now() -> dt.datetime:
    """The vendor's clock is that of the machine."""
    return dt.datetime.now(dt.UTC)
