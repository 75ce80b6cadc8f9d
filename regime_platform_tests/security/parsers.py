"""All parsers of outside bytes by name."""

from regime_platform_tests.security.open_parsers import open_parsers
from regime_platform_tests.security.stored_parsers import stored_parsers
from regime_platform_tests.security.text_parsers import text_parsers

PARSERS = {**text_parsers(), **stored_parsers(), **open_parsers()}
