"""The Celery app: a doorbell. JSON only, no results, acknowledged on receipt; a message is one job id."""

import os
from pathlib import Path
from typing import Any

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consilium.settings")
QUEUES = ("default", "gpu")
POLL_SECONDS = 0.2
CONNECT_SECONDS = 3


def broker() -> dict[str, Any]:
    """Celery settings of the broker: BROKER_URL, else folders under CONSILIUM_HOME (one host)."""
    if settings.BROKER_URL:
        timeouts = {"socket_connect_timeout": CONNECT_SECONDS, "socket_timeout": 30}
        redis = settings.BROKER_URL.startswith(("redis", "sentinel"))
        return {"broker_url": settings.BROKER_URL, "broker_transport_options": timeouts if redis else {}}
    folder = Path(settings.CONSILIUM_HOME) / "broker"
    messages, control = folder / "messages", folder / "control"
    for path in (messages, control):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Sender and receiver are the same host, so "in" and "out" are one folder.
    options = {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(control),
        "polling_interval": POLL_SECONDS,
    }
    return {"broker_url": "filesystem://", "broker_transport_options": options}


app = Celery("consilium", set_as_current=True)
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    result_backend=None,
    task_ignore_result=True,
    task_acks_late=False,
    task_default_queue="default",
    task_create_missing_queues=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    broker_connection_timeout=CONNECT_SECONDS,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    timezone="UTC",
    **broker(),
)
