"""Files and folders that appear whole or not at all, and never take with them what is not theirs.

A folder of results holds a manifest: what it is, of what, and the hash of every file that belongs to it. Only these
files are ever deleted; whatever else lies there stays, and is named. A folder is either filled out of sight and put in
place by one exchange (`new_folder`), or grows file by file while long work goes on (`growing_folder`).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from glob import escape
from pathlib import Path, PurePosixPath
from typing import Any

from .errors import InputError
from .files import DAMAGE, parse_json, read_bytes, read_json

try:
    import fcntl
except ImportError:  # Windows: two processes are then not kept apart
    fcntl = None  # type: ignore[assignment]

MANIFEST = "manifest.json"
_DRAFT, _UNFINISHED = ".draft", ".unfinished"
"""Ending of a folder that is being filled or was exchanged, and the file that tells the first from the second."""


class FolderError(InputError):
    """A folder that cannot be used; one line."""


@contextmanager
def stored_content(folder: Path, what: str) -> Iterator[None]:
    """Inside, something is taken apart that `pathway` has written into a folder, and others may have damaged.

    Parameters
    ----------
    folder : Path
    what : str
        That it does not hold if something does not fit: "run to repeat".

    Raises
    ------
    FolderError
        In one line, for whatever does not fit.
    """
    try:
        yield
    except FolderError:
        raise
    except FileNotFoundError as error:
        raise FolderError(f"{folder}: no {what}: {error.filename} is missing") from None
    except DAMAGE as error:
        reason = f"{error} is missing" if type(error) is KeyError else str(error) or type(error).__name__
        raise FolderError(f"{folder}: no {what}, or damaged ({reason})") from None


def stored_bytes(folder: Path, name: str) -> bytes:
    """A file of a folder of ours; to be read inside `stored_content`.

    Raises
    ------
    FileNotFoundError
        With the name as its file.
    InputError
        With the name before the reason, if it is no file, or too large to be one of ours.
    """
    place = folder / name
    if not place.exists():
        raise FileNotFoundError(errno.ENOENT, "there is no such file", name)
    try:
        return read_bytes(place)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def stored_json(folder: Path, name: str) -> Any:
    """The content of a JSON file of a folder of ours; raises as `stored_bytes`."""
    content = stored_bytes(folder, name)
    try:
        return parse_json(content)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


# Single files


def sha256(content: bytes) -> str:
    """Hash of a file's content."""
    return hashlib.sha256(content).hexdigest()


def json_text(content: Mapping[str, Any]) -> str:
    """One JSON object, for people too."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a file so that it is there in full or not at all, also after the machine stops.

    A symbolic link is followed. Text is written as UTF-8.
    """
    content = content.encode() if isinstance(content, str) else content
    path = path.resolve()
    temporary = path.with_name(f".{path.name[:200]}.{os.getpid()}")
    with _named(path):
        try:
            with open(temporary, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def write_new_file(path: Path, content: bytes | str, force: bool = False) -> None:
    """Write a file where none is, or one with the same content; with `force`, also in place of another.

    Raises
    ------
    FolderError
        If something else stands there.
    """
    if path.is_dir():
        raise FolderError(f"{path}: this is a folder; name a file with --out")
    written = content.encode() if isinstance(content, str) else content
    if path.exists() and not force and path.read_bytes() != written:
        raise FolderError(f"{path}: is there already; name another file with --out, or replace it with --force")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, written)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """An error of the system inside says where it was: a full disk does not."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def _sync_folder(folder: Path) -> None:
    """What was made or renamed in a folder is on disk; where folders cannot be synchronized, nothing is done."""
    if os.name == "nt":
        return
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):
            raise
    finally:
        os.close(place)


# Manifests


def _a(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


@dataclass(frozen=True)
class Manifest:
    """What a folder says of itself.

    Attributes
    ----------
    kind : str
        "run", "fit", "profiles", ...
    identity : mapping
        Of what: scenario, settings. Equal kinds with equal identities may replace each other.
    files : mapping of path within the folder to sha256, or None
        None: a file of work that is not finished.
    """

    kind: str
    identity: Mapping[str, Any]
    files: Mapping[str, str | None] = field(default_factory=dict)

    def differences(self, wanted: Manifest) -> str:
        """What it is, and how it differs from what is wanted, in words."""
        name, other = (next(iter(m.identity.values())) for m in (self, wanted))
        if self.kind != wanted.kind:
            return f"{_a(self.kind)} of '{name}', not {_a(wanted.kind)}"
        if name != other:
            return f"{_a(self.kind)} of '{name}', not of '{other}'"
        mine, theirs = (dict(_flat("", m.identity)) for m in (self, wanted))
        parts = [
            f"{key} {_plain(mine, key)} instead of {_plain(theirs, key)}"
            for key in {**mine, **theirs}
            if mine.get(key) != theirs.get(key)
        ]
        return f"a {self.kind} of '{name}' with other settings ({', '.join(parts)})"

    def text(self) -> str:
        """As it stands in the folder."""
        return json_text({"kind": self.kind, "of": dict(self.identity), "files": dict(sorted(self.files.items()))})


def _flat(place: str, content: Any) -> Iterator[tuple[str, Any]]:
    """The leaves of a tree of mappings, by their last name."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            yield from _flat(name, value)
    else:
        yield place, content


