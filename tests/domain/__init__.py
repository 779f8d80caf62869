"""Tests of the domain: pure, so without a database, a clock or a file but the golden ones."""
