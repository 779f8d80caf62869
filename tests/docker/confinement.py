"""Runs a program as a container would: as a user without rights, below a root that can't be written.

`python -I -S confinement.py --user UID --root FOLDER [options] -- program arguments…`, as a script, with the standard
library only. The FOLDER of `--root` is an empty one, which becomes `/`. In it the program sees the system's own folders
and those of `--show FOLDER`; it may write those of `--write FOLDER`, which become the user's own, and those of
`--empty FOLDER`, which lie in memory.

Its exit code is the program's; REFUSED says that this machine allows no mount namespace.
"""

import argparse
import ctypes
import os
import sys
from pathlib import Path

REFUSED = 77

SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "proc")
DEVICES = ("null", "zero", "random", "urandom")

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_RDONLY = 1
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
PR_SET_NO_NEW_PRIVS = 38
KEPT = {"nosuid": 2, "nodev": 4, "noexec": 8, "noatime": 1024, "nodiratime": 2048, "relatime": 1 << 21}
"""The flags of a mount that a namespace may not take away when it makes it read-only."""

LIBRARY = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Enter the namespace, make the root, become the user, and become the program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--user", type=int, required=True)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--show", type=Path, action="append", default=[])
    parser.add_argument("--write", type=Path, action="append", default=[])
    parser.add_argument("--empty", type=Path, action="append", default=[])
    parser.add_argument("command", nargs="+")
    told = parser.parse_args()
    try:
        own_user = _enter(told.user)
        _make_root(told.root, told.show, told.write, told.empty)
    except OSError as error:
        sys.exit(_refuse(f"{error.strerror} ({error.filename or 'unshare'})"))
    os.chroot(told.root)
    os.chdir("/")
    if not own_user:
        for folder in told.write:
            os.chown(folder, told.user, told.user)
        os.setgroups([])
        os.setgid(told.user)
        os.setuid(told.user)
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.execv(told.command[0], told.command)


def _refuse(reason: str) -> int:
    sys.stderr.write(f"no mount namespace can be made here: {reason}\n")
    return REFUSED


def _enter(user: int) -> bool:
    """Enter a mount namespace; True where the caller is the user already, in a user namespace."""
    ids = os.geteuid(), os.getegid()
    if ids[0] == 0:
        try:
            _call("unshare", CLONE_NEWNS)
        except PermissionError:
            pass
        else:
            return False
    _call("unshare", CLONE_NEWNS | CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {ids[0]} 1")
    Path("/proc/self/gid_map").write_text(f"{user} {ids[1]} 1")
    return True


def _make_root(root: Path, shown: list[Path], written: list[Path], empty: list[Path]) -> None:
    _mount(None, Path("/"), MS_REC | MS_PRIVATE)
    _mount("tmpfs", root, data="mode=755")
    for folder in (_in(root, one) for one in empty):
        folder.mkdir(parents=True)
        _mount("tmpfs", folder, data="mode=1777")
    for place in (Path("/", name) for name in SYSTEM):
        if place.is_symlink():
            _in(root, place).symlink_to(place.readlink())
        elif place.is_dir():
            _bind(root, place)
    for name in DEVICES:
        device = _in(root, Path("/dev", name))
        device.parent.mkdir(exist_ok=True)
        device.touch()
        _mount(f"/dev/{name}", device, MS_BIND)
    for folder in (*_outermost(shown), *written):
        _bind(root, folder)
    _make_read_only(root, {str(_in(root, one)) for one in (*written, *empty)})


def _outermost(folders: list[Path]) -> list[Path]:
    """Leave out what lies in another one: bound first, it would be hidden, and could not be made read-only."""
    distinct = set(folders)
    return [one for one in distinct if distinct.isdisjoint(one.parents)]


def _bind(root: Path, folder: Path) -> None:
    target = _in(root, folder)
    target.mkdir(parents=True, exist_ok=True)
    _mount(str(folder), target, MS_BIND | MS_REC)


def _make_read_only(root: Path, writable: set[str]) -> None:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        _, _, _, _, place, options, *_ = line.split(" ")
        if place != str(root) and not place.startswith(f"{root}/"):
            continue
        if place not in writable:
            kept = sum(KEPT.get(option, 0) for option in options.split(","))
            _mount(None, Path(place), MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def _in(root: Path, path: Path) -> Path:
    return root / str(path).lstrip("/")


def _mount(source: str | None, target: Path, flags: int = 0, data: str | None = None) -> None:
    words = (source, str(target), "tmpfs" if source == "tmpfs" else None)
    _call("mount", *(word and word.encode() for word in words), flags, data and data.encode(), named=target)


def _call(name: str, *arguments: bytes | str | int | None, named: Path | None = None) -> None:
    plain = [ctypes.c_ulong(one) if isinstance(one, int) else one for one in arguments]
    if getattr(LIBRARY, name)(*plain) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), named and str(named))


if __name__ == "__main__":
    main()
