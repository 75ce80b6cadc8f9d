"""How to read each study, in a paragraph."""

from collections.abc import Mapping

#: What is true of every study.
RULES = (
    "A signal is known at the close of its bar, and what is counted begins after that close. "
    "Intervals come from a stationary bootstrap of blocks. A p-value is the share of shuffled "
    "signals that do at least as well; it is corrected where many were tested. Windows that "
    "overlap are not independent: the number of those that do not stands beside each result, and "
    "fewer than 10 are too few to say. All of it describes the past and promises nothing."
)
#: Name of a study -> its paragraph.
READING: Mapping[str, str] = {
    "forward-returns": (
        "Each row has the bars in one regime or bucket, and what the price did over the following "
        "bars: its return, its largest move in either direction, and its deepest fall below the "
        "close. The difference is to all other bars. A signal of risk should show in moves and "
        "falls; that it also shows in the return is not implied. Where the spread of the boxes "
        "differs and their middles do not, the signal is about risk, not about direction."
    ),
    "events": (
        "An event is an unusually large move within the horizon, measured against what was usual "
        "by then, or a move of several average ranges. Precision is the share of signals that an "
        "event followed, recall the share of events that a signal preceded, lift the precision "
        "against the share of all bars that an event followed: 1 is what any signal has by chance. "
        "The table of crashes shows each fall one by one, with the first HIGH before or after its "
        "peak; a HIGH after the peak warned of the rest of the fall only."
    ),
    "lead-time": (
        "Bars from the first HIGH of a stretch to the event after it. A long lead is no merit by "
        "itself: shuffled signals have leads, too, and the more so the more often a signal is "
        "given. What counts is the difference to them. A HIGH that began after its event warned "
        "of nothing and is counted apart."
    ),
    "transitions": (
        "Each row of the matrix is a state, each column the state of the next bar, or of the next "
        "run. Regimes last, so most of a row stands on its own column; what a signal adds is how "
        "the others differ from what is usual. Where the shares differ between eras by more than "
        "shuffled blocks do, the past of one era says less about the next."
    ),
    "leakage": (
        "The same effect with the signal moved. Delayed by a bar or a few it should fade slowly: "
        "an effect that ends at once is a sign of a look ahead. Advanced it looks ahead, which "
        "shows what a leak would be. The rest asks what the signal adds to recent returns and "
        "volatility, which also precede large moves, and how much of the effect rests on a few "
        "crises."
    ),
    "allocation": (
        "Less exposure in HIGH against always holding, and against a constant exposure of the same "
        "mean, which is the fair comparison: holding less lowers every drawdown. An exposure "
        "decided at a close earns the return to the next close, after costs. Figures of a strategy "
        "that was chosen on the same past are better than what follows."
    ),
}
