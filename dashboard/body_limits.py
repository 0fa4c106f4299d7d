"""How much a request may bring, decided before any of it is read: little from strangers, files from few."""

import shutil
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from consilium.people.requests import ENTRANCE, takes_files
from curation.imports.uploads import FREE_BYTES

# A login, an invitation with its password; the web server takes as much in before a thread is used.
STRANGER_BYTES: Final = 64 << 10
MEBIBYTE: Final = 1 << 20
TOO_LARGE: Final = 413
NO_ROOM: Final = 507


class BodyLimitMiddleware:
    """Stands before everything that reads a body: the check of the form's token is the first that does.

    Files go only to views marked with `takes_files`, and only from people whom the view would let in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Django calls this for each request."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Refuse what is too much. Raises BadRequest for a body whose length or content nobody can know."""
        headers = request.META
        if "HTTP_TRANSFER_ENCODING" in headers:
            raise BadRequest("A body must say its length.")
        if headers.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
            raise BadRequest("A body must not be compressed.")
        length = _length(headers.get("CONTENT_LENGTH"))
        if length <= STRANGER_BYTES:
            return None
        if not request.user.is_authenticated:
            return _refused(request, STRANGER_BYTES)
        if length <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return None
        if not takes_files(view):
            return _refused(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        if length > settings.UPLOAD_MAX_BYTES:
            return _refused(request, settings.UPLOAD_MAX_BYTES)
        getattr(view, ENTRANCE)(request, **kwargs)
        # The files arrive in one spool, from which the import copies them.
        if shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR).free < 2 * length + FREE_BYTES:
            text = "The server's disk has no room for these files. Tell the operator; nothing was taken in."
            return render(request, "refused.html", {"reason": text, "status": NO_ROOM}, status=NO_ROOM)
        return None


def _length(header: str | None) -> int:
    """The length that the web server has accepted; 0 where there is none."""
    return int(header) if header and header.isdecimal() else 0


def _refused(request: HttpRequest, most: int) -> HttpResponse:
    size = f"{most // MEBIBYTE:,} MB" if most >= MEBIBYTE else f"{most >> 10} kB"
    text = f"This is more than may be sent here at once ({size}). Nothing of it was taken in."
    if request.content_type == "application/json":  # the work screens read this
        return JsonResponse({"error": text, "fields": {}}, status=TOO_LARGE)
    return render(request, "refused.html", {"reason": text, "status": TOO_LARGE}, status=TOO_LARGE)
