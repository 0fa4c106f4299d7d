"""What the client's process can be asked, and how its failures are told. No Django.

Calls of the library that do not try again by themselves are repeated here: on 5xx, 429 (as long as
Retry-After says) and lost connections. A commit is repeated only where the branch has not moved.
"""

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile

from consilium.hub.files import RemoteFile
from consilium.logs import place_of
from consilium.refusals import Refused

T = TypeVar("T")
At = Callable[..., None]
BRANCH: Final = "main"
WAITS: Final = (0.5, 1.0, 2.0)
LONGEST_WAIT: Final = 60.0
PASSES: Final = frozenset({408, 429, 500, 502, 503, 504})
MOVED: Final = frozenset({409, 412})
FILES_AT_ONCE: Final = 100
SAID: Final = 200
COMMIT: Final = re.compile(r"[0-9a-f]{40}")


class BranchMoved(Refused):
    """Somebody else committed to the branch meanwhile."""

    def __init__(self) -> None:
        super().__init__("The repository has changed since this push looked at it.")


def whoami(api: HfApi, at: At) -> dict[str, Any]:
    """Account, kind of token and the namespaces it may write to."""
    said = again(api.whoami)
    token = said.get("auth", {}).get("accessToken", {})
    role = str(token.get("role", ""))
    if role == "fineGrained":
        scoped = token.get("fineGrained", {}).get("scoped", [])
        spaces = [_space(one) for one in scoped if "repo.write" in one.get("permissions", [])]
    elif role in ("write", "admin"):
        spaces = [said["name"], *(one["name"] for one in said.get("orgs", []))]
    else:
        spaces = []
    return {"account": str(said["name"]), "role": role, "writes_to": sorted(filter(None, set(spaces)))}


def _space(scope: dict[str, Any]) -> str:
    return str(scope.get("entity", {}).get("name", ""))


def repository(api: HfApi, at: At, *, repo_id: str, repo_type: str) -> dict[str, Any]:
    """Whether it exists; then whether it is private and gated, its head, tags and real name."""
    try:
        info = again(lambda: api.repo_info(repo_id, repo_type=repo_type))
    except RepositoryNotFoundError:
        return {"exists": False}
    refs = again(lambda: api.list_repo_refs(repo_id, repo_type=repo_type))
    heads = {ref.name: ref.target_commit for ref in refs.branches}
    return {
        "exists": True,
        "name": info.id,
        "is_private": bool(info.private),
        "gated": info.gated or "",
        "head": heads.get(BRANCH, ""),
        "tags": {ref.name: ref.target_commit for ref in refs.tags},
    }


def create(api: HfApi, at: At, *, repo_id: str, repo_type: str) -> dict[str, Any]:
    """Make it, private; that it is there already is no failure."""
    again(lambda: api.create_repo(repo_id, repo_type=repo_type, private=True, exist_ok=True))
    return repository(api, at, repo_id=repo_id, repo_type=repo_type)


def tree(api: HfApi, at: At, *, repo_id: str, repo_type: str, revision: str) -> dict[str, Any]:
    """The files at a commit; `exists` is false where the repository has no such commit."""
    try:
        found = again(lambda: list(_files(api, repo_id, repo_type, revision)))
    except (RevisionNotFoundError, RepositoryNotFoundError):
        return {"exists": False, "files": []}
    return {"exists": True, "files": [file.to_json() for file in found]}


def _files(api: HfApi, repo_id: str, repo_type: str, revision: str) -> Iterator[RemoteFile]:
    for entry in api.list_repo_tree(repo_id, repo_type=repo_type, revision=revision, recursive=True):
        if isinstance(entry, RepoFile):
            yield RemoteFile(entry.path, entry.size, entry.blob_id, entry.lfs.sha256 if entry.lfs else "")


def commits(api: HfApi, at: At, *, repo_id: str, repo_type: str, title: str) -> dict[str, Any]:
    """The commits of the branch with this title, newest first."""
    found = again(lambda: api.list_repo_commits(repo_id, repo_type=repo_type, revision=BRANCH))
    return {"commits": [one.commit_id for one in found if one.title == title]}


def commit(
    api: HfApi,
    at: At,
    *,
    repo_id: str,
    repo_type: str,
    folder: str,
    files: list[tuple[str, int]],
    deleted: list[str],
    parent: str,
    title: str,
) -> dict[str, Any]:
    """Upload what is missing, then one commit on `parent` that makes the repository equal to the files.

    Progress is told in bytes of the files. Raises BranchMoved.
    """
    additions = [
        CommitOperationAdd(path_in_repo=path, path_or_fileobj=Path(folder) / path) for path, _ in files
    ]
    passed = 0
    for start in range(0, len(files), FILES_AT_ONCE):
        some = slice(start, start + FILES_AT_ONCE)
        # What an earlier try has uploaded whole, the Hub does not ask for again.
        api.preupload_lfs_files(
            repo_id, additions[some], repo_type=repo_type, revision=BRANCH, free_memory=False
        )
        passed += sum(size for _, size in files[some])
        at(passed, surely=True)
    operations: list[CommitOperationAdd | CommitOperationDelete] = [*additions]
    operations += [CommitOperationDelete(path_in_repo=path, is_folder=False) for path in deleted]
    for wait in (*WAITS, None):
        try:
            made = api.create_commit(
                repo_id,
                operations,
                commit_message=title,
                repo_type=repo_type,
                revision=BRANCH,
                parent_commit=parent,
            )
            return {"commit": made.oid}
        except (HfHubHTTPError, httpx.TransportError) as problem:
            if status_of(problem) in MOVED:
                raise BranchMoved from None
            pause = _pause(problem, wait)
            if pause is None:
                raise
            time.sleep(pause)
        # The answer may have been lost after the commit was made: whoever asked looks before it is repeated.
        if repository(api, at, repo_id=repo_id, repo_type=repo_type).get("head") != parent:
            raise BranchMoved
    raise AssertionError("the last try ends in a return or an error")


