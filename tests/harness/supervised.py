"""A small supervisor for its tests: keeps the commands given as JSON running until it is told to stop."""

import json
import sys
from pathlib import Path

from dashboard.supervisor.process_tree import Supervisor

supervisor = Supervisor(grace=float(sys.argv[1]))
for number, command in enumerate(json.loads(sys.argv[2])):
    supervisor.add(f"child {number}", command, folder=Path.cwd())
supervisor.run(lambda: None)
