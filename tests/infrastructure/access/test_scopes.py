"""Who may what, as a table: every scope against everything that can be wanted."""

import pytest

from infrastructure.access.errors import NotAllowed
from infrastructure.access.scopes import Administering, Grant, Reading, Wanted, Writing, allows, check_allowed

ADMIN = Grant("a", "admin", None)
READ = Grant("r", "read", None)
WRITE = Grant("w", "write", "home")


@pytest.mark.parametrize(
    ("grant", "wanted", "allowed"),
    [
        (ADMIN, Reading(), True),
        (ADMIN, Writing("home"), True),
        (ADMIN, Writing("other"), True),
        (ADMIN, Administering(), True),
        (READ, Reading(), True),
        (READ, Writing("home"), False),
        (READ, Administering(), False),
        (WRITE, Reading(), False),
        (WRITE, Writing("home"), True),
        (WRITE, Writing("other"), False),
        (WRITE, Administering(), False),
    ],
)
def test_a_scope_reaches_as_far_as_it_says(grant: Grant, wanted: Wanted, allowed: bool) -> None:
    assert allows(grant, wanted) == allowed
    if allowed:
        check_allowed(grant, wanted)
    else:
        with pytest.raises(NotAllowed, match=rf"^Token {grant.token_id} has scope {grant.scope}"):
            check_allowed(grant, wanted)


def test_a_refusal_names_the_token_that_is_needed() -> None:
    with pytest.raises(NotAllowed, match=r"write for gateway home.*--scope write --gateway other"):
        check_allowed(WRITE, Writing("other"))
