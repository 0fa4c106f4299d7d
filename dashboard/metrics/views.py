"""The address that Prometheus scrapes."""

from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from dashboard.metrics.response_times import response_times
from dashboard.metrics.site_figures import site_figures


class _Scrape(Collector):
    def collect(self) -> Iterator[Metric]:
        yield response_times.collect()
        yield from site_figures()


@login_not_required
def show(request: HttpRequest) -> HttpResponse:
    """The figures, for who sends the token of CONSILIUM_METRICS_TOKEN; for everybody else no such page."""
    expected = f"Bearer {settings.METRICS_TOKEN}"
    sent = request.headers.get("Authorization", "")
    if not (settings.METRICS_TOKEN and constant_time_compare(sent, expected)):
        raise Http404
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scrape())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