def _plain(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = text if text.isprintable() else repr(text)[1:-1]  # a file gives no commands to the terminal
    return (text if len(text) <= 40 else f"{text[:12]}...") if text and value is not None else "none"


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder; None where there is none.

    Raises
    ------
    FolderError
        If it cannot be read, or names files outside the folder.
    """
    place = folder / MANIFEST
    try:
        if not place.is_file():
            return None
        content = read_json(place)
        kind, identity, files = content["kind"], content["of"], content["files"]
        whole = isinstance(kind, str) and isinstance(identity, dict) and isinstance(files, dict) and bool(identity)
        if not whole or not all(_inside(n) and (h is None or isinstance(h, str)) for n, h in files.items()):
            raise ValueError("it is not what 'pathway' writes")
    except DAMAGE as error:
        raise FolderError(f"{place}: cannot be read ({error}); remove it, or name another folder with --out") from None
    return Manifest(kind, identity, files)


def _inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def verify_folder(folder: Path) -> tuple[list[str], list[str]]:
    """What differs between a folder and its manifest, and what lies there besides.

    Returns
    -------
    (list of str, list of str)
        One line for each difference; names of files that the manifest does not list.

    Raises
    ------
    FolderError
        If there is no manifest.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise FolderError(f"{folder}: holds no {MANIFEST}, so there is nothing to check it against")
    differences = []
    for name, expected in manifest.files.items():
        if not (folder / name).is_file():
            if expected is not None:
                differences.append(f"{name}: is missing")
        elif expected is not None and _hash(folder / name) != expected:
            differences.append(f"{name}: is not the file that was written")
    if any(h is None for h in manifest.files.values()):
        missing = sum(h is None and not (folder / n).is_file() for n, h in manifest.files.items())
        to_do = f"{missing} of {len(manifest.files)} files are still to be made" if missing else "it was not closed"
        differences.append(f"unfinished: {to_do}")
    return differences, [n for n in _files_in(folder) if n not in manifest.files and n != MANIFEST]


def _files_in(folder: Path) -> list[str]:
    paths = [Path(root, name) for root, _, names in os.walk(folder) for name in names]
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _hash(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Who may write where


def writable_folder(out: Path, kind: str, identity: Mapping[str, Any], force: bool = False) -> Path:
    """The folder meant by `out`, links followed, if this may be written there.

    Parameters
    ----------
    out : Path
    kind, identity
        Of what is to be written.
    force : bool
        Files that another result lists may be replaced; other files stay in any case.

    Raises
    ------
    FolderError
        If something else stands there, or nothing can be written.
    """
    if out.is_symlink() and not out.exists():
        raise FolderError(f"{out}: a symbolic link to {os.readlink(out)}, where nothing is; name a folder with --out")
    place = out.resolve()
    if place.exists() and not place.is_dir():
        raise FolderError(f"{out}: this is a file; choose a folder with --out")
    if place.is_dir() and not force:
        wanted, manifest = Manifest(kind, _as_read(identity)), read_manifest(place)
        if manifest is not None and (manifest.kind, manifest.identity) != (kind, wanted.identity):
            raise FolderError(
                f"{out}: holds {manifest.differences(wanted)}; choose another folder with --out, or replace its files "
                "with --force"
            )
        if manifest is None and any(place.iterdir()):
            raise FolderError(
                f"{out}: this folder holds something else than a {kind}; choose another with --out, or write beside "
                "what is there with --force"
            )
    above = place if place.is_dir() else place.parent
    while not above.exists():
        above = above.parent
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise FolderError(f"{out}: cannot be written there ({above} is not a writable folder)")
    return place


def _as_read(identity: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(identity))


_HELD: dict[str, int] = {}


@contextmanager
def folder_lock(folder: Path, wait: bool) -> Iterator[None]:
    """Alone in a folder, as far as other processes of ours go; a file system without locks keeps nobody out.

    Raises
    ------
    FolderError
        If another process is in it and we shall not wait.
    """
    key = str(folder)
    if key in _HELD:
        yield
        return
    if fcntl is None:
        _HELD[key] = 0
        try:
            yield
        finally:
            _HELD.pop(key, None)
        return
    place = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise FolderError(
                f"{folder}: another process is writing there; wait for it, or name another folder"
            ) from None
        except OSError:
            pass
        _HELD[key] = place
        yield
    finally:
        _HELD.pop(key, None)
        os.close(place)


# Folders that are exchanged as a whole


@dataclass(eq=False)
class DraftFolder:
    """A folder that is being filled out of sight.

    Attributes
    ----------
    path : Path
        Anything written below it belongs to the folder, too.
    place : Path
        Where it will be.
    kept : list of str
        Once it is in place: files that were there before and are not ours, by the names they have now.
    """

    path: Path
    place: Path
    kept: list[str] = field(default_factory=list)
    _hashes: dict[str, str] = field(default_factory=dict)

    def plan(self, names: Iterable[str]) -> None:
        """As of a growing folder; nothing of anyone else is in here."""

    def write(self, name: str, content: bytes | str) -> None:
        """Write a file; text as UTF-8."""
        content = content.encode() if isinstance(content, str) else content
        place = self.path / name
        with _named(self.place / name):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        self._hashes[name] = sha256(content)

    def discard(self, name: str) -> None:
        """Take back a file that could not be written whole."""
        self._hashes.pop(name, None)
        (self.path / name).unlink(missing_ok=True)

    def _seal(self, kind: str, identity: Mapping[str, Any]) -> None:
        """Write the manifest; everything is on disk afterwards."""
        names = [name for name in _files_in(self.path) if name not in (_UNFINISHED, MANIFEST)]
        files = {name: self._hashes.get(name) or _hash(self.path / name) for name in names}
        self.write(MANIFEST, Manifest(kind, identity, files).text())
        for name in [*names, MANIFEST]:
            with open(self.path / name, "rb") as file:
                os.fsync(file.fileno())
        for root, folders, _ in os.walk(self.path):
            for name in folders:
                _sync_folder(Path(root, name))
        os.chmod(self.path, 0o777 & ~umask())

    def _put(self, place: Path) -> None:
        """Put it in place; what stands there is emptied of its own files and leaves the others behind."""
        (self.path / _UNFINISHED).unlink()
        _sync_folder(self.path)
        try:
            if place.is_dir():
                old = _exchanged(self.path, place)
            else:
                old = None
                os.rename(self.path, place)
        except OSError:
            (self.path / _UNFINISHED).touch()
            raise
        _sync_folder(place.parent)
        if old is not None:
            self.kept = _settled(old, place)


@contextmanager
def new_folder(out: Path, kind: str, identity: Mapping[str, Any], force: bool = False) -> Iterator[DraftFolder]:
    """A folder filled out of sight and put in place as a whole when the block ends without an error.

    What stands there already is replaced if it is the same kind of result of the same thing, or with `force`; only
    what its manifest lists is deleted, and a listed file that was changed since is kept under another name.

    Parameters
    ----------
    out : Path
    kind, identity
        For the manifest.
    force : bool

    Raises
    ------
    FolderError
        If something else stands there.
    """
    place = writable_folder(out, kind, identity, force)
    place.parent.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix=f".{place.name[:200]}-", suffix=_DRAFT, dir=place.parent))
    draft = DraftFolder(path, place)
    with folder_lock(path, wait=True):
        try:
            (path / _UNFINISHED).touch()
            yield draft
            with _named(place):
                draft._seal(kind, identity)
            with folder_lock(place.parent, wait=True):
                _recover(place)
                try:
                    writable_folder(out, kind, identity, force)
                    with folder_lock(place, wait=False) if place.is_dir() else nullcontext():
                        draft._put(place)
                except FolderError as error:  # something was put there in the meantime
                    rescued = _free(place)
                    draft._put(rescued)
                    raise FolderError(f"{error}; what was computed lies in {rescued}") from None
        except BaseException:
            # Without this file it is complete, or already what stood in the other's place.
            if (path / _UNFINISHED).exists():
                shutil.rmtree(path, ignore_errors=True)
            raise


