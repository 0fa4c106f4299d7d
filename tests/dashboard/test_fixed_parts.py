"""What `{% fixed %}` repeats is the same for everybody, everywhere."""

from collections import defaultdict
from typing import Any

import pytest
from django.template.context import Context
from django.test import Client

from consilium.ui.templatetags.ui import FixedNode
from tests.dashboard.access_table import READ
from tests.factories.cast import Cast
from tests.factories.world import ROLES, make_world


def test_nothing_of_a_request_stands_in_a_fixed_part(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    said: defaultdict[FixedNode, set[str]] = defaultdict(set)

    def render(node: FixedNode, context: Context) -> Any:
        text = node._content.render(context)
        said[node].add(text)
        return text

    monkeypatch.setattr(FixedNode, "render", render)
    world = make_world(cast)
    for role in ROLES:
        client = Client()
        if person := world.person(role):
            client.force_login(person)
        for name in READ:
            answer = client.get(world.address(name))
            if answer.streaming:
                b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert len(said) > 8
    assert [texts for texts in said.values() if len(texts) > 1] == []
    assert not any("csrf" in text for texts in said.values() for text in texts)
