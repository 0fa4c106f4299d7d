"""The layout that TRL's trainers read as it is: SFT and GRPO from traces, DPO and reward from preferences."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from curation.layouts.conversations import preferred, prompt_of, question_of, reply_of, turn
from curation.layouts.flat import with_pixels
from curation.layouts.parquet import ParquetShards
from curation.layouts.reader import ReleaseReader
from curation.layouts.registry import Config, Layout, Tell, Written
from curation.layouts.schemas import schema_of

ID: Final = ("id", "string")
IMAGES: Final = ("images", "images")
TABLES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "sft": (ID, IMAGES, ("prompt", "messages"), ("completion", "messages")),
    "grpo": (ID, IMAGES, ("prompt", "messages"), ("solution", "string"), ("specialty", "string")),
    "dpo": (ID, IMAGES, ("prompt", "messages"), ("chosen", "messages"), ("rejected", "messages")),
    "reward": (ID, ("chosen", "messages"), ("rejected", "messages")),
}
OF_KIND: Final = {"traces": ("sft", "grpo"), "questions": ("grpo",), "preferences": ("dpo", "reward")}
EVERY: Final = 200


def write_trl(reader: ReleaseReader, folder: Path, tell: Tell) -> Written:
    """A table per trainer and split. RewardTrainer reads text: its pairs have no image."""
    written = Written()
    shards: dict[tuple[str, str], ParquetShards] = {}
    with ExitStack() as stack:
        for number, row in enumerate(reader.rows()):
            if number % EVERY == 0:
                tell(number, reader.count())
            made = _row(reader, row)
            if made is None:
                written.leave("no preference between two different texts")
                continue
            for table in OF_KIND[reader.kind]:
                key = table, reader.split_of(row)
                if key not in shards:
                    opened = ParquetShards(folder / table, key[1], schema_of(TABLES[table]))
                    shards[key] = stack.enter_context(opened)
                shards[key].add(made | made[table])
    written.configs = [
        Config(table, split, f"{table}/{found.pattern}", found.rows, found.size)
        for (table, split), found in sorted(shards.items())
    ]
    trainers = {"sft": "SFTTrainer", "grpo": "GRPOTrainer", "dpo": "DPOTrainer", "reward": "RewardTrainer"}
    written.files = {name: f"`{name}/`: for {trainers[name]}" for name in OF_KIND[reader.kind]}
    return written


def _row(reader: ReleaseReader, row: dict[str, Any]) -> dict[str, Any] | None:
    """The common columns, and under each trainer's name its own."""
    common = {"id": row["id"], "images": with_pixels(reader, row)["images"]}
    if reader.kind == "preferences":
        chosen = preferred(row)
        if chosen is None:
            return None
        asked = turn("user", question_of(row))
        better, worse = (turn("assistant", text) for text in chosen)
        return common | {
            "dpo": {"prompt": [asked], "chosen": [better], "rejected": [worse]},
            "reward": {"chosen": [asked, better], "rejected": [asked, worse]},
        }
    prompt = [turn("user", prompt_of(row))]
    solution = row.get("answer_label") or row.get("answer", "")
    made: dict[str, Any] = {"grpo": {"prompt": prompt, "solution": solution, "specialty": row["specialty"]}}
    if reader.kind == "traces":
        made["sft"] = {"prompt": prompt, "completion": [turn("assistant", reply_of(row))]}
    return common | made


TRL = Layout(
    name="trl",
    label="TRL",
    meaning="columns that SFT, GRPO, DPO and reward trainers read unchanged",
    kinds=frozenset({"traces", "questions", "preferences"}),
    write=write_trl,
)