def umask() -> int:
    """The rights that new files of this user do not get; a folder made as a draft has none for others."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _exchanged(draft: Path, place: Path) -> Path:
    """Put a folder where another is; where the other is now."""
    if _swap(draft, place):
        return draft
    aside = draft.with_name(draft.name.removesuffix(_DRAFT) + f"-earlier{_DRAFT}")
    os.rename(place, aside)
    try:
        os.rename(draft, place)
    except BaseException:
        os.rename(aside, place)
        raise
    return aside


def _swap(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system cannot."""
    import ctypes

    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            failed = library.renamex_np(os.fsencode(one), os.fsencode(other), 2)
        else:
            failed = library.renameat2(-100, os.fsencode(one), -100, os.fsencode(other), 2)
    except (OSError, AttributeError, TypeError):
        return False
    return not failed


def _settled(old: Path, place: Path) -> list[str]:
    """Empty a folder that was exchanged: its own files go, the others move to where it stood; their names there."""
    kept: list[str] = []
    try:
        manifest = read_manifest(old)
    except FolderError:
        manifest = None
    _move(old, place, "", manifest.files if manifest else {}, kept)
    return sorted(kept)


def _move(old: Path, place: Path, within: str, own: Mapping[str, str | None], kept: list[str]) -> None:
    for entry in list(os.scandir(old)):
        name, target = within + entry.name, place / entry.name
        if entry.is_dir(follow_symlinks=False):
            if any(other.startswith(name + "/") for other in own) or target.is_dir():
                target.mkdir(exist_ok=True)
                _move(Path(entry.path), target, name + "/", own, kept)
                continue
        elif name == MANIFEST and own:
            continue
        elif name in own and entry.is_file(follow_symlinks=False) and own[name] in (None, _hash(Path(entry.path))):
            os.unlink(entry.path)
            continue
        os.rename(entry.path, free := _free(target))
        kept.append(within + free.name)
    if own and not within:
        (old / MANIFEST).unlink()  # last: until then it says what may go
    with suppress(OSError):  # somebody has put something there just now
        os.rmdir(old)
    if within and not any(place.iterdir()):
        place.rmdir()


