"""The heartbeat: a request to a service that alerts when no request arrives (dead man's switch).

It is sent at the end of every pass that Dagster started, also where symbols failed, since alerts
report those. A service that is slow, refuses or is gone costs the pass a few seconds and a warning
in the log.
"""

import logging
import threading

import httpx
from pydantic import SecretStr

from regime_platform.orchestration.alerts.outgoing import is_confidential, send
from regime_platform.settings import Settings

_LOG = logging.getLogger("regime_platform.heartbeat")
#: Seconds that a pass waits at most, for the name server and the service together.
DEADLINE = 5.0
NOT_CONFIDENTIAL = (
    "REGIME_HEARTBEAT_URL is not used: expected an https:// address (http:// only to this machine)"
)


def send_heartbeat(settings: Settings) -> str:
    """Sends the heartbeat where the settings name an address.

    Returns:
        Why it was not accepted; empty where it was, or where there is no address.
    """
    address = settings.heartbeat_url
    if address is None:
        return ""
    problem = _sent(address) if is_confidential(address) else NOT_CONFIDENTIAL
    if problem:
        _LOG.warning("no heartbeat after a pass: %s", problem)
    return problem


def _sent(address: SecretStr) -> str:
    # in a thread of its own, since no timeout of httpx covers the resolution of a name
    ended: list[str] = []
    thread = threading.Thread(target=lambda: ended.append(_problem(address)), daemon=True)
    thread.start()
    thread.join(DEADLINE)
    return ended[0] if ended else f"no answer within {DEADLINE:g} s"


def _problem(address: SecretStr) -> str:
    try:
        send("GET", address, deadline=DEADLINE)
    except httpx.HTTPStatusError as error:
        return f"the service answered {error.response.status_code}"
    except Exception as error:  # noqa: BLE001 - the message of an error may repeat the address
        return type(error).__name__
    return ""
