"""Libwally, imported past its warnings.

Its SWIG types have no `__module__`; where warnings are errors, Python 3.11 crashes over that.
"""

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    wallycore = pytest.importorskip("wallycore")
