"""`python tests/bench`: measure. What and how, `docs/bench.md` says."""

import importlib
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

importlib.import_module("bench.command").main()
