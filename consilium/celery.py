"""The Celery app: a doorbell. JSON only, no results, acknowledged on receipt; a message is one job id."""

import os
import ssl
import warnings
from pathlib import Path
from typing import Any

from celery import Celery, signals
from celery.platforms import SecurityWarning
from django.conf import settings
from kombu.entity import Exchange, Queue

from consilium import gpu_sets, kept_heap, start
from consilium.jobs import folder_broker
from consilium.jobs.queue_names import DEFAULT, REMOTE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consilium.settings")
# `jobs.worker_signals` runs them, with those of the database, and says in words what they find.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
POLL_SECONDS = 0.2
CONNECT_SECONDS = 3
# Who rings does not wait for a broker that is away: measured 6.4 s with kombu's retries, 8 ms with these.
ONE_RETRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
# Left alone, kombu encrypts to whoever answers: it checks no certificate of Redis, and no name of RabbitMQ's.
CHECKED: dict[str, dict[str, Any]] = {
    "rediss://": {"ssl_cert_reqs": ssl.CERT_REQUIRED},
    "amqps://": {"server_hostname": None},  # None: the name in the URL
}


def broker() -> dict[str, Any]:
    """Celery's settings of the broker: BROKER_URL, else folders under CONSILIUM_HOME (one host)."""
    with start.readable_environment("worker"):  # Celery's command line reads the settings here first
        url: str = settings.BROKER_URL
    if not url:
        folder_broker.register_transport()
        options = folder_broker.options(Path(settings.CONSILIUM_HOME), POLL_SECONDS)
        return {"broker_url": f"{folder_broker.SCHEME}://localhost", "broker_transport_options": options}
    redis = url.startswith(("redis", "sentinel"))
    timeouts = {"socket_connect_timeout": CONNECT_SECONDS, "socket_timeout": 30} if redis else {}
    checked = next((options for scheme, options in CHECKED.items() if url.startswith(scheme)), None)
    return {
        "broker_url": url,
        "broker_transport_options": ONE_RETRY | timeouts,
        **({"broker_use_ssl": checked} if checked else {}),
    }


def _queues() -> list[str]:
    """All that workers may serve: one for every set of GPUs beside the three that are always there."""
    with start.readable_environment("worker"):
        return [DEFAULT, REMOTE, gpu_sets.ANY_GPU, *(one.queue for one in settings.GPU_SETS)]


def _queue(name: str) -> Queue:
    """Queue, direct exchange and routing key share one name (the folder broker relies on it)."""
    return Queue(name, Exchange(name), routing_key=name)  # type: ignore[no-untyped-call]


QUEUES = _queues()


@signals.import_modules.connect
def _begin_loading(**kwargs: Any) -> None:
    """Of a worker alone; it comes before Celery's own receiver, which loads the apps."""
    kept_heap.loading_starts()


# As root, Celery warns of pickled messages; here only JSON is accepted.
warnings.filterwarnings("ignore", category=SecurityWarning)
app = Celery("consilium")
app.conf.update(
    imports=["consilium.jobs.worker_signals"],
    task_queues=[_queue(name) for name in QUEUES],
    task_default_queue=QUEUES[0],
    task_create_missing_queues=False,
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_consumer="consilium.jobs.steady_consumer:SteadyConsumer",
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_timeout=CONNECT_SECONDS,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    timezone="UTC",
    **broker(),
)
