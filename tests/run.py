#!/usr/bin/env python3
"""Runs one black-box test file: tests/run.py blackbox/test_errors.py [unittest options]. WEIR_BIN names the gateway.

Exit 0 passed, 1 failed, 77 nothing could be run (CTest's SKIP_RETURN_CODE), with a line that says why.
"""

import importlib.util
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
SKIPPED = 77


def main():
    path = os.path.join(HERE, sys.argv[1])
    if not os.access(os.environ.get("WEIR_BIN", ""), os.X_OK):
        print("SKIPPED: WEIR_BIN does not name the gateway's program")
        return SKIPPED
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    program = unittest.main(module=module, argv=[name] + sys.argv[2:], exit=False, verbosity=2)
    result = program.result
    for _, why in result.skipped:
        print("SKIPPED: " + why)
    if not result.wasSuccessful():
        return 1
    if result.testsRun == 0 or len(result.skipped) >= result.testsRun or (result.skipped and not result.testsRun):
        return SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
