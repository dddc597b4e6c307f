"""Manifests of landed files: which files a folder of a table should hold, with their rows and checksums.

    data/landings/raw/<table>/platform=<platform>.jsonl
    data/landings/enriched/<table>.jsonl

They lie apart from the files, so that a folder that is lost with all its files is missed.

One JSON object a line: the file's path below the folder, its rows, bytes, modification time, SHA-256 and, for imports,
the digest of its ids; or the path and ``removed``, for a file that retention or a newer version removed. The last line
of a path counts. A line is
appended after its file is on the disk, so a file without a line is one whose writer was killed in between, or older
than manifests.

Files are compared with their lines by name, size and modification time, which takes one listing of the folder. The
checksum decides when these differ (a restored copy has another time), and whenever a file is verified.
"""

import hashlib
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import orjson
import polars as pl

# An import writes hundreds of files; more than this are faster flushed with everything else (5 ms each).
_SYNCED_SINGLY = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """One line of a manifest.

    path: below the manifest's folder; modified_ns: nanoseconds since 1970; ids: ids_digest of an import, else empty.
    """

    path: str
    rows: int = 0
    bytes: int = 0
    modified_ns: int = 0
    sha256: str = ""
    ids: str = ""
    removed: bool = False


class NewFile(NamedTuple):
    """A file that was just written, to be recorded."""

    path: Path
    rows: int
    ids: str = ""


class Differences(NamedTuple):
    """How a folder differs from its manifest; paths below the folder, sorted.

    lost: files that the manifest names and that are gone. damaged: files whose content is not the recorded one.
    unrecorded: files that the manifest does not name, or whose content it does not know.
    """

    lost: list[str]
    damaged: list[str]
    unrecorded: list[str]


def record(data_dir: Path, folder: Path, files: Iterable[NewFile], instead_of: Iterable[Path] = ()) -> None:
    """Append files to the folder's manifest; files and manifest are then on the disk.

    instead_of: files that these replace; the same write records their removal.
    """
    new = list(files)
    parts = [file.path for file in new] + sorted({file.path.parent for file in new})
    if len(parts) > _SYNCED_SINGLY:
        os.sync()
    else:
        for part in parts:
            _sync(part)
    removed = [Landed(path=str(path.relative_to(folder)), removed=True) for path in instead_of]
    _append(_manifest(data_dir, folder), [*(_line(folder, file) for file in new), *removed])


def ids_digest(ids: pl.Series) -> str:
    """16 hex digits that are the same for the same set of ids."""
    return hashlib.sha256("\n".join(ids.unique().sort()).encode()).hexdigest()[:16]


def record_replacements(data_dir: Path, folder: Path, files: Sequence[NewFile]) -> list[str]:
    """Append that lost files of the same days with the same ids as these new files are not missed any more.

    So a day whose import was lost is whole again after the same files are imported again. Returns the lost paths.
    """
    new = {(file.path.parent.name, file.ids) for file in files if file.ids}
    replaced = [
        path
        for path, entry in landed(data_dir, folder).items()
        if (Path(path).parent.name, entry.ids) in new and not (folder / path).exists()
    ]
    record_removals(data_dir, folder, [folder / path for path in replaced])
    return replaced


def record_removals(data_dir: Path, folder: Path, paths: Iterable[Path]) -> None:
    """Append that these files were removed on purpose."""
    _append(_manifest(data_dir, folder), [Landed(path=str(path.relative_to(folder)), removed=True) for path in paths])


def record_lost(data_dir: Path, folder: Path, path: Path) -> None:
    """Append a file whose content was never recorded and cannot be read. It counts as lost until it is restored."""
    _append(_manifest(data_dir, folder), [Landed(path=str(path.relative_to(folder)))])


def landed(data_dir: Path, folder: Path) -> dict[str, Landed]:
    """The files that the folder should hold, by path."""
    entries = _entries(_manifest(data_dir, folder))
    return {path: entry for path, entry in entries.items() if not entry.removed}


