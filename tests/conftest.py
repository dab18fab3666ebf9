"""Settings of every test: no hub, one thread a process, and shared small models."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items):
    """Workers of one run must see the same names: none may hold an address of memory."""
    changing = [item.nodeid for item in items if " at 0x" in item.nodeid]
    assert not changing, f"give these parameters an `ids`: {changing}"
