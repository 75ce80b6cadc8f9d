"""The pages of docs/reference that are made from the code."""

from collections.abc import Callable, Mapping

from regime_platform_tests.docs.commands_page import commands_page
from regime_platform_tests.docs.python_page import python_page
from regime_platform_tests.docs.rules_page import rules_page
from regime_platform_tests.docs.settings_page import settings_page

#: Name of a page -> its maker.
PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "python.md": python_page,
    "settings.md": settings_page,
    "rules.md": rules_page,
}
