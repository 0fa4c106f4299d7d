"""Which file a path in a questions file means: the right one or none."""

import pytest

from curation.imports.image_names import REFUSED, ImageNames, SeveralMeant


def names(*files: str) -> ImageNames:
    """An import in which the pixels of each file are called like its path."""
    made = ImageNames([*files, "questions.jsonl"])
    for file in files:
        made.add(file, file)
    return made


@pytest.mark.parametrize(
    ("asked", "file"),
    [
        ("a/1.png", "a/1.png"),
        ("R\u00f6ntgen \u00dcbersicht.png", "R\u00f6ntgen \u00dcbersicht.png"),
        ("Ro\u0308ntgen U\u0308bersicht.png", "R\u00f6ntgen \u00dcbersicht.png"),
        ("Ro%CC%88ntgen%20U%CC%88bersicht.png", "R\u00f6ntgen \u00dcbersicht.png"),
        ("images\\0001.png", "images/0001.png"),
        ("./images//0001.png", "images/0001.png"),
        ("IMG_7.jpg", "IMG_7.JPG"),
        ("scan%2008.jpg", "scan 08.jpg"),
        ("images%2F0001.png", "images/0001.png"),
        ("scan 08.jpg", "scan%2008.jpg"),
        ("50%.png", "50%.png"),
        ("xmlab0/source.jpg", "imgs/xmlab0/source.jpg"),
        ("XMLAB0/Source.jpg", "imgs/xmlab0/source.jpg"),
        ("PMC1_F1.jpg", "images/PMC1_F1.jpg"),
    ],
)
def test_a_path_is_found_however_it_is_spelled(asked: str, file: str) -> None:
    assert names(file, "other/x.png").find(asked, "questions.jsonl") == file


@pytest.mark.parametrize(
    ("asked", "file"),
    [
        ("xmlab5/source.jpg", "xmlab2/source.jpg"),
        ("lab0/source.jpg", "xmlab0/source.jpg"),
        ("imgs/xmlab0/source.jpg", "xmlab0/source.jpg"),
        ("a/x.png", "x.png"),
        ("x%FF.png", "x%FE.png"),
        ("x.png", "ax.png"),
    ],
)
def test_a_file_on_another_path_is_another_file(asked: str, file: str) -> None:
    assert names(file, "other/y.png").find(asked, "questions.jsonl") is None


def test_the_exact_path_goes_before_one_that_is_spelled_alike() -> None:
    known = names("scan.png", "SCAN.png", "deep/scan.png")
    assert known.find("scan.png", "questions.jsonl") == "scan.png"
    with pytest.raises(SeveralMeant) as several:
        known.find("Scan.png", "questions.jsonl")
    assert several.value.paths == ["SCAN.png", "deep/scan.png", "scan.png"]


def test_a_path_counts_from_the_folder_of_its_questions_and_from_those_above() -> None:
    known = names("a/images/1.png", "b/images/1.png", "b/images/2.png", "images/3.png")
    assert known.find("images/1.png", "a/questions.jsonl") == "a/images/1.png"
    assert known.find("images/1.png", "b/questions.jsonl") == "b/images/1.png"
    assert known.find("images/3.png", "a/deep/questions.jsonl") == "images/3.png"
    assert known.find("Images/3.PNG", "a/deep/questions.jsonl") == "images/3.png"
    for only_of_b in ("images/2.png", "2.png"):
        assert known.find(only_of_b, "a/questions.jsonl") is None
    with pytest.raises(SeveralMeant):
        known.find("images/1.png", "questions.jsonl")


def test_where_folders_differ_in_their_case_alone_case_counts() -> None:
    known = names("aB/1.png", "Ab/2.png")
    assert known.find("aB/1.png", "questions.jsonl") == "aB/1.png"
    assert known.find("Ab/1.png", "questions.jsonl") is None


def test_a_refused_file_is_what_its_path_means() -> None:
    known = names("a/x.png")
    known.add("b/x.png", REFUSED)
    assert known.find("b/x.png", "questions.jsonl") == REFUSED
    with pytest.raises(SeveralMeant):
        known.find("x.png", "questions.jsonl")


def test_equal_pictures_are_no_choice() -> None:
    known = ImageNames(["a/x.png", "b/x.png"])
    for file in ("a/x.png", "b/x.png"):
        known.add(file, "same pixels")
    assert known.find("x.png", "questions.jsonl") == "same pixels"


def test_a_name_alone_is_enough_only_where_an_upload_has_no_folders() -> None:
    flat, deep = names("x.png", "y.png"), names("x.png", "b/y.png")
    for known in (flat, deep):
        for asked in ("a/x.png", "a/y.png", "b/y.png"):
            known.ask(asked)
    assert flat.find_without_folders("a/X.png") == "x.png"
    assert flat.find_without_folders("a/y.png") is None  # it may be that of b
    assert flat.find_without_folders("a/z.png") is None
    assert deep.find_without_folders("a/x.png") is None
    twice = names("x.png")
    twice.ask("a/x.png")
    twice.add("x.png", "other pixels")
    with pytest.raises(SeveralMeant):
        twice.find_without_folders("a/x.png")
