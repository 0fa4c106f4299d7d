"""Questions from JSONL: what is read, what is refused and how the refusal reads."""

import json

import pytest

from curation.imports.questions_file import LINE_BYTES, parse_line, read_lines


def line(number: int, image: str, **more: object) -> bytes:
    data = {
        "id": f"Q{number}",
        "question": f"What does picture {number} show?",
        "options": {"A": "Red", "B": "Blue"},
        "answer": "A",
        "images": [image],
    }
    return json.dumps(data | more).encode() + b"\n"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b'{"id": "Q1", "question": \n', "not valid JSON at character"),
        (b"[1, 2]\n", "one JSON object"),
        (line(1, "a.png", answer="E"), "answer 'E' is not one of the options A-B"),
        (line(1, "a.png", anwser="A"), "unknown field 'anwser'; did you mean 'answer'?"),
        (line(1, "a.png", question=7), "'question' must be text"),
        (line(1, "a.png", question=" "), "'question' is empty"),
        (line(1, "a.png", options={"A": "Red"}), "two options or more"),
        (line(1, "a.png", options={"a": "Red", "b": "Blue"}), "not one capital letter"),
        (line(1, "a.png", options={"A": "Red", "C": "Blue"}), "in order"),
        (line(1, "a.png", options=["Red", "Blue"]), "list of {letter, content}"),
        (line(1, "http://169.254.169.254/a.png"), "addresses and paths outside it are refused"),
        (line(1, "file:///etc/passwd"), "addresses and paths outside it are refused"),
        (line(1, "images\\..\\a.png"), "addresses and paths outside it are refused"),
        (line(1, "b/%2e%2e/a.png"), "addresses and paths outside it are refused"),
        (line(1, "../a.png"), "addresses and paths outside it are refused"),
        (line(1, "a.png", specialty="cardiology"), "'specialty' must be one of"),
        (line(1, "a.png", age=-1), "'age' must be a number"),
        (line(1, "a.png", images=[]), "at least one image"),
        (line(1, "a.png", question="a\x00b"), "NUL"),
        (line(1, "a.png", facets=["x"]), "'facets' must be an object"),
        (line(1, "a.png", facets={f"f{n}": "x" for n in range(13)}), "at most 12"),
        (line(1, "a.png", facets={"Task": "x"}), "facet 'Task' is not small letters"),
        (line(1, "a.png", facets={"task": 7}), "'task' must be text"),
        (line(1, "a.png", facets={"task": "x" * 121}), "longer than 120"),
        (b'{"id": "Q1", "id": "Q2"}\n', "given twice"),
        (b"\xff\xfe\n", "not UTF-8"),
        (b'{"age": NaN}\n', "NaN is not a number"),
    ],
)
def test_a_bad_line_is_refused_with_what_is_wrong(broken: bytes, reason: str) -> None:
    (read,) = read_lines([broken])
    assert read.question is None
    assert reason in read.problem


def test_options_may_be_a_list_and_the_answer_the_text_of_an_option() -> None:
    listed = [{"letter": "A", "content": "Red"}, {"letter": "B", "content": "Blue"}]
    question = parse_line(line(1, "a.png", options=listed, answer="blue"))
    assert (question.options, question.answer_label, question.answer) == (
        {"A": "Red", "B": "Blue"},
        "B",
        "Blue",
    )


def test_an_open_question_keeps_its_answer_as_text() -> None:
    question = parse_line(line(1, "a.png", options=None, answer="Pleural effusion"))
    assert (question.options, question.answer_label, question.answer) == ({}, "", "Pleural effusion")


def test_numbers_are_ids_and_a_byte_order_mark_is_no_error() -> None:
    assert parse_line(b"\xef\xbb\xbf" + line(1, "a.png", id=17)).external_id == "17"


def test_a_line_too_long_is_refused_once() -> None:
    (read,) = read_lines([b"x" * (LINE_BYTES + 1)])
    assert "longer than 256 KiB" in read.problem


def test_one_path_spelled_twice_is_one_path() -> None:
    composed, apart, windows = (
        "bilder/r\u00f6ntgen.png",
        "bilder/ro\u0308ntgen.png",
        "bilder\\r\u00f6ntgen.png",
    )
    assert {parse_line(line(1, name)).images for name in (composed, apart, windows)} == {(composed,)}
    (read,) = read_lines([line(1, "a.png", images=[composed, windows])])
    assert "lists a file twice" in read.problem
