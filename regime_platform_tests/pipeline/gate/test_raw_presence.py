"""A raw file that the bars in force were validated with is missed until it is released."""

import pytest

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import BarsError
from regime_platform.pipeline.gate.intact import release_raw_files, require_raw_files
from regime_platform_tests.error_codes import raises


@pytest.mark.parametrize("is_verdict_lost", [False, True])
def test_a_file_that_is_gone_is_missed(msft: SymbolPaths, *, is_verdict_lost: bool) -> None:
    verdict = None if is_verdict_lost else read_verdict(msft)
    require_raw_files(msft, verdict, ["1day", "1week"])
    (lost,) = msft.raw("1day").glob("*.parquet")
    lost.unlink()

    require_raw_files(msft, verdict, ["1week"])
    with raises(BarsError, "raw-file-lost", match=lost.name):
        require_raw_files(msft, verdict, ["1day"])


def test_a_released_file_is_not_missed_and_the_next_promotion_validates_again(
    msft: SymbolPaths,
) -> None:
    (lost,) = msft.raw("1day").glob("*.parquet")
    lost.unlink()

    release_raw_files(msft, {"1day": [lost.name]})

    verdict = read_verdict(msft)
    assert verdict is not None
    require_raw_files(msft, verdict, ["1day", "1week"])
    digests = {series.timeframe: series.log_digest for series in verdict.series}
    assert digests["1day"] == ""
    assert digests["1week"]
