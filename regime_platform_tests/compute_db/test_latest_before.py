"""What was before the latest state is what the history has."""

from regime_platform.compute_db.board import read_board
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import history


def test_board_has_what_the_history_has_before_the_latest_state(processed: RunWorkspace) -> None:
    board = read_board(processed.root)

    for symbol, timeframe in (("AAPL", "1day"), ("IBM", "1week"), ("SYNTH", "1h")):
        (row,) = board.filter(symbol=symbol, timeframe=timeframe).to_dicts()
        bars = history(symbol, timeframe, where=processed.root.path).to_dicts()
        last = bars[-1]
        regimes = [bar for bar in bars if bar["regime_label"] != last["regime_label"]]
        buckets = [bar for bar in bars if bar["escalation_bucket"] != last["escalation_bucket"]]
        after = [bar for bar in bars if bar["ts"] > buckets[-1]["ts"]]
        assert row["price_before"] == bars[-2]["price"]
        assert row["regime_before"] == regimes[-1]["regime_label"]
        assert row["bucket_before"] == buckets[-1]["escalation_bucket"]
        assert row["bucket_since"] == after[0]["ts"]
    assert board.filter(symbol="FB")["regime_before"].null_count() == 2
