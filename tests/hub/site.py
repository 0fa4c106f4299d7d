"""A site of its own for processes that are killed: `python -m tests.hub.site prepare|ask|run JOB|state JOB`.

CONSILIUM_HOME holds a migrated database. `prepare` stores a release and keeps the token, sealed.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

import django


def prepare() -> None:
    from consilium.hub.tokens import set_token
    from tests.factories.cast import make_cast
    from tests.hub.conftest import make_release
    from tests.hub.loopback_hub import TOKEN

    cast = make_cast()
    make_release(cast)
    set_token(secret=TOKEN, by=cast.otto)


def ask() -> str:
    """The number of a job that pushes the release."""
    from consilium.hub.push import start_hub_push
    from consilium.people.models import Person
    from curation.models import Release
    from curation.releases.publish import content_of_release

    content = content_of_release(Release.objects.select_related("study").get())
    lena = Person.objects.get(username="lena")
    return str(start_hub_push(content=content, repo_id="clinic/chest-traces", by=lena).job_id)


def run(job: str) -> dict[str, Any]:
    """Run it to its end; a worker that holds it may be dead."""
    from consilium.jobs.models import Job
    from consilium.jobs.run import run_until_over

    run_until_over(Job.objects.get(pk=job))
    return state(job)


def state(job: str) -> dict[str, Any]:
    """How the push stands."""
    from consilium.audit.models import AuditEvent
    from consilium.hub.models import Push

    push = Push.objects.select_related("job").get(job=UUID(job))
    assert push.job is not None
    facts = ("commit_sha", "parent", "tag", "listing_sha256", "files", "bytes", "is_repeat")
    told = AuditEvent.objects.filter(action="push.committed").count()
    return {name: getattr(push, name) for name in facts} | {"job": push.job.state, "told": told}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consilium.settings")
    django.setup()
    act, *rest = sys.argv[1:]
    acts: dict[str, Callable[..., Any]] = {"prepare": prepare, "ask": ask, "run": run, "state": state}
    json.dump(acts[act](*rest), sys.stdout)


if __name__ == "__main__":
    main()
