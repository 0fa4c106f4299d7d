"""Speaks to a Label Studio server through its SDK, in the worker only: the SDK brings pandas and OpenCV.

The SDK repeats any request that failed, writes too, and follows redirects: writes go out once, nothing is
redirected, and no environment variable sends it through a proxy. What the server says of a failure may
repeat what it was sent, so people read its status and nothing else.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Final

from consilium.refusals import Refused

TIMEOUT_SECONDS: Final = 60.0
PAGE: Final = 25  # tasks at once: each carries its images
ONCE: Final = {"max_retries": 0}
ANNOTATED: Final = {
    "filters": {
        "conjunction": "and",
        "items": [
            {
                "filter": "filter:tasks:total_annotations",
                "operator": "greater",
                "type": "Number",
                "value": 0,
            }
        ],
    }
}


class ServerRefused(Refused):
    """The server cannot be used, did not answer or said no; the text is for people and holds no secret."""

    status = 502


class SdkMissing(ServerRefused):
    """This worker's host has no label-studio-sdk."""

    def __init__(self) -> None:
        super().__init__(
            "This worker has no label-studio-sdk: the operator installs requirements.txt on its host."
        )


class LabelStudioServer:
    """`with LabelStudioServer(base_url, token) as server:`. Every call raises ServerRefused."""

    def __init__(self, base_url: str, token: str, check: Callable[[], None] = lambda: None) -> None:
        if find_spec("label_studio_sdk") is None:
            raise SdkMissing
        import httpx
        from label_studio_sdk import LabelStudio

        self._check = check
        self._http = httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)
        with _told_in_words():
            self._sdk = LabelStudio(
                base_url=base_url, api_key=token, httpx_client=self._http, timeout=TIMEOUT_SECONDS
            )

    def __enter__(self) -> "LabelStudioServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._http.close()

    def people(self) -> dict[int, str]:
        """Number to e-mail address of everybody on the server."""
        with _told_in_words():
            return {int(user.id): str(user.email or "").lower() for user in self._sdk.users.list() if user.id}

    def find_project(self, title: str) -> int | None:
        """The number of the project of that title."""
        with _told_in_words():
            for project in self._sdk.projects.list(title=title):
                if project.title == title:
                    return int(project.id)
        return None

    def create_project(self, *, title: str, config: str, readers: int, instruction: str) -> int:
        """A new project whose tasks take so many annotations each; its number."""
        with _told_in_words():
            made = self._sdk.projects.create(
                title=title,
                label_config=config,
                maximum_annotations=readers,
                expert_instruction=instruction,
                show_instruction=bool(instruction),
                show_skip_button=True,
                enable_empty_annotation=False,
                sampling="Uniform sampling",
                request_options=ONCE,
            )
        return int(made.id)

    def import_tasks(self, project: int, data: Sequence[dict[str, Any]]) -> list[int]:
        """The numbers of new tasks with these data, in the same order. Not repeat-safe: look first."""
        with _told_in_words():
            made = self._sdk.projects.import_tasks(
                id=project,
                request=[{"data": each} for each in data],
                return_task_ids=True,
                commit_to_project=True,
                request_options=ONCE,
            )
        numbers = [int(number) for number in made.task_ids or []]
        if len(numbers) != len(data):
            raise ServerRefused(
                "The server did not number the tasks it was sent. Push again: it looks first."
            )
        return numbers

    def tasks(self, project: int, *, only_annotated: bool) -> Iterator[dict[str, Any]]:
        """The tasks of a project with their annotations, page after page."""
        query = {"query": json.dumps(ANNOTATED)} if only_annotated else {}
        fields = "all" if only_annotated else "task_only"
        with _told_in_words():
            pages = self._sdk.tasks.list(project=project, page_size=PAGE, fields=fields, **query)
            for task in pages:
                self._check()
                yield task.model_dump(mode="json")


@contextmanager
def _told_in_words() -> Iterator[None]:
    """Turn what the SDK and its HTTP client raise into a sentence without contents."""
    import httpx
    from label_studio_sdk.core.api_error import ApiError

    try:
        yield
    except ApiError as error:
        raise ServerRefused(_meaning(error.status_code)) from None
    except httpx.TimeoutException:
        raise ServerRefused(
            "Label Studio did not answer in time. Try again; nothing is sent twice."
        ) from None
    except httpx.HTTPError:
        raise ServerRefused("Label Studio cannot be reached at this address. Is it running?") from None
    except (ValueError, KeyError, TypeError):
        raise ServerRefused("What this address answers is not what Label Studio 1.23 says.") from None


def _meaning(status: int | None) -> str:
    if status in (401, 403):
        return "Label Studio refuses the token: it is wrong, expired, or may not do this. Enter a new one."
    if status == 404:
        return "Label Studio has no such project or address. Check the address; a deleted project is gone."
    if status is not None and 300 <= status < 400:
        return "The address sends us elsewhere, which is not followed. Enter the address it leads to."
    if status == 429 or (status or 0) >= 500:
        return f"Label Studio is in trouble (status {status}). Try again later; nothing is sent twice."
    return f"Label Studio refused what it was sent (status {status})."
