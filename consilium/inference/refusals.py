"""What can be wrong with an endpoint; every text is for people and names no path and no secret."""

from consilium.refusals import Refused


class EndpointRefused(Refused):
    """The endpoint may not be added or asked: its address, its folder or its permissions forbid it."""


class EndpointNameTaken(EndpointRefused):
    """Another endpoint already has this name."""

    field = "name"


class ServingFailed(Exception):
    """The local model server did not start or did not stay alive."""
