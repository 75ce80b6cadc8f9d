"""Python started afresh in a checkout."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def answer_of(script: str, checkout: Path, *arguments: str) -> Any:
    command = [sys.executable, "-B", "-c", script, *arguments]
    answer = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)
