"""Backup and restore of what cannot be made again: everything else follows from it by 'tingfeng refresh'."""

import os
import tarfile
from pathlib import Path

from core.contracts.raw import RAW_ITEMS
from core.platforms import PLATFORMS
from core.problems import Problem
from core.storage.pseudonym_key import has_landed, key_path
from core.storage.raw import raw_files

KEPT = ("raw", "landings/raw", "labels", "models", "quarantine", "publications", "tombstones.jsonl")
_LISTENING = "listening.yaml"


def backup(data_dir: Path, listening: Path, target: Path, *, with_key: bool) -> int:
    """Write the archive (tar, gzip); returns the number of files. The key is included on request only."""
    if target.exists():
        raise Problem(f"{target} exists already; choose another name, or remove it.")
    names = (*KEPT, *([key_path(data_dir).name] if with_key else []))
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    draft.touch(mode=0o600)
    try:
        # Parquet files are compressed already: level 1 costs little and serves the text files.
        with tarfile.open(draft, "w:gz", compresslevel=1) as archive:
            for name in names:
                if (data_dir / name).exists():
                    archive.add(data_dir / name, name, filter=_without_drafts)
            if listening.exists():
                archive.add(listening, _LISTENING)
            count = sum(member.isfile() for member in archive.getmembers())
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    return count


def restore(data_dir: Path, listening: Path, source: Path) -> list[str]:
    """Unpack an archive into an empty data folder, and compare each file with its checksum.

    listening.yaml is put beside the data unless there is one already. Returns the names of files that are lost or
    damaged. Raises Problem if the folder holds raw data, or if the file is not a backup.
    """
    if has_landed(data_dir):
        raise Problem(f"{data_dir} holds raw data already; restore into an empty folder (TINGFENG_DATA).")
    try:
        with tarfile.open(source, "r:gz") as archive:
            members = [member for member in archive.getmembers() if member.name != _LISTENING]
            data_dir.mkdir(parents=True, exist_ok=True)
            archive.extractall(data_dir, members, filter="data")
            settings = archive.extractfile(_LISTENING) if _LISTENING in archive.getnames() else None
            if settings is not None and not listening.exists():
                listening.write_bytes(settings.read())
    except (tarfile.TarError, EOFError) as error:
        raise Problem(f"{source} is not a complete backup: {error}; use another one.") from error
    return [
        f"raw/{table}/platform={platform}/day={day}/{name}"
        for table in RAW_ITEMS
        for (platform, day), files in raw_files(data_dir, table, PLATFORMS, verify=True).items()
        for name in files.lost
    ]


def _without_drafts(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if member.name.endswith(".tmp") else member
