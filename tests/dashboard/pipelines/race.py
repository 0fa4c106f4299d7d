"""Several workers look after one pipeline at once, until it is over: prints what was launched as JSON.

Run as a module; CONSILIUM_HOME and DATABASE_URL say which database; it must be empty.
"""

import json
import os
import sys
from collections import Counter

import django

from tests.harness.races import at_once

LOOKING = 4


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.workqueue.race_settings"
    django.setup()
    from django.core.management import call_command

    from benchmark.models import Evaluation
    from dashboard.models import Pipeline
    from dashboard.pipelines.advance import advance
    from tests.factories import pipelines as making
    from tests.factories.cast import make_cast
    from training.models import Run

    call_command("migrate", verbosity=0)
    pipeline = making.started(make_cast())
    failures: list[str] = []
    while steps := making.at_work(pipeline):
        for step in steps:
            making.end(step)
        looks = [lambda: advance(Pipeline.objects.get(pk=pipeline.pk))] * LOOKING
        failures += at_once(looks)
    launched = Counter(Run.objects.values_list("stage", flat=True))
    report = {
        "failures": failures,
        "state": Pipeline.objects.get(pk=pipeline.pk).state,
        "launched": {**launched, "scored": Evaluation.objects.count()},
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
