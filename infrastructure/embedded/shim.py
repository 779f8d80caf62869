"""Becomes another identity and then Postgres: run as a script, by path, in a process of its own.

`python -I -S shim.py [options] -- program arguments…`, standard library only: it starts in 20 ms. A fork of
the caller would have to do this between fork and exec, where a process with threads may deadlock.

Options: `--namespace UID` (a new user namespace in which the caller is UID), `--setuid UID:GID`,
`--hold FILE` (flock FILE and let the program inherit that lock), `--log FILE` (standard output and error go
to its end), `--detach` (print the process id and leave the program on its own), `--probe FOLDER` (only say
whether FOLDER and the program can be reached).

Exit codes besides the program's own: see the constants.
"""

import ctypes
import errno
import fcntl
import os
import sys

NO_NAMESPACE = 81
NO_SETUID = 82
HELD = 83
UNREACHABLE = 84
SYSTEM = 85

CLONE_NEWUSER = 0x10000000


def main(arguments: list[str]) -> int:
    """Do what the options say; return an exit code, or never return (the program takes over)."""
    try:
        return _run(arguments)
    except OSError as error:
        sys.stderr.write(f"FATAL:  {error.filename or 'the system'}: {error.strerror}\n")
        sys.stderr.flush()
        return SYSTEM


def _run(arguments: list[str]) -> int:
    cut = arguments.index("--")
    command = arguments[cut + 1 :]
    options = _parse(arguments[:cut])
    os.umask(0o077)
    if "hold" in options and not _hold(options["hold"]):
        return HELD
    log = _open_log(options["log"]) if "log" in options else None
    if "namespace" in options and not _enter_namespace(int(options["namespace"])):
        return NO_NAMESPACE
    if "setuid" in options and not _become(options["setuid"]):
        return NO_SETUID
    if "probe" in options:
        return _probe(options["probe"], command[0])
    if "detach" in options and not _detach():
        return 0
    if log is not None:
        _redirect(log)
    return os.execv(command[0], command)  # noqa: S606 - no shell is the point


def _parse(arguments: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    rest = iter(arguments)
    for argument in rest:
        name = argument.removeprefix("--")
        options[name] = "" if name == "detach" else next(rest)
    return options


def _hold(path: str) -> bool:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    os.set_inheritable(lock, True)
    return True


def _open_log(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)


def _enter_namespace(inside: int) -> bool:
    # One id of each kind is mapped: `inside` here is the caller outside, so files stay the caller's own.
    user, group = os.geteuid(), os.getegid()
    try:
        _unshare_user()
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{inside} {user} 1")
        _write("/proc/self/gid_map", f"{inside} {group} 1")
    except OSError as error:
        sys.stderr.write(f"user namespaces are refused ({error.strerror})")
        return False
    return True


def _unshare_user() -> None:
    if sys.version_info >= (3, 12) and hasattr(os, "unshare"):
        os.unshare(CLONE_NEWUSER)
        return
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "unshare"):
        raise OSError(errno.ENOSYS, "this system has none")
    if library.unshare(CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _write(path: str, text: str) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def _become(ids: str) -> bool:
    user, group = (int(number) for number in ids.split(":"))
    try:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    except OSError as error:
        sys.stderr.write(f"user id {user} can't be taken ({error.strerror})")
        return False
    return True


def _probe(folder: str, program: str) -> int:
    for path, mode in ((folder, os.X_OK), (program, os.R_OK | os.X_OK)):
        if not os.access(path, mode):
            sys.stderr.write(f"{path} is out of its reach")
            return UNREACHABLE
    return 0


def _detach() -> bool:
    """True in the process that goes on; the other one has printed its id."""
    child = os.fork()
    if child:
        os.write(1, str(child).encode())
        return False
    os.setsid()
    return True


def _redirect(log: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