def tag(api: HfApi, at: At, *, repo_id: str, repo_type: str, name: str, revision: str) -> dict[str, Any]:
    """Tag a commit; a tag of that name stays where it is. Returns what the tag points at."""
    again(
        lambda: api.create_tag(repo_id, tag=name, revision=revision, repo_type=repo_type, exist_ok=True),
    )
    refs = again(lambda: api.list_repo_refs(repo_id, repo_type=repo_type))
    return {"commit": next((ref.target_commit for ref in refs.tags if ref.name == name), "")}


def change(
    api: HfApi,
    at: At,
    *,
    repo_id: str,
    repo_type: str,
    private: bool | None = None,
    gated: str | None = None,
) -> dict[str, Any]:
    """Change who sees it; returns how it stands afterwards. `gated`: auto, manual, or empty for neither."""
    asks: Any = gated or False if gated is not None else None
    again(lambda: api.update_repo_settings(repo_id, repo_type=repo_type, private=private, gated=asks))
    return repository(api, at, repo_id=repo_id, repo_type=repo_type)


def resolve(api: HfApi, at: At, *, repo_id: str, revision: str) -> dict[str, Any]:
    """The commit that a branch, tag or commit of a dataset names."""
    try:
        info = again(lambda: api.dataset_info(repo_id, revision=revision))
    except RevisionNotFoundError:
        raise Refused(f"{repo_id} has no revision {revision}.") from None
    except RepositoryNotFoundError:
        raise Refused(f"There is no dataset {repo_id} on the Hub that this site's token may read.") from None
    if not COMMIT.fullmatch(info.sha or ""):
        raise Refused(f"The Hub names no commit for {repo_id} at {revision}.")
    return {"commit": info.sha}


def download(
    api: HfApi, at: At, *, repo_id: str, revision: str, folder: str, paths: list[str]
) -> dict[str, Any]:
    """Fetch files of a dataset at a commit; a part that an earlier try fetched is not fetched again."""
    fetch = partial(
        hf_hub_download,
        repo_id,
        repo_type="dataset",
        revision=revision,
        local_dir=folder,
        endpoint=api.endpoint,
        token=api.token,
    )
    for path in paths:
        again(partial(fetch, path))
    return {}


CALLS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    call.__name__: call
    for call in (whoami, repository, create, tree, commits, commit, tag, change, resolve, download)
}


def again(act: Callable[[], T]) -> T:
    """Do it, and once more after a while when the Hub was busy or the connection broke."""
    for wait in WAITS:
        try:
            return act()
        except (HfHubHTTPError, httpx.TransportError) as problem:
            pause = _pause(problem, wait)
            if pause is None:
                raise
            time.sleep(pause)
    return act()


def _pause(problem: Exception, wait: float | None) -> float | None:
    """Seconds until it is worth another try; None when it is not, or there was the last one."""
    status = status_of(problem)
    if wait is None or (status and status not in PASSES):
        return None
    asked = seconds_asked(problem)
    return None if asked > LONGEST_WAIT else max(wait, asked)


def status_of(problem: BaseException) -> int:
    """The HTTP status behind a failure; 0 where there was no answer."""
    return int(problem.response.status_code) if isinstance(problem, HfHubHTTPError) else 0


def seconds_asked(problem: BaseException) -> float:
    """The seconds that the Hub asks to wait; 0 when it does not say."""
    said = problem.response.headers.get("retry-after", "") if isinstance(problem, HfHubHTTPError) else ""
    return float(said) if said.isdecimal() else 0.0


def told(problem: Exception) -> dict[str, Any]:
    """A failure as the answer says it: `away` when trying later helps, else `refused`; never its own text."""
    cause = _behind(problem)
    if isinstance(cause, Refused):
        return {"refused": str(cause)}
    status = status_of(cause)
    if isinstance(cause, httpx.TransportError) or status in PASSES:
        why = f"HTTP {status}" if status else type(cause).__name__
        return {"away": why, "seconds": seconds_asked(cause)}
    if isinstance(cause, RepositoryNotFoundError):
        return {"refused": "The Hub has no such repository, or the token may not see it."}
    if status == 401:
        return {"refused": "The Hub does not know the token; an operator sets another one."}
    if status == 403:
        return {"refused": "The token may not do this on the Hub; its scope must include writing there."}
    if status:
        return {"refused": f"The Hub refuses this (HTTP {status}).{_said(cause)}", "detail": place_of(cause)}
    return {"refused": "The Hub answered in a way that cannot be understood.", "detail": place_of(problem)}


def _behind(problem: BaseException) -> BaseException:
    """What the library wrapped: a failed upload arrives as a RuntimeError."""
    kinds = (Refused, HfHubHTTPError, httpx.TransportError)
    while not isinstance(problem, kinds) and (problem.__cause__ or problem.__context__):
        problem = problem.__cause__ or problem.__context__ or problem
    return problem


def _said(problem: BaseException) -> str:
    """What the Hub said about it, on one line; it is somebody else's text."""
    words = " ".join(str(getattr(problem, "server_message", "") or "").split())
    plain = "".join(character for character in words if character.isprintable())[:SAID]
    return f" It says: {plain}" if plain else ""
