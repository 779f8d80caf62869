"""Content that no decoder takes whole, in a recording."""

from tests.infrastructure.cli.test_lines import STRANGE

KEY = "agent:main:strange"

_SESSION = b'"sessionId":"s","sessionKey":"agent:main:strange"'
_ENVELOPE = b'{"ts":"2026-11-25T08:00:00Z","method":"%s","params":{%s%s}%s}'
_MESSAGES = b", ".join(raw for raw, _text in STRANGE.values())
_AFTER = b'{"role":"user","timestamp":99,"content":"after the summary"}'
_SUMMARY = b',"result":{"ok":true,"compacted":true,"result":{"summary":"s\\udfff"}}'

RECORDING = b"\n".join(
    (
        _ENVELOPE % (b"commitTurn", _SESSION, b',"messages":[%s]' % _MESSAGES, b""),
        _ENVELOPE % (b"assemble", _SESSION, b"", b',"result":{"messages":[%s]}' % _MESSAGES),
        _ENVELOPE % (b"compact", _SESSION, b"", _SUMMARY),
        _ENVELOPE % (b"assemble", _SESSION, b"", b',"result":{"messages":[%s]}' % _AFTER),
        _ENVELOPE % (b"assemble", _SESSION, b',"prompt":"p\\ud800"', b',"result":{"messages":[%s]}' % _MESSAGES),
    )
)
