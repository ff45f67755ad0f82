"""The scripts in here are run by `tests/test_scripts.py`; they are no test modules."""

collect_ignore_glob = ["right/*", "wrong/*", "warm.py"]
