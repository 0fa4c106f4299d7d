"""`python -m tests.people.race_attempts`: twenty wrong passwords at once, on a real database."""

import json
import os
import sys
from contextlib import suppress
from typing import Any

import django
from django.core.management import call_command

AT_ONCE = 20


def main() -> dict[str, Any]:
    from consilium.people import attempts
    from consilium.people.models import AttemptCount
    from tests.harness.races import at_once

    took: list[Any] = []

    def guess(name: str, address: str) -> None:
        with suppress(attempts.TooManyAttempts):
            took.append(attempts.take(name=name, address=address))

    errors = at_once([lambda: guess("anna", "10.0.0.1")] * AT_ONCE)
    together, took[:] = len(took), []
    errors += at_once([lambda n=n: guess("ben", f"10.0.0.{n}") for n in range(AT_ONCE)])  # type: ignore[misc]
    apart = len(took)
    errors += at_once([lambda one=one: attempts.was_right(one) for one in took])  # type: ignore[misc]
    names = AttemptCount.objects.filter(key=attempts._key("password", "name", "ben"))
    return {"errors": errors, "together": together, "apart": apart, "left": names.get().failures}


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "consilium.settings"
    django.setup()
    call_command("migrate", verbosity=0)
    sys.stdout.write(json.dumps(main()))
