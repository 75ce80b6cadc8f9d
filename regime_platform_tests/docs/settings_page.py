"""docs/reference/settings.md: every setting, from the class of the settings."""

from pathlib import Path

from pydantic.fields import FieldInfo

from regime_platform.settings import PROJECT_ROOT, Settings
from regime_platform_tests.docs.tables import table

_HEAD = """# Settings

Read from the environment, or from `.env` in the working folder; the environment comes first. A
setting that is not usable is an error that names it; `regime doctor` checks all of them. Secrets
are hidden wherever a setting is shown. Proxies: `docs/operations.md`, section "Keys, passwords and
proxies"."""


def settings_page() -> str:
    """The page, settings in the order of the code."""
    rows = [
        (f"`{field.alias}`", _default(field), field.description or "")
        for field in Settings.model_fields.values()
    ]
    return f"{_HEAD}\n\n{table(('name', 'default', 'meaning'), rows)}\n"


def _default(field: FieldInfo) -> str:
    """As it is written; what depends on machine and user is in the description."""
    if field.default_factory is not None:
        return "see right"
    if field.default in {None, ""}:
        return "none"
    if isinstance(field.default, Path):
        return f"`{field.default.relative_to(PROJECT_ROOT)}`"
    return f"`{field.default}`"
