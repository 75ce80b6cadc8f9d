"""Origins of two fetches of a raw log."""

import datetime as dt

from regime_platform_tests.builders import LONG_AFTER, fetch_origin

FACTS = fetch_origin()

LATER = fetch_origin(LONG_AFTER + dt.timedelta(days=1))
