"""A process that plays the web side for the worker tests: one JSON command per line in, one answer out."""

import json
import sys
from typing import Any

import django

django.setup()

from consilium.audit.models import AuditEvent  # noqa: E402
from consilium.audit.verify import verify_chains  # noqa: E402
from consilium.jobs.cancel import cancel  # noqa: E402
from consilium.jobs.models import Job  # noqa: E402
from consilium.jobs.queue import enqueue  # noqa: E402
from consilium.people.models import Person  # noqa: E402


def answer(command: str, **given: Any) -> Any:
    if command == "enqueue":
        return str(enqueue(kind=given["kind"], by=None, study=None, params=given["params"]).pk)
    if command == "audit":
        events = AuditEvent.objects.filter(object_id=given["job"]).order_by("sequence")
        return {"actions": list(events.values_list("action", flat=True)), "breaks": len(verify_chains()[1])}
    job = Job.objects.get(pk=given["job"])
    if command == "cancel":
        operator = Person.objects.get_or_create(username="otto", defaults={"is_operator": True})[0]
        job = cancel(job=job, by=operator)
    names = ("state", "attempt", "result", "error", "error_detail", "progress_done", "worker")
    return {name: getattr(job, name) for name in names}


for line in sys.stdin:
    sys.stdout.write(json.dumps(answer(**json.loads(line))) + "\n")
    sys.stdout.flush()
