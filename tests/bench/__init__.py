"""Measures against peers. Times are noise where a machine is shared: every figure is a ratio of one interleaved run."""
