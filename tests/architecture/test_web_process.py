"""What the web process may hold in memory, and what its pages may ask for."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "pydicom", "huggingface_hub")
ADDRESS = re.compile(r"""(?:src|href|action|url\()\s*=?\s*["']?(https?:)?//""", re.IGNORECASE)


def test_the_web_process_never_imports_the_heavy_libraries(tmp_path: Path) -> None:
    program = (
        "import contextlib, sys; from django.urls import get_resolver\n"
        # The folder holds no database, so the start is refused, after everything is loaded.
        "with contextlib.suppress(SystemExit): import consilium.wsgi\n"
        "get_resolver().url_patterns; [p for p in get_resolver().reverse_dict];"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    environment = {"CONSILIUM_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_no_template_script_or_style_names_another_host() -> None:
    shipped = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("static/**/*.js"), *ROOT.glob("static/**/*.css")]
    assert shipped
    found = [str(path.relative_to(ROOT)) for path in shipped if ADDRESS.search(path.read_text())]
    assert found == []
