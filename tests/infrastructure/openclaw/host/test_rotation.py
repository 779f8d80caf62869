"""Which files belong to one rotated log, and in which order they were written."""

import pytest

from infrastructure.openclaw.host.rotation import in_order


@pytest.mark.parametrize(
    "names",
    [
        ["t.jsonl.10", "t.jsonl.9", "t.jsonl.1", "t.jsonl"],
        ["t.jsonl.3.gz", "t.jsonl.2.zst", "t.jsonl.1", "t.jsonl"],
        ["t.2.jsonl", "t.1.jsonl", "t.jsonl"],
        ["t.jsonl-20251231.gz", "t.jsonl-20260101", "t.jsonl"],
        ["t-2026-01-01.jsonl", "t-2026-01-02.jsonl.gz", "t.jsonl"],
        ["t.jsonl.2026-01-01T09-00-00.000Z", "t.jsonl.2026-01-01T10-00-00.000Z", "t.jsonl"],
        ["t.jsonl-20251231", "t.jsonl.2", "t.jsonl.1", "t.jsonl"],
        ["t.jsonl.1", "t.jsonl.gz"],
    ],
)
def test_the_oldest_is_read_first_and_the_log_itself_last(names: list[str]) -> None:
    assert in_order(sorted(names), "t.jsonl") == names
    assert in_order(sorted(names, reverse=True), "t.jsonl") == names


@pytest.mark.parametrize(
    "name",
    ["tt.jsonl", "t.json", "t.jsonl.bak", "t.jsonl~", "t.old.jsonl", "t.jsonl.1.tmp", "t.jsonl-x", "x-t.jsonl", ""],
)
def test_other_files_are_not_of_the_log(name: str) -> None:
    assert in_order([name], "t.jsonl") == []