def _entries(manifest: Path) -> dict[str, Landed]:
    """The last line of each path. A line that was cut by a crash is ignored: its file was not recorded."""
    if not manifest.exists():
        return {}
    entries: dict[str, Landed] = {}
    for line in manifest.read_bytes().split(b"\n"):
        try:
            entry = Landed(**orjson.loads(line))
        except (orjson.JSONDecodeError, TypeError):
            continue
        entries[entry.path] = entry
    return entries


def emptied_days(data_dir: Path, folder: Path) -> list[str]:
    """The days, YYYY-MM-DD in order, of which files were landed, and all of them removed on purpose."""
    entries = _entries(_manifest(data_dir, folder))
    days = {path.split("/")[0] for path in entries if path.startswith("day=")}
    held = {path.split("/")[0] for path, entry in entries.items() if not entry.removed}
    return sorted(day.removeprefix("day=") for day in days - held)


def record_suspicion(data_dir: Path, folder: Path, paths: Iterable[str]) -> None:
    """Append that these files have to be compared by their checksums, although size and time are the recorded ones."""
    entries = landed(data_dir, folder)
    _append(_manifest(data_dir, folder), [replace(entries[path], modified_ns=0) for path in paths])


def compare(data_dir: Path, folder: Path, *, verify: bool | Collection[str] = False) -> Differences:
    """Compare the Parquet files below a folder with its manifest.

    verify: read every file, or those of these days (YYYY-MM-DD), and compare its checksum.

    A file with the recorded content but another time is recorded again, so that it is read once only.
    """
    expected = landed(data_dir, folder)
    present = _present(folder)
    damaged, restored = [], []
    of_known_content = {path for path, entry in expected.items() if entry.sha256}
    for path in sorted(of_known_content & present.keys()):
        entry, (size, modified_ns) = expected[path], present[path]
        as_recorded = (size, modified_ns) == (entry.bytes, entry.modified_ns)
        has_to_be_read = verify if isinstance(verify, bool) else path.split("/")[0].removeprefix("day=") in verify
        if as_recorded and not has_to_be_read:
            continue
        if size != entry.bytes or checksum(folder / path) != entry.sha256:
            damaged.append(path)
        elif not as_recorded:
            restored.append(NewFile(folder / path, entry.rows, entry.ids))
    if restored:
        record(data_dir, folder, restored)
    return Differences(
        lost=sorted(expected.keys() - present.keys()),
        damaged=damaged,
        unrecorded=sorted(present.keys() - of_known_content),
    )


def checksum(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _present(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and modification time of the Parquet files in the folder and in its ``day=`` folders."""
    files: dict[str, tuple[int, int]] = {}
    if not folder.is_dir():
        return files
    with os.scandir(folder) as entries:
        parts: Sequence[os.DirEntry[str]] = list(entries)
    for part in parts:
        if part.name.startswith("day=") and part.is_dir():
            with os.scandir(part.path) as entries:
                files |= {f"{part.name}/{entry.name}": _state(entry) for entry in entries if _is_data(entry.name)}
        elif _is_data(part.name):
            files[part.name] = _state(part)
    return files


def _state(entry: os.DirEntry[str]) -> tuple[int, int]:
    state = entry.stat()
    return state.st_size, state.st_mtime_ns


def _is_data(name: str) -> bool:
    return name.endswith(".parquet") and not name.startswith(".")


def _line(folder: Path, file: NewFile) -> Landed:
    state = file.path.stat()
    return Landed(
        path=str(file.path.relative_to(folder)),
        rows=file.rows,
        bytes=state.st_size,
        modified_ns=state.st_mtime_ns,
        sha256=checksum(file.path),
        ids=file.ids,
    )


def _manifest(data_dir: Path, folder: Path) -> Path:
    return data_dir / "landings" / f"{folder.relative_to(data_dir)}.jsonl"


def _append(manifest: Path, lines: Sequence[Landed]) -> None:
    if not lines:
        return
    text = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    with manifest.open("ab") as handle:
        # A crash may have cut the line before.
        handle.write(text if _ends_with_a_line(manifest) else b"\n" + text)
        handle.flush()
        os.fsync(handle.fileno())


def _ends_with_a_line(manifest: Path) -> bool:
    with manifest.open("rb") as handle:
        if handle.seek(0, os.SEEK_END) == 0:
            return True
        handle.seek(-1, os.SEEK_END)
        return handle.read() == b"\n"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
