"""Whether a server answers: what got no answer in a row, and when a run gives up."""

from dataclasses import dataclass, field

from regime_platform.errors import UnresponsiveError

#: After so many requests in a row without a usable answer the run ends. Where the server did answer
#: they are of two symbols at least, since it may fail for all series of one.
ENDING = 4


@dataclass
class Outage:
    """The requests in a row that got no answer although each was repeated; empty at first."""

    server: str  # for messages
    unanswered: list[str] = field(default_factory=list)  # the symbols of each

    @property
    def is_seen(self) -> bool:
        """True from the first such request until an answer: none is repeated meanwhile."""
        return bool(self.unanswered)

    def end(self) -> None:
        """Records that the server has answered."""
        self.unanswered.clear()

    def add(self, symbols: str, reason: str, *, is_of_server: bool) -> None:
        """Records one more; ``UnresponsiveError`` where no further request is worth its time."""
        self.unanswered.append(symbols)
        is_of_one = is_of_server and len(set(self.unanswered)) == 1
        if len(self.unanswered) >= ENDING and not is_of_one:
            raise UnresponsiveError(
                f"{self.server} did not answer {len(self.unanswered)} requests in a row, the last: "
                f"{reason}; no more are sent: check the network or its status page, then run again"
            )
