"""Scripts and styles joined into one file: the same code, in the order in which a browser would run it."""

from pathlib import Path

import pytest
from django.conf import settings

from consilium.ui import bundles
from consilium.ui.bundles import CannotJoin

STATIC = Path(settings.BASE_DIR) / "static"


def read(name: str) -> str:
    return (STATIC / name).read_text()


def test_every_bundle_joins_and_holds_each_module_once() -> None:
    assert {"frame", "compare", "blind", "review"} <= set(bundles.names())
    for bundle in bundles.names():
        text = bundles.join(bundle, "scripts", read)
        heads = [line for line in text.splitlines() if line.startswith("// ") and line.endswith(".js")]
        assert len(heads) == len(set(heads))
        assert {f"// {name}" for name in bundles.files_of(bundle, "scripts")} <= set(heads)
        for name in bundles.files_of(bundle, "styles"):
            assert read(name) in bundles.join(bundle, "styles", read)


def test_a_module_stands_after_what_it_imports() -> None:
    text = bundles.join("compare", "scripts", read)
    for first, later in (("rows", "keys"), ("screens", "work"), ("local_store", "outbox")):
        assert text.index(f"// workqueue/{first}.js") < text.index(f"// workqueue/{later}.js")


def joined(monkeypatch: pytest.MonkeyPatch, **files: str) -> str:
    listed = {"page": {"styles": [], "scripts": ["a.js"]}}
    monkeypatch.setattr(bundles, "_listed", lambda: listed)
    return bundles.join("page", "scripts", lambda name: files[name.removesuffix(".js")])


def test_names_are_taken_as_they_were_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    text = joined(
        monkeypatch,
        a='import { one, two as second } from "./b.js";\nimport "./c.js";\none(second);',
        b="const hidden = 1;\nexport const two = hidden;\nexport async function one(x) {}",
        c="export class C {}",
    )
    assert "const { one, two: second } = $m0;" in text
    assert "return { two, one };" in text
    assert "import" not in text
    assert "export" not in text


@pytest.mark.parametrize(
    "text",
    [
        "export default 1;",
        "export { a };",
        'export * from "./b.js";',
        'import * as b from "./b.js";',
        'const b = await import("./b.js");',
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with pytest.raises(CannotJoin, match=r"^a\.js"):
        joined(monkeypatch, a=text, b="")


def test_a_circle_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotJoin, match="imports itself"):
        joined(monkeypatch, a='import "./b.js";', b='import "./a.js";')


def test_no_style_names_a_file_by_its_place() -> None:
    """A joined sheet lies in another folder, where a relative address would lead elsewhere."""
    names = {name for bundle in bundles.names() for name in bundles.files_of(bundle, "styles")}
    assert [name for name in sorted(names) if "url(" in read(name) or "@import" in read(name)] == []
