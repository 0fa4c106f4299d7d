"""Hostile text that people or imports wrote: every page shows it as text."""

import re

import pytest
from django.test import Client

from annotation.models import Response
from consilium.inference.models import ModelEndpoint
from consilium.people.models import ConsentText, GuidelineVersion, Person, Study
from curation.models import Question, Source, TraceStep
from tests.dashboard.access_table import READ
from tests.dashboard.test_pages import NO_PAGES, signed_in
from tests.factories.cast import Cast
from tests.factories.world import World

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "<svg onload=alert(3)>",
    "{{7*7}}",
    "\"' onfocus=alert(4) autofocus x='",
    "[x](javascript:alert(5)) **x** <http:x>",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_stored_text_is_shown_as_text(world: World, text: str) -> None:
    plant(world.cast, text)
    seen = 0
    for role, names in {
        "lead": [name for name, row in READ.items() if row[3] == 200 and name not in NO_PAGES],
        "annotator": ["curation:review", "annotation:compare", "people:guidelines", "work:queue"],
        "adjudicator": ["annotation:adjudicate"],
        "operator": ["people:accounts"],
    }.items():
        who = world.person(role)
        assert who is not None
        client = signed_in(who)
        seen += sum(_shown_as_text(client, name, world.address(name), text) for name in names)
    assert seen > 25


def _shown_as_text(client: Client, name: str, address: str, text: str) -> bool:
    """Whether the page shows the text; it must never hold it as markup."""
    answer = client.get(address)
    if not answer.headers["Content-Type"].startswith("text/html"):
        return False
    page = answer.content.decode()
    if text.startswith(("<", "</")):
        assert text not in page, name
        return text.replace("<", "&lt;").replace(">", "&gt;") in page
    if text == "{{7*7}}":
        return text in page
    assert text not in page, name
    assert not re.search(r"""=\s*["']?javascript:""", page, re.I), f"{name} made a link of it"
    return "onfocus=alert(4)" in page or "[x](javascript:alert(5)) **x** &lt;http:x&gt;" in page


def plant(cast: Cast, text: str) -> None:
    """Store the text wherever people or imports write one."""
    Study.objects.filter(pk=cast.study.pk).update(name=text, description=text)
    for number, question in enumerate(Question.objects.all()):
        Question.objects.filter(pk=question.pk).update(
            text=text, options={"A": text, "B": text}, answer=text, external_id=f"{text}{number}"
        )
    Response.objects.update(text=text)
    TraceStep.objects.update(original=text, text=text)
    for endpoint in ModelEndpoint.objects.all():
        ModelEndpoint.objects.filter(pk=endpoint.pk).update(name=f"{text}{endpoint.pk}", family=text)
    Source.objects.filter(study=cast.study, name="Own archive").update(name=text, licence=text, citation=text)
    Person.objects.update(display_name=text, credentials=text)
    ConsentText.objects.update(text=text)
    GuidelineVersion.objects.update(text=text)