def _free(target: Path) -> Path:
    """The path, or where something is there already, one beside it."""
    number, free = 1, target
    while os.path.lexists(free):
        free = target.with_name(f"{target.name}.kept{f'-{number}' if number > 1 else ''}")
        number += 1
    return free


def _recover(place: Path) -> None:
    """Put right what a process that was killed has left beside a folder."""
    # Not those of a place whose name begins alike (NAME-SETTING).
    drafts = re.compile(re.escape(f".{place.name[:200]}-") + r"[a-z0-9_]{8}(-earlier)?" + re.escape(_DRAFT))
    left = [p for p in place.parent.iterdir() if drafts.fullmatch(p.name) and str(p) not in _HELD]
    for path in sorted(left, key=lambda p: p.stat().st_mtime, reverse=True):
        try:
            with folder_lock(path, wait=False):
                if (path / _UNFINISHED).exists():
                    shutil.rmtree(path)
                elif not place.exists():
                    os.rename(path, place)
                else:
                    _settled(path, place)
        except (FolderError, OSError):
            continue  # somebody is at work there, or it is not ours to touch


# Folders that grow


@dataclass(eq=False)
class GrowingFolder:
    """A folder that is filled in place while work goes on.

    Attributes
    ----------
    path : Path
    kept : list of str
        Files that were there before and are not ours, by the names they have now.
    finished : bool
        Whether files that were expected and are not there are expected no longer.
    """

    path: Path
    manifest: Manifest
    kept: list[str] = field(default_factory=list)
    finished: bool = False

    def plan(self, names: Iterable[str]) -> None:
        """Files that will be written: a file of someone else with such a name steps aside, now."""
        new = [name for name in dict.fromkeys(names) if self.manifest.files.get(name, "") is not None]
        for name in new:
            path = self.path / name
            if name not in self.manifest.files and os.path.lexists(path):
                os.rename(path, free := _free(path))
                self.kept.append(free.relative_to(self.path).as_posix())
        if new:
            self._list({**self.manifest.files, **dict.fromkeys(new)})

    def write(self, name: str, content: bytes | str) -> None:
        """Write a file, in full or not at all; text as UTF-8."""
        self.plan([name])
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path / name, content)

    def discard(self, name: str) -> None:
        """Take back a file that could not be written."""
        (self.path / name).unlink(missing_ok=True)

    def _list(self, files: Mapping[str, str | None]) -> None:
        self.manifest = replace(self.manifest, files=files)
        write_atomically(self.path / MANIFEST, self.manifest.text())

    def _seal(self) -> None:
        """List what is there now with its hashes."""
        hashes = {n: _hash(self.path / n) if (self.path / n).is_file() else None for n in self.manifest.files}
        self._list({n: h for n, h in hashes.items() if h is not None or not self.finished})


