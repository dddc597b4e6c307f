"""Backup and restore of what cannot be made again: everything else follows from it by 'tingfeng refresh'.

The archive is a tar (gzip) of files of the data folder and listening.yaml. Its last member, checksums.txt, has the
SHA-256 of each of them, so a cut archive is recognised, and a restore verifies all before it writes anything.

Of data/enriched/ the archive holds the versions that publications name: with another model or other labels they could
not be made again, and marts of past moments are built from them. The rest of it is read from raw again.
"""

import gzip
import hashlib
import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from core.contracts.raw import RAW_ITEMS
from core.platforms import PLATFORMS
from core.problems import Problem
from core.storage.pseudonym_key import key_path
from core.storage.raw import raw_files
from orchestration.keeping.forget import alone
from orchestration.keeping.subject import Log
from orchestration.publishing.manifests import named_files

# Manifests first: a crawl may land files meanwhile, and a file without a line is adopted, while one without a file
# counts as lost.
KEPT = ("landings/raw", "raw", "publications", "enriched/manifests", "labels", "models", "quarantine", "reports")
KEPT_FILES = ("tombstones.jsonl",)
_LISTENING, _CHECKSUMS, _RESTORING = "listening.yaml", "checksums.txt", ".restoring"
_BLOCK = 1 << 20


def backup(data_dir: Path, listening: Path, target: Path, log: Log, *, with_key: bool) -> int:
    """Write the archive; returns the number of files. Waits for an import that is under way."""
    if target.exists():
        raise Problem(f"{target} exists already; choose another name, or remove it.")
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    draft.touch(mode=0o600)
    checksums = []
    try:
        # Parquet files are compressed already: level 1 costs little and serves the text files.
        with alone(data_dir, log), tarfile.open(draft, "w:gz", compresslevel=1) as archive:
            for name, path in _files(data_dir, listening, with_key=with_key):
                with path.open("rb") as file:
                    source = _Hashed(file)
                    archive.addfile(archive.gettarinfo(arcname=name, fileobj=file), source)
                checksums.append(f"{source.sha256.hexdigest()}  {name}\n")
            content = "".join(checksums).encode()
            member = tarfile.TarInfo(_CHECKSUMS)
            member.size, member.mode = len(content), 0o600
            archive.addfile(member, io.BytesIO(content))
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    return len(checksums)


def restore(data_dir: Path, listening: Path, source: Path) -> list[str]:
    """Verify an archive, then unpack it into an empty data folder.

    listening.yaml is put beside the data unless there is one already. Returns the names of raw files that were lost or
    damaged when the backup was made. Raises Problem if the folder is not empty, or the archive is not complete.
    """
    names = _verified(source)
    _require_empty(data_dir, is_key_included=key_path(data_dir).name in names)
    draft = data_dir / _RESTORING
    shutil.rmtree(draft, ignore_errors=True)  # of a restore that was killed
    draft.mkdir(parents=True)
    with tarfile.open(source, "r:gz") as archive:
        archive.extractall(draft, (member for member in archive if member.name != _CHECKSUMS), filter="data")
    settings = draft / _LISTENING
    if settings.exists() and not listening.exists():
        listening.write_bytes(settings.read_bytes())
    settings.unlink(missing_ok=True)
    for path in draft.iterdir():
        if (data_dir / path.name).is_dir():  # of empty folders
            shutil.rmtree(data_dir / path.name)
        path.rename(data_dir / path.name)
    draft.rmdir()
    return [
        f"raw/{table}/platform={platform}/day={day}/{name}"
        for table in RAW_ITEMS
        for (platform, day), files in raw_files(data_dir, table, PLATFORMS, verify=True).items()
        for name in files.lost
    ]


class _Hashed(io.RawIOBase):
    """A file whose checksum is computed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.sha256 = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self.sha256.update(content)
        return content


def _files(data_dir: Path, listening: Path, *, with_key: bool) -> Iterator[tuple[str, Path]]:
    """The files to back up, with their names in the archive."""
    names = [*KEPT_FILES, *([key_path(data_dir).name] if with_key else [])]
    paths = [data_dir / name for name in names]
    paths += [path for folder in KEPT for path in sorted((data_dir / folder).rglob("*"))]
    paths += [data_dir / name for name in sorted(named_files(data_dir)) if name.startswith("enriched/")]
    for path in paths:
        if path.is_file() and not path.name.endswith(".tmp"):
            yield str(path.relative_to(data_dir)), path
    if listening.exists():
        yield _LISTENING, listening


def _verified(source: Path) -> set[str]:
    """The names of the files of an archive, each compared with its checksum. Raises Problem if one differs."""
    remedy = "use another backup"
    checksums: dict[str, str] = {}
    expected = ""
    try:
        with gzip.open(source) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            for member in archive:
                file = archive.extractfile(member)
                if file is None:
                    continue
                if member.name == _CHECKSUMS:
                    expected = file.read().decode()
                    continue
                checksum = hashlib.sha256()
                while content := file.read(_BLOCK):
                    checksum.update(content)
                checksums[member.name] = checksum.hexdigest()
            while stream.read(_BLOCK):  # to the end, where gzip has its own checksum
                pass
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
            raise
        raise Problem(f"{source} is not a complete backup: {error}; {remedy}.") from error
    if not expected:
        raise Problem(f"{source} is not a complete backup: it has no {_CHECKSUMS}; {remedy}.")
    named = {line.split("  ", 1)[1]: line.split("  ", 1)[0] for line in expected.splitlines()}
    wrong = sorted(name for name in named.keys() | checksums.keys() if named.get(name) != checksums.get(name))
    if wrong:
        raise Problem(
            f"{source} is damaged: {len(wrong)} files differ from their checksum, such as {wrong[0]}; {remedy}."
        )
    return set(named)


def _require_empty(data_dir: Path, *, is_key_included: bool) -> None:
    """Raise Problem if the data folder holds files: a restore must not mix two histories."""
    if not data_dir.exists():
        return
    allowed = {_RESTORING, "dagster", *([] if is_key_included else [key_path(data_dir).name])}
    entries = [path for path in data_dir.iterdir() if path.name not in allowed]
    present = [path for entry in entries for path in (entry, *entry.rglob("*")) if not path.is_dir()]
    if present:
        raise Problem(
            f"{data_dir} is not empty: it holds {present[0].relative_to(data_dir)}; restore into an empty folder "
            "(TINGFENG_DATA)."
        )
