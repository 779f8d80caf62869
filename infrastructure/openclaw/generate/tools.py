"""What the agents' tools are asked, and what they answer."""

from msgspec import Struct

from infrastructure.openclaw.generate.chance import Chance
from infrastructure.openclaw.generate.words import Writer
from infrastructure.openclaw.played import Json

LEAST_CHARACTERS = 200
MOST_CHARACTERS = 4_000
"""How long the result of a tool is."""

_FOLDERS = ("notes", "mail", "reports", "logs", "drafts", "archive")
_COMMANDS = ("df -h", "tail -n 40", "git log --oneline", "systemctl status", "du -sh", "grep -rn", "uptime", "ls -la")


class Use(Struct, frozen=True):
    """One use of a tool: its name and arguments, the text that it answers, and details that the host keeps beside it.

    `child_key` is the key of the session that it starts, if it starts one.
    """

    tool: str
    arguments: Json
    text: str
    details: Json | None = None
    child_key: str | None = None


class Tools:
    """Uses tools."""

    def __init__(self, chance: Chance, writer: Writer) -> None:
        self._chance, self._writer = chance, writer

    def use(self, least: int = LEAST_CHARACTERS) -> Use:
        """Use one of them. Short answers are more frequent than long ones; none has fewer characters than `least`."""
        characters = least + int((MOST_CHARACTERS - least) * self._chance.share() ** 3)
        kind = self._chance.below(10)
        if kind < 4:
            return self._read(characters)
        if kind < 7:
            return self._exec(characters)
        return self._list(characters) if kind < 8 else self._web_search(characters)

    def spawn(self, child_key: str, task: str) -> Use:
        """Start another session."""
        text = f'{{"status": "accepted", "childSessionKey": "{child_key}"}}'
        return Use("sessions_spawn", {"task": task}, text, None, child_key)

    def _read(self, characters: int) -> Use:
        name, folder = self._writer.words(1)[0], self._chance.one_of(_FOLDERS)
        text = f"# {name}\n\n{self._writer.prose(characters)}"[:characters]
        return Use("read", {"path": f"{folder}/{name}.md"}, text, {"kind": "text", "content": text})

    def _exec(self, characters: int) -> Use:
        command, subject = self._chance.one_of(_COMMANDS), self._writer.words(1)[0]
        lines: list[str] = []
        missing = characters
        while missing > 0:
            told = " ".join(self._writer.words(6))
            lines.append(f"{self._chance.between(1, 99_999):>6}  {subject}[{self._chance.between(100, 9_999)}]: {told}")
            missing -= len(lines[-1]) + 1
        took = self._chance.between(3, 4_000)
        details = {"status": "completed", "exitCode": 0, "durationMs": took}
        return Use("exec", {"command": f"{command} {subject}"}, "\n".join(lines)[:characters], details)

    def _list(self, characters: int) -> Use:
        folder = self._chance.one_of(_FOLDERS)
        names = self._writer.words(characters // 8 + 4)
        text = "\n".join(f"{one}-{other}.md" for one, other in zip(names[::2], names[1::2], strict=False))
        return Use("list", {"path": folder}, f"{text}{'.' * characters}"[:characters])

    def _web_search(self, characters: int) -> Use:
        asked = self._writer.words(4)
        found: list[str] = []
        missing = characters
        while missing > 0:
            host, title = self._writer.words(1)[0], self._writer.sentence(6)
            found.append(f"{len(found) + 1}. {title} https://{host}.example/\n   {self._writer.sentence(24)}")
            missing -= len(found[-1]) + 1
        return Use("web_search", {"query": " ".join(asked), "count": 5}, "\n".join(found)[:characters])
