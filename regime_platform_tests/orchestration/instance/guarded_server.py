"""A guarded webserver in a process of its own, and questions to it."""

import socket
import subprocess
import time

import httpx

PATIENCE = 120  # seconds to start

CHANGE = "mutation { setNuxSeen }"

#: A workspace without code: what is asked here never reaches the code server.
SERVE = """
import sys
from regime_platform.orchestration.instance import webserver
sys.argv = ["webserver", "--empty-workspace", *sys.argv[1:]]
webserver.main()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def served(process: "subprocess.Popen[str]", address: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"http://{address}/server_info")
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return address
    process.kill()
    raise AssertionError(process.communicate()[0][-3000:])


def ask(address: str, query: str, **headers: str) -> httpx.Response:
    return httpx.post(f"http://{address}/graphql", json={"query": query}, headers=headers)
