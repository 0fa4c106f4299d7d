"""The process of the model server: `transformers serve` with processors that need no torchvision.

`python -I serve.py FD serve ...`: run by its path, so that nothing but installed packages is imported. It
listens on the socket FD, which it inherits. The training process loads its processors here too: training and
asking see the same pixels.
"""

from __future__ import annotations

import gc
import socket
import sys
from functools import partialmethod
from pathlib import Path
from typing import Any

# The libraries make some million objects that stay: looking at them every 700 took an eighth of a start.
COLLECT_AFTER = 50_000


def load_image_text_processor(folder: Path) -> Any:
    """Load image processor, tokenizer and chat template of a local folder; no code from the folder.

    Videos are left out: the video processors of Qwen-VL and InternVL need torchvision, and nobody here has
    one. Pictures are prepared by Pillow, with torchvision too, whose pixels differ slightly.
    """
    from transformers import AutoConfig, AutoProcessor
    from transformers.models.auto import image_processing_auto as pictures  # hidden without torchvision
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    picker: Any = pictures.AutoImageProcessor
    given: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    kind: Any = PROCESSOR_MAPPING.get(type(AutoConfig.from_pretrained(folder, **given)), None)
    has_videos = kind is not None and "video_processor" in kind.get_attributes()
    factory: Any = _without_videos(kind) if has_videos else AutoProcessor
    processor = factory.from_pretrained(folder, **given)
    processor.image_processor = picker.from_pretrained(folder, backend="pil", **given)
    return processor


def _without_videos(kind: Any) -> Any:
    """Return a processor class that is `kind` but for its video processor."""

    def parts(_cls: Any) -> list[str]:
        # What the library loads from the folder and hands to `__init__`, where videos come after these.
        return [name for name in kind.get_attributes() if name != "video_processor"]

    return type(kind.__name__, (kind,), {"get_attributes": classmethod(parts), "__module__": kind.__module__})


def main() -> None:
    """Run the library's command line; a model is named `folder@revision`, as `model_server` names it."""
    gc.set_threshold(COLLECT_AFTER)
    listening = socket.socket(fileno=int(sys.argv.pop(1)))
    import uvicorn
    from transformers.cli.serving.model_manager import ModelManager
    from transformers.cli.transformers import app

    def load(_manager: Any, named: str, gguf_file: str | None = None) -> Any:
        return load_image_text_processor(Path(named.rpartition("@")[0]))

    setattr(ModelManager, "_load_processor", load)  # noqa: B010 - the one place that picks a processor
    # The library takes a port alone.
    setattr(uvicorn.Server, "run", partialmethod(uvicorn.Server.run, [listening]))  # noqa: B010
    app()


if __name__ == "__main__":
    main()
