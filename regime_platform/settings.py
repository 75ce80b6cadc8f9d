"""The settings of the platform; the only module that reads the environment.

Values come from the environment first and from ``.env`` in the working folder second.
"""

import math
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from platformdirs import user_state_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

from regime_platform.errors import ConfigError
from regime_platform.model.universe.universe import Universe, parse_universe
from regime_platform.redaction import hide
from regime_platform.regular_files import read_text

#: The folder that holds the package: where the tracked universe and dagster.yaml live.
PROJECT_ROOT = Path(__file__).resolve().parent.parent
VENDOR_URL = "https://api.twelvedata.com"
_SECRET = re.compile("KEY|SMTP|WEBHOOK|URL")
_SECRETS = ("twelvedata_api_key", "notify_webhook", "notify_smtp", "heartbeat_url")
_PROXY_VARIABLES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})
#: DuckDB, SQLite and Dagster read these in a path as options or patterns, and would write beside
#: the data root or find nothing in it; a line end would end a line of a systemd unit.
_NOT_IN_DATA_ROOT = "?*[\\\n\r"
TRACKED_UNIVERSE = PROJECT_ROOT / "data" / "universe.yaml"


class Settings(BaseSettings):
    """The settings that an operator may change."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,  # an empty REGIME_DATA_ROOT would mean the working folder
        extra="ignore",
        frozen=True,
    )

    data_root: Path = Field(
        default=PROJECT_ROOT / "data",
        alias="REGIME_DATA_ROOT",
        description="folder of all stored data and of Dagster's state; no `? * [ \\` in its path",
    )
    universe: Path | None = Field(
        default=None,
        alias="REGIME_UNIVERSE",
        description="which symbols, from which source; default: `universe.yaml` in the data root, "
        "else `data/universe.yaml`",
    )
    files_root: Path | None = Field(
        default=None,
        alias="REGIME_FILES_ROOT",
        description="folder of the `files` source: `{SYMBOL}/{timeframe}.csv` or `.parquet`, see "
        "`docs/files-source.md`",
    )
    twelvedata_api_key: SecretStr | None = Field(
        default=None, alias="TWELVEDATA_API_KEY", description="key of the `twelvedata` source"
    )
    twelvedata_url: str = Field(
        default=VENDOR_URL,
        alias="REGIME_TWELVEDATA_URL",
        description="its base address: https, or of this machine; set it where the key is set",
    )
    ccxt_url: str = Field(
        default="",
        alias="REGIME_CCXT_URL",
        description="a mirror's scheme and host, instead of those of each `ccxt` exchange",
    )

    credits_per_minute: int | None = Field(
        default=None,
        ge=1,
        alias="REGIME_CREDITS_PER_MINUTE",
        description="credits a minute for all processes of this user; default: the vendor's limit",
    )
    credits_per_day: int | None = Field(
        default=None,
        ge=1,
        alias="REGIME_CREDITS_PER_DAY",
        description="credits a UTC day; default: no limit",
    )
    credits_folder: Path = Field(
        default_factory=lambda: user_state_path("regime_platform"),
        alias="REGIME_CREDITS_FOLDER",
        description="where all processes of this user count them; default: the user's state folder",
    )
    reread_share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        alias="REGIME_REREAD_SHARE",
        description="share of the stored bars that is fetched again each day; 0 for none",
    )
    verify_share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        alias="REGIME_VERIFY_SHARE",
        description="share of the symbols that is verified each night; 0 for none",
    )
    workers: int = Field(
        default_factory=lambda: min(2, os.cpu_count() or 1),
        ge=1,
        alias="REGIME_WORKERS",
        description="processes that work on many symbols; default: 2, or 1 on a single core",
    )
    #: A secret, since posting needs nothing but the address.
    notify_webhook: SecretStr | None = Field(
        default=None,
        alias="REGIME_NOTIFY_WEBHOOK",
        description="address to which alerts are posted as JSON",
    )
    notify_email: str = Field(
        default="",
        alias="REGIME_NOTIFY_EMAIL",
        description="e-mail address that receives alerts",
    )
    notify_smtp: SecretStr | None = Field(
        default=None,
        alias="REGIME_NOTIFY_SMTP",
        description="its mail server: `smtp://user:password@host:587` or `smtps://…:465`; its "
        "certificate is checked",
    )
    allowed_hosts: str = Field(
        default="",
        alias="REGIME_ALLOWED_HOSTS",
        description="further names by which browsers reach the webserver, such as that of a "
        "reverse proxy; comma-separated, see `docs/operations.md`",
    )
    heartbeat_url: SecretStr | None = Field(
        default=None,
        alias="REGIME_HEARTBEAT_URL",
        description="https address that is requested after every run of the daemon, for a service "
        "that raises an alarm when the requests stop",
    )
    keep_runs_days: int = Field(
        default=30,
        ge=1,
        alias="REGIME_KEEP_RUNS_DAYS",
        description="days after which Dagster's runs are deleted, except of what is in force",
    )

    def __init__(self, **values: Any) -> None:
        """Reads the environment and ``.env``; ``values`` take precedence.

        Raises:
            ConfigError: a setting is not usable; names it.
        """
        try:
            super().__init__(**values)
        except ValidationError as error:
            reasons = "; ".join(map(_describe, error.errors()))
            raise ConfigError(reasons, code="setting-invalid") from None
        except UnicodeDecodeError:
            raise ConfigError(".env: save it as UTF-8", code="setting-invalid") from None

    @field_validator("data_root")
    @classmethod
    def _is_plain(cls, path: Path) -> Path:
        if problem := _why_unusable(path):
            raise ConfigError(f"REGIME_DATA_ROOT {problem}", code="data-root-unusable")
        return path

    def model_post_init(self, _context: object) -> None:
        """Registers the secrets, which are then hidden in everything that is shown."""
        for name in _SECRETS:
            if (secret := getattr(self, name)) is not None:
                hide(secret.get_secret_value().strip())
        if self.notify_smtp is not None:
            password = urlsplit(self.notify_smtp.get_secret_value()).password or ""
            hide(password)
            hide(unquote(password))

    def address_of_key(self) -> str:
        """The vendor's address, which the key is sent to.

        Raises:
            ConfigError: the key is from the environment and the address from a ``.env``, which
                any program may have written into the working folder.
        """
        key, url = self.twelvedata_api_key, self.twelvedata_url
        # compared with the file, since Dagster puts its values into the environment of processes
        file = DotEnvSettingsSource(type(self))()
        is_own = key is not None and key.get_secret_value() == file.get("TWELVEDATA_API_KEY")
        if url != VENDOR_URL and url == file.get("REGIME_TWELVEDATA_URL") and not is_own:
            raise ConfigError(
                "REGIME_TWELVEDATA_URL comes from .env in the working folder, TWELVEDATA_API_KEY "
                "from the environment; a key goes only to an address from the same place: set "
                "both in the environment and none in .env, or both in .env",
                code="key-and-address-apart",
            )
        return url

    def reread_days(self) -> int:
        """Days after which all of the stored history was requested again; 0 means never."""
        return round(1 / self.reread_share) if self.reread_share else 0

    def without_secrets(self) -> "Settings":
        """The same settings without keys and secret addresses, for worker processes."""
        return self.model_copy(update=dict.fromkeys(_SECRETS))

    def allowed_host_names(self) -> list[str]:
        """The names in ``REGIME_ALLOWED_HOSTS``."""
        return [name.strip() for name in self.allowed_hosts.split(",") if name.strip()]

    def verify_days(self) -> int:
        """Days after which each symbol was verified again; 0 means never."""
        return math.ceil(1 / self.verify_share) if self.verify_share else 0

    @property
    def root_folder(self) -> Path:
        """The data root as an absolute path."""
        return self.data_root.expanduser().absolute()

    @property
    def dagster_folder(self) -> Path:
        """Dagster's state for the data root."""
        return self.root_folder / "dagster"

    def universe_file(self) -> Path:
        """The universe in force: of the setting, else of the data root, else the tracked one."""
        own = self.own_universe()
        return self.universe or (own if own.exists() else TRACKED_UNIVERSE)

    def own_universe(self) -> Path:
        """The universe of the data root, which exists once it was edited."""
        return self.root_folder / "universe.yaml"


