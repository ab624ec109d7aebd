"""What holds for all tests."""

import os

# Before numpy is loaded: tests run side by side, and threads for small matrices would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
