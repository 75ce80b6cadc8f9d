"""The report folder in the guarded webserver: read-only, below ``/report/``.

The pages of symbols link to the documents that prove them, which lie beside that folder: they are
served at the same addresses.
"""

from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from regime_platform.bar_store.layout import ASSETS, DataRoot
from regime_platform.report import assets

PREFIX = "/report"
#: Pages run the scripts beside them and nothing else: no text in them reaches Dagster's API.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
#: Documents of a symbol that its page links to, see `report.page.records_of`.
_PROOFS = ("verdict.json", "manifest.json", "compute_manifest.json")
_FOR_GOOD = "public, max-age=31536000, immutable"  # of files with their digest in the name


def report_routes(root: DataRoot) -> list[BaseRoute]:
    """The routes that serve the report of a data root, which need not exist yet, and its proofs."""
    proofs = _ReportFiles(directory=root.path / ASSETS, check_dir=False)

    def to_index(_request: Request) -> Response:
        return RedirectResponse(f"{PREFIX}/")

    async def proof(request: Request) -> Response:
        path: str = request.scope["path"]
        return await proofs.get_response(path.removeprefix(f"/{ASSETS}/"), request.scope)

    # no asset of Dagster has these names
    addresses = [f"/{ASSETS}/{{symbol}}/{name}" for name in _PROOFS]
    return [
        Route(PREFIX, to_index),
        Mount(PREFIX, _ReportFiles(directory=root.report, check_dir=False)),
        *(Route(address, proof) for address in addresses),
    ]


class _ReportFiles(StaticFiles):
    """Files by GET and HEAD; the index for the folder, and never a list of it.

    The class it extends refuses paths and symbolic links that lead out of the folder.
    """

    async def check_config(self) -> None:
        """Nothing: the first report makes the folder."""

    def get_path(self, scope: Scope) -> str:
        """The path below the folder; that of the index for the folder itself."""
        path = super().get_path(scope)
        return "index.html" if path == "." else path

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file; 404 where there is none, and for hidden and unfinished ones."""
        if any(part.startswith(".") for part in Path(path).parts):
            raise HTTPException(404)
        try:
            return await super().get_response(path, scope)
        except HTTPException as error:
            if path == "index.html" and error.status_code == 404:
                raise HTTPException(404, "No report yet: `regime report` writes it.") from error
            raise

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        """A file with the headers that restrict what its page may do."""
        response = super().file_response(*arguments, **options)
        is_asset = Path(arguments[0]).parent.name == assets.FOLDER
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cache-Control"] = _FOR_GOOD if is_asset else "no-cache"
        return response
