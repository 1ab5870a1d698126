"""The small vault of the settle tests is used here, too, and the attacks' world."""

import sys
from pathlib import Path

for used in ("settle", "attacks"):
    sys.path.insert(0, str(Path(__file__).parents[1] / used))