@contextmanager
def growing_folder(
    out: Path, kind: str, identity: Mapping[str, Any], planned: Iterable[str] = (), force: bool = False
) -> Iterator[GrowingFolder]:
    """A folder in which work of the same kind and identity goes on; a new one is begun, and no other process enters.

    Parameters
    ----------
    out : Path
    kind, identity
        For the manifest.
    planned : iterable of str
        Files that the work keeps to go on from.
    force : bool
        Files listed by another result are deleted first.

    Raises
    ------
    FolderError
        If something else stands there, or another process is writing there.
    """
    place = writable_folder(out, kind, identity, force)
    place.mkdir(parents=True, exist_ok=True)
    with folder_lock(place, wait=False):
        try:
            manifest = read_manifest(place)
        except FolderError:
            if not force:
                raise
            manifest = None
        if manifest is not None and (manifest.kind, manifest.identity) != (kind, _as_read(identity)):
            _clear(place, manifest)
            manifest = None
        folder = GrowingFolder(place, manifest or Manifest(kind, _as_read(identity)))
        if manifest is None:
            folder._list({})
        folder.plan(planned)
        yield folder
        folder._seal()


@contextmanager
def resumed_folder(out: Path, kind: str, name: str) -> Iterator[GrowingFolder]:
    """A growing folder as its manifest says, to write what follows from the work in it; a new one is of `name`.

    Raises
    ------
    FolderError
    """
    manifest = read_manifest(out)
    identity = manifest.identity if manifest and manifest.kind == kind else {"problem": name}
    with growing_folder(out, kind, identity) as folder:
        yield folder
        folder.finished = True


def discard_folder(out: Path, kind: str) -> None:
    """Delete a growing folder of a kind, if it is there; files of others stay, and the folder with them.

    Raises
    ------
    FolderError
        If another process is writing there.
    """
    place = out.resolve()
    if not place.is_dir():
        return
    with folder_lock(place, wait=False):
        manifest = read_manifest(place)
        if manifest is None or manifest.kind != kind:
            return
        _clear(place, manifest)
        for name in (*manifest.files, MANIFEST):
            for left_by_a_kill in place.glob(f".{escape(name)}.*"):
                left_by_a_kill.unlink()
        with suppress(OSError):
            place.rmdir()


def _clear(place: Path, manifest: Manifest) -> None:
    """Delete the files that a manifest lists, as it lists them."""
    for name, expected in manifest.files.items():
        path = place / name
        if path.is_file() and not path.is_symlink() and path.parent.resolve().is_relative_to(place):
            if expected in (None, _hash(path)):
                path.unlink()
            else:
                path.rename(_free(path.with_name(f"{path.name}.kept")))
    (place / MANIFEST).unlink()
