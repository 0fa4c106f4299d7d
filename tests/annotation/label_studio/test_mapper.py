"""The mapper alone: our screens, what is sent, and that only whole annotations come back."""

import json
from copy import deepcopy
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.frames import CANNOT_JUDGE_REASONS, SHOWN_CHOICES, SHOWN_HARM
from annotation.label_studio import mapper
from annotation.label_studio.label_config import HOTKEYS, comparison_config, review_config
from annotation.label_studio.mapper import AnnotationRefused, annotation_row, review_in, vote_in
from annotation.votes import validate
from consilium.answers.dimensions import DIMENSIONS
from consilium.workqueue.models import WorkItem
from curation.traces.review_schema import REASONS, STATUSES, Step, check_review
from tests.annotation.label_studio.stub import RECORDED

MEANINGS = dict.fromkeys(DIMENSIONS, "Is it?")


def choice(name: str, value: str) -> dict[str, Any]:
    return {"from_name": name, "to_name": "question", "type": "choices", "value": {"choices": [value]}}


def words(name: str, *texts: str) -> dict[str, Any]:
    return {"from_name": name, "to_name": "question", "type": "textarea", "value": {"text": list(texts)}}


def result(*more: dict[str, Any], **choices: str) -> list[dict[str, Any]]:
    return [choice(name, choices.get(name, "first_clearly")) for name in DIMENSIONS] + list(more)


