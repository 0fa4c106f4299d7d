"""Where an endpoint's requests go: a remote address with its key, or this process's own model server."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import orjson
from django.conf import settings

from consilium.inference import model_server
from consilium.inference.addresses import check_address
from consilium.inference.api_keys import api_key
from consilium.inference.chat_client import CallLimits
from consilium.inference.chat_request import ChatRequest, RequestBody, written
from consilium.inference.model_folders import folder_under
from consilium.inference.models import ModelEndpoint

# `transformers serve` answers one request of a model after the other: a few waiting keep it busy.
LOCAL_IN_FLIGHT = 4
LOCAL_ANSWER_SECONDS = 900.0


@dataclass(frozen=True)
class RemoteTarget:
    """A server at a fixed address of the allow-list."""

    endpoint: ModelEndpoint
    can_move = False

    def limits(self, given: CallLimits | None, asks_sampled: bool) -> CallLimits:
        """As given, else with as many calls at once as the site allows."""
        return given or CallLimits(in_flight=settings.CALLS_IN_FLIGHT)

    def address(self, check: Callable[[], None]) -> str:
        """The base address. Raises EndpointRefused."""
        return check_address(self.endpoint.base_url)

    def headers(self) -> dict[str, str]:
        """The authorization header, when the site has a key for this endpoint. Raises EndpointRefused."""
        key = api_key(self.endpoint.name, self.endpoint.base_url)
        return {"Authorization": f"Bearer {key}"} if key else {}

    def on_the_wire(self, form: RequestBody, ask: ChatRequest) -> RequestBody:
        """The body as it is sent: its canonical form."""
        return form


@dataclass(frozen=True)
class LocalTarget:
    """A checkpoint that this process's own server loads from its folder."""

    endpoint: ModelEndpoint
    can_move = True

    def limits(self, given: CallLimits | None, asks_sampled: bool) -> CallLimits:
        """Few in flight; one at a time when sampling, because the server has one random generator for all."""
        limits = given or CallLimits(answer_seconds=LOCAL_ANSWER_SECONDS)
        return replace(limits, in_flight=1 if asks_sampled else min(LOCAL_IN_FLIGHT, limits.in_flight))

    def address(self, check: Callable[[], None]) -> str:
        """The running server's base address; starts it when it is not alive. Raises ServingFailed."""
        if self.endpoint.gives_scores:
            return model_server.score_server_address(check)
        return model_server.server_address(check)

    def headers(self) -> dict[str, str]:
        """None: it listens on loopback only."""
        return {}

    def on_the_wire(self, form: RequestBody, ask: ChatRequest) -> RequestBody:
        """The body with the folder as model name, and sampling switched on when a temperature asks for it."""
        body = orjson.loads(b"".join(form)) | {"model": self._model}
        # The server takes `do_sample` from the model's own file only, where it is mostly absent.
        return written(body if ask.temperature == 0 else body | {"generation_config": self._sampling})

    @cached_property
    def _model(self) -> str:
        return model_server.model_name(self.endpoint)

    @cached_property
    def _sampling(self) -> str:
        file = folder_under(settings.MODELS_FOLDER, self.endpoint.path) / "generation_config.json"
        own = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        return json.dumps(own | {"do_sample": True})


Target = RemoteTarget | LocalTarget


def target_of(endpoint: ModelEndpoint) -> Target:
    """Where to send the endpoint's requests."""
    return LocalTarget(endpoint) if endpoint.is_local else RemoteTarget(endpoint)
