"""What the child makes, on its way to the parent: each file announced by one line, its bytes behind it."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import BinaryIO

from curation.imaging.protocol import Produced, RebuildLimits
from curation.imaging.refusal import too_large


@dataclass(slots=True)
class FrameStream:
    """Files made for one image, in order; the child has no folder to write them to."""

    to: BinaryIO
    file_index: int
    limits: RebuildLimits
    produced: list[Produced] = field(default_factory=list)

    def write(self, name: str, content: bytes | memoryview) -> None:
        """Hand over a new file; raise RefusedError when it is larger than a file may be."""
        if len(content) > self.limits.written_file_bytes:
            raise too_large("what would be kept of it is more than this server stores in one file")
        made = Produced(name=name, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        self.to.write(json.dumps({"file_index": self.file_index, "file": asdict(made)}).encode() + b"\n")
        self.to.write(content)
        self.produced.append(made)