def proxy_variables() -> dict[str, str]:
    """The proxy variables of the environment; of two spellings the lower-case one."""
    named = {name: value for name, value in os.environ.items() if value}  # noqa: TID251 - here alone
    return {
        name: value
        for name, value in named.items()
        if name.upper() in _PROXY_VARIABLES and (name.islower() or name.lower() not in named)
    }


def _why_unusable(data_root: Path) -> str:
    whole = str(data_root.expanduser().absolute())
    bad = {
        repr(sign) for sign in whole if sign in _NOT_IN_DATA_ROOT or "\ud800" <= sign <= "\udfff"
    }
    if data_root.exists() and not data_root.is_dir():
        return f"{whole!r} is no folder; name one, or a new path"
    if not str(data_root).strip():
        return "is blank; name a folder, or leave it unset"
    if bad:
        return (
            f"{whole!r} cannot be used: DuckDB, Dagster or systemd misread "
            f"{', '.join(sorted(bad))} in a path; choose a folder whose path is UTF-8 without "
            "? * [ \\ and line ends"
        )
    return ""


def _describe(error: ErrorDetails) -> str:
    """A setting that is not usable: its name, its value unless secret, and what is expected."""
    name = ".".join(map(str, error["loc"]))
    is_shown = isinstance(error["input"], str | int | float) and not _SECRET.search(name)
    value = f" is {error['input']!r}" if is_shown else ""
    return f"{name}{value}: {error['msg']}; correct it in the environment or in .env"


def load_universe(settings: Settings) -> Universe:
    """Reads and validates the universe in force.

    Raises:
        ConfigError: the file is missing, unreadable or invalid.
    """
    path = settings.universe_file()
    return parse_universe(read_universe(path), str(path))


def read_universe(path: Path) -> str:
    """The text of a universe file, not yet validated.

    Raises:
        ConfigError: it is missing, unreadable or no UTF-8.
    """
    try:
        return read_text(path)
    except OSError as error:
        raise ConfigError(
            f"cannot read the universe {path}: {error.strerror}; "
            "set REGIME_UNIVERSE to a file that exists",
            code="unreadable-file",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not UTF-8 ({error.reason}); save it as UTF-8", code="unreadable-file"
        ) from error
