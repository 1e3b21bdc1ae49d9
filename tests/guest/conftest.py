import sys
from pathlib import Path

# `boxes` lives beside the tests and is no part of the installed project.
sys.path.insert(0, str(Path(__file__).resolve().parent))
