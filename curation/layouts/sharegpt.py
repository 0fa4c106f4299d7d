"""The layout that LLaMA-Factory reads: messages as JSON lines, images beside, and its dataset_info.json."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from curation.layouts.conversations import preferred, prompt_of, question_of, reply_of, turn
from curation.layouts.jsonl import write_lines
from curation.layouts.reader import ReleaseReader
from curation.layouts.registry import Layout, Tell, Written
from curation.releases.materialise import write_files

PLACE: Final = "<image>"  # one for each image, or the loader refuses the row
TAGS: Final = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
}
EVERY: Final = 200


def write_sharegpt(reader: ReleaseReader, folder: Path, tell: Tell) -> Written:
    """One file per split; `dataset_info.json` names them `consilium_SPLIT`."""
    written, info = Written(), {}
    splits: dict[str, list[str]] = {}
    for row in reader.rows():
        splits.setdefault(reader.split_of(row), [])
    make = _trace if reader.kind == "traces" else _pair
    for split in splits:
        name = f"{split}.jsonl"
        write_lines(folder / name, _rows(reader, split, make, written, tell))
        info[f"consilium_{split}"] = _info(name, is_ranking=reader.kind == "preferences")
        written.files[name] = f"`{name}`: conversations; LLaMA-Factory knows it as `consilium_{split}`"
    (folder / "dataset_info.json").write_text(json.dumps(info, indent=1, sort_keys=True) + "\n", "utf-8")
    write_files(reader.release, folder)
    written.files["images"] = (
        "`images/`: PNG files; `dataset_info.json` lies in the folder that the loader is given"
    )
    return written


def _rows(
    reader: ReleaseReader, split: str, make: Any, written: Written, tell: Tell
) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(reader.rows()):
        if number % EVERY == 0:
            tell(number, reader.count())
        if reader.split_of(row) != split:
            continue
        made = make(row)
        if made is None:
            written.leave("no preference between two different texts")
        else:
            yield made


def _trace(row: dict[str, Any]) -> dict[str, Any]:
    messages = [_asked(row, prompt_of(row)), turn("assistant", _plain(reply_of(row)))]
    return {"id": row["id"], "messages": messages, "images": row["images"]}


def _pair(row: dict[str, Any]) -> dict[str, Any] | None:
    chosen = preferred(row)
    if chosen is None:
        return None
    better, worse = (turn("assistant", _plain(text)) for text in chosen)
    messages = [_asked(row, question_of(row))]
    return {
        "id": row["id"],
        "messages": messages,
        "chosen": better,
        "rejected": worse,
        "images": row["images"],
    }


def _asked(row: dict[str, Any], text: str) -> dict[str, str]:
    return turn("user", PLACE * len(row["images"]) + _plain(text))


def _plain(text: str) -> str:
    """Without anything that the loader would take for the place of an image, a video or a sound."""
    for word in ("image", "video", "audio"):
        text = text.replace(f"<{word}>", f"< {word}>")
    return text


def _info(file: str, *, is_ranking: bool) -> dict[str, Any]:
    columns = {"messages": "messages", "images": "images"}
    if is_ranking:
        columns |= {"chosen": "chosen", "rejected": "rejected"}
    entry = {"file_name": file, "formatting": "sharegpt", "columns": columns, "tags": TAGS}
    return entry | ({"ranking": True} if is_ranking else {})


SHAREGPT = Layout(
    name="sharegpt",
    label="LLaMA-Factory",
    meaning="conversations (traces) or ranked pairs (preferences) with dataset_info.json",
    kinds=frozenset({"traces", "preferences"}),
    write=write_sharegpt,
)