def without(entries: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [entry for entry in entries if entry["from_name"] != name]


# --- the screens ----------------------------------------------------------------------------------------


def test_the_comparison_screen_has_our_six_dimensions_and_thirty_different_keys() -> None:
    root = ElementTree.fromstring(comparison_config(MEANINGS))
    controls = {control.get("name"): control for control in root.iter("Choices")}
    assert [name for name in controls if name in DIMENSIONS] == list(DIMENSIONS)
    for name in DIMENSIONS:
        assert [one.get("value") for one in controls[name].iter("Choice")] == list(SHOWN_CHOICES)
        assert controls[name].get("required") == "true"
        reasons = controls[f"{name}_reason"]
        assert [one.get("value") for one in reasons.iter("Choice")] == list(CANNOT_JUDGE_REASONS)
        assert (reasons.get("whenTagName"), reasons.get("whenChoiceValue")) == (name, "cannot_judge")
    assert [one.get("value") for one in controls["harm"].iter("Choice")] == list(SHOWN_HARM)
    keys = [one.get("hotkey") for one in root.iter("Choice") if one.get("hotkey")]
    assert len(set(keys)) == len(keys) == 30
    assert not set(keys) & set("vh")  # the image viewer's own
    assert "".join(HOTKEYS) == "".join(str(key) for key in keys)
    assert {area.get("name") for area in root.iter("TextArea")} == {f"{name}_text" for name in DIMENSIONS}


def test_the_review_screen_repeats_one_block_per_step() -> None:
    root = ElementTree.fromstring(review_config())
    repeats = {repeater.get("on"): repeater for repeater in root.iter("Repeater")}
    assert set(repeats) == {"$images", "$steps"}
    steps = {control.get("name"): control for control in repeats["$steps"].iter("Choices")}
    assert [one.get("value") for one in steps["step_{{idx}}"].iter("Choice")] == list(STATUSES)
    assert [one.get("value") for one in steps["step_{{idx}}_reason"].iter("Choice")] == list(REASONS)


def test_the_sdk_finds_nothing_wrong_with_either_screen() -> None:
    interface = pytest.importorskip("label_studio_sdk.label_interface").LabelInterface
    for config in (comparison_config(MEANINGS), review_config()):
        interface(config).validate()


def test_a_meaning_with_signs_of_xml_stays_text() -> None:
    config = comparison_config(MEANINGS | {"accuracy": '<Choice value="x"/> & "more"'})
    assert len(list(ElementTree.fromstring(config).iter("Choice"))) == 6 * 9 + 4


# --- what is sent ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "shown"), [("a", ("yes", "no")), ("b", ("no", "yes"))])
def test_the_order_of_the_answers_is_ours(first: str, shown: tuple[str, str]) -> None:
    data = mapper.comparison_data(
        order_key="k" * 32, question="Q", images=[], answers=("yes", "no"), first=first
    )
    assert (data["first"], data["second"]) == shown
    assert set(data) == set(mapper.COMPARISON_KEYS)  # nothing that tells a case or a model


def test_a_changed_task_is_known_by_its_digest_and_added_keys_do_not_count() -> None:
    data = mapper.comparison_data(order_key="k", question="Q", images=["i"], answers=("x", "y"), first="a")
    sent = mapper.data_sha256(data, mapper.COMPARISON_KEYS)
    assert mapper.data_sha256(data | {"source": "added there"}, mapper.COMPARISON_KEYS) == sent
    for key in mapper.COMPARISON_KEYS:
        assert mapper.data_sha256(data | {key: "other"}, mapper.COMPARISON_KEYS) != sent
    swapped = data | {"first": data["second"], "second": data["first"]}
    assert mapper.data_sha256(swapped, mapper.COMPARISON_KEYS) != sent


def test_the_reference_answer_stands_in_the_question_only_where_it_is_shown() -> None:
    options = {"A": "Effusion", "B": "None"}
    assert mapper.question_text("Q?", options) == "Q?\n\nA. Effusion\nB. None"
    assert mapper.question_text("Q?", options, "A").endswith("\nReference answer: A")
    assert mapper.question_text("Q?", {}) == "Q?"


# --- what comes back ------------------------------------------------------------------------------------


def test_a_whole_annotation_becomes_a_vote_that_our_own_schema_takes() -> None:
    given = result(
        choice("relevance_reason", "missing_context"),
        words("accuracy_text", "Wrong side,", "twice."),
        choice("harm", "second"),
        relevance="cannot_judge",
        overall="second_slightly",
    )
    content = vote_in(given)
    assert content["choices"] == dict.fromkeys(DIMENSIONS, "first_clearly") | {
        "relevance": "cannot_judge",
        "overall": "second_slightly",
    }
    assert content["reasons"] == {"relevance": "missing_context"}
    assert content["rationales"] == {"accuracy": "Wrong side,\ntwice."}
    assert content["harm"] == "second"
    assert validate(WorkItem(), content, {}) == content


def test_a_reason_for_what_could_be_judged_after_all_is_left_out() -> None:
    content = vote_in(result(choice("relevance_reason", "missing_context")))
    assert content["reasons"] == {}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "leaves out 'accuracy'"),
        (without(result(), "overall"), "leaves out 'overall'"),
        (result(accuracy="A"), "choice for 'accuracy' is none of ours"),
        (result(accuracy="cannot_judge"), "why accuracy cannot be judged"),
        ([*result(), choice("accuracy", "second_clearly")], "answers 'accuracy' twice"),
        ([*result(), choice("winner", "A")], "'winner', which our screen does not have"),
        ([*result(), words("overall", "x")], "'overall', which our screen does not have"),
        ([*result(), choice("harm", "everybody")], "choice for 'harm' is none of ours"),
        ([*result(), {"value": {}}], "names no control"),
        ([*result(), None], "names no control"),
        ([*result(), words("accuracy_text") | {"value": {"text": [7]}}], "is no text"),
        ([*result(), choice("harm", "x") | {"value": {"choices": ["first", "second"]}}], "not exactly one"),
        ([*result(), choice("harm", "x") | {"value": {"choices": "first"}}], "not exactly one"),
        ([*result(), choice("a\n\x00<b>" * 30, "x")], "which our screen does not have"),
    ],
)
def test_what_is_not_whole_is_refused_by_name(given: list[Any], told: str) -> None:
    with pytest.raises(AnnotationRefused, match=told) as refusal:
        vote_in(given)
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 120


def test_a_review_of_every_step_is_what_the_schema_of_reviews_takes() -> None:
    given = [
        choice("step_0", "accepted"),
        choice("step_1", "edited"),
        words("step_1_text", "The heart is large."),
        choice("step_2", "rejected"),
        choice("step_2_reason", "wrong_fact"),
        words("comment", "Fine otherwise."),
    ]
    steps = [Step(f"step-{number}", f"Text {number}") for number in (1, 2, 3)]
    cleaned, errors = check_review(review_in(given, 3), steps)
    assert errors == {}
    assert cleaned["steps"]["step-2"] == {"status": "edited", "text": "The heart is large."}
    assert cleaned["decision"] == "edited"
    with pytest.raises(AnnotationRefused, match="leaves out 'step_2'"):
        review_in(given[:3], 3)
    with pytest.raises(AnnotationRefused, match="'step_2', which our screen"):
        review_in(given, 2)
    whole = review_in([*given, choice("whole", "rejected")], 3)
    assert check_review(whole, steps)[0]["decision"] == "rejected"


