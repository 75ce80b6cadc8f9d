"""Results that are not there yet."""

from pathlib import Path

from regime_platform.errors import ResultsError
from regime_platform.query.series import history
from regime_platform_tests.error_codes import raises


def test_history_before_any_run_names_the_remedy(tmp_path: Path) -> None:
    with raises(ResultsError, "no-results", match="`regime run MSFT`"):
        history("MSFT", "1day", where=tmp_path)