def test_the_recorded_annotation_is_read_as_it_is() -> None:
    row = annotation_row(RECORDED["annotation"])
    assert (row.number, row.annotator.user_id, row.was_skipped) == (10, 2, False)
    assert set(vote_in(row.result)["choices"].values()) == {"first_clearly"}
    (task,) = RECORDED["export"]
    assert annotation_row(task["annotations"][0]).sha256 == row.sha256  # the same from either way


def test_numbers_given_anew_make_no_other_annotation_and_another_choice_does() -> None:
    raw = RECORDED["annotation"]
    again, other = deepcopy(raw), deepcopy(raw)
    again |= {"updated_at": "later", "created_ago": "2 hours", "lead_time": 99}
    again["result"][0]["id"] = "xyz"
    other["result"][0]["value"] = {"choices": ["second_clearly"]}
    assert annotation_row(again).sha256 == annotation_row(raw).sha256
    assert annotation_row(other).sha256 != annotation_row(raw).sha256
    assert annotation_row(raw | {"completed_by": 3}).sha256 != annotation_row(raw).sha256


def test_a_person_may_be_named_with_an_address() -> None:
    raw = RECORDED["annotation"] | {"completed_by": {"id": 7, "email": "Anna@Example.org"}}
    assert annotation_row(raw).annotator == (7, "anna@example.org")


@pytest.mark.parametrize("raw", [None, [], {}, {"id": True}, {"id": 0}, {"id": 2**40}, {"id": "7"}])
def test_an_annotation_without_a_number_is_refused(raw: Any) -> None:
    with pytest.raises(AnnotationRefused, match="no number"):
        annotation_row(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from([*DIMENSIONS, "harm", "accuracy_reason", "overall_text", "winner"]) | st.text(
    max_size=6
)
ENTRIES = JSON | st.fixed_dictionaries(
    {
        "from_name": NAMES | JSON,
        "type": st.sampled_from(["choices", "textarea", "rating"]) | JSON,
        "value": JSON
        | st.fixed_dictionaries({"choices": st.lists(st.sampled_from([*SHOWN_CHOICES, "A"]), max_size=2)})
        | st.fixed_dictionaries({"text": JSON}),
    }
)


@given(raw=JSON | st.fixed_dictionaries({"id": JSON, "completed_by": JSON, "result": st.lists(ENTRIES)}))
def test_whatever_the_server_stores_is_read_or_refused_in_words(raw: Any) -> None:
    try:
        row = annotation_row(raw)
        content = vote_in(row.result)
    except AnnotationRefused as refusal:
        told, content = str(refusal), None
    else:
        told = ""
    assert told.isprintable()
    assert content is None or set(content["choices"]) == set(DIMENSIONS)


@given(
    choices=st.fixed_dictionaries({name: st.sampled_from(SHOWN_CHOICES) for name in DIMENSIONS}),
    reason=st.sampled_from(sorted(CANNOT_JUDGE_REASONS)),
    harm=st.sampled_from(SHOWN_HARM),
    spoil=st.none() | st.tuples(st.integers(0, 5), ENTRIES),
)
def test_every_whole_annotation_is_taken_and_a_spoilt_one_never_changes_a_choice(
    choices: dict[str, str], reason: str, harm: str, spoil: tuple[int, Any] | None
) -> None:
    entries: list[Any] = [choice(name, value) for name, value in choices.items()]
    entries += [
        choice(f"{name}_reason", reason) for name, value in choices.items() if value == "cannot_judge"
    ]
    entries.append(choice("harm", harm))
    if spoil is not None:
        entries[spoil[0]] = spoil[1]
    try:
        content = vote_in(json.loads(json.dumps(entries, default=str)))
    except AnnotationRefused:
        assert spoil is not None
        return
    except ValueError:  # what json itself cannot hold
        assert spoil is not None
        return
    kept = {name for place, name in enumerate(DIMENSIONS) if spoil is None or place != spoil[0]}
    assert {name: content["choices"][name] for name in kept} == {name: choices[name] for name in kept}
    validate(WorkItem(), content, {})
