"""``tingfeng person``, ``forget``, ``rotate-key``, ``backup`` and ``restore``: what is kept, deleted and saved."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.terminal import Quiet, progress_line

AuthorOption = Annotated[str | None, typer.Option("--author", help="The site's id (with --platform), or a pseudonym.")]
PlatformOption = Annotated[str | None, typer.Option("--platform", help="The platform of --author.")]
PostOption = Annotated[str | None, typer.Option("--post", help="PLATFORM:ID of a post.")]
UrlOption = Annotated[str | None, typer.Option("--url", help="The address of a landed post.")]
NoRefresh = Annotated[bool, typer.Option("--no-refresh", help="Leave building the marts again to 'tingfeng refresh'.")]

Expired = Annotated[bool, typer.Option("--expired", help="Delete what is older than retention in listening.yaml.")]
WithoutKey = Annotated[bool, typer.Option("--without-key", help="Leave the key of the pseudonyms out.")]


def register(app: typer.Typer) -> None:
    app.command()(person)
    app.command()(forget)
    app.command()(rotate_key)
    app.command()(backup)
    app.command()(restore)


def person(
    author: AuthorOption = None, platform: PlatformOption = None, post: PostOption = None, url: UrlOption = None
) -> None:
    """Say what is held of a person or a post, without changing anything.

    Example: tingfeng person --platform weibo --author 1000000001
    """
    from core.environment import data_dir
    from orchestration.keeping.held import held
    from orchestration.keeping.subject import subject_of

    places = held(data_dir(), subject_of(data_dir(), author=author, post=post, url=url, platform=platform))
    for place in places:
        when = f", {place.day}" if place.day else ""
        files = ", ".join(str(path.relative_to(data_dir())) for path in place.files)
        typer.echo(f"{place.place}{when}: {place.rows:,} rows in {files}")
    typer.echo(f"{len(places)} places hold something." if places else "Nothing is held.")


def forget(
    author: AuthorOption = None,
    platform: PlatformOption = None,
    post: PostOption = None,
    url: UrlOption = None,
    expired: Expired = False,
    no_refresh: NoRefresh = False,
    quiet: Quiet = False,
) -> None:
    """Delete a person or a post from all data, and keep crawls and imports from bringing it back.

    Files are written again without the rows, and the marts are built again. Figures of past reports that change by it
    are marked in their ledgers. A deletion cannot be undone. With --expired, what is older than retention in
    listening.yaml is deleted instead; 'tingfeng refresh' then takes its days out of the marts.

    Example: tingfeng forget --post weibo:5252110000000001
    """
    from core.environment import data_dir
    from core.listening import load_listening
    from core.problems import Problem
    from orchestration.cli.refresh import refreshed
    from orchestration.keeping.forget import forget as forget_subject
    from orchestration.keeping.retention import expire
    from orchestration.keeping.subject import subject_of

    if expired:
        listening = load_listening()
        expired_files = expire(data_dir(), listening.retention, listening.inbox.keep_days, progress_line(quiet))
        for layer, count in expired_files.items():
            typer.echo(f"{layer}: {count} files have expired and were deleted.")
        return
    log = progress_line(quiet)
    subject = subject_of(data_dir(), author=author, post=post, url=url, platform=platform, log=log)
    for account in load_listening().accounts_of(subject.platform):
        if account.id in subject.site_ids:
            raise Problem(
                f"{account.platform} {account.id} is listed under accounts in listening.yaml; remove it there first."
            )
    forget_subject(data_dir(), subject, log)
    typer.echo("Deleted. No crawl or import lands it again.")
    if not no_refresh and any((data_dir() / "raw/posts").glob("*/*/*.parquet")):
        refreshed(None, None, quiet)


def rotate_key(quiet: Quiet = False) -> None:
    """Add a new key of the pseudonyms, and hash all pseudonyms that have landed with it.

    The previous keys are kept beside it, so that an author who is landed again has the same pseudonym. Run 'tingfeng
    refresh' afterwards to build the marts again.

    Example: tingfeng rotate-key
    """
    import os

    from core.environment import data_dir
    from core.problems import Problem
    from core.storage.pseudonym_key import KEY_VARIABLE
    from orchestration.keeping.rotate import rotate
    from orchestration.lib.heartbeats import live_runs

    if runs := live_runs():
        raise Problem(f"Run {runs[0]} is under way, and lands data with the present key; wait until it ends.")
    rotate(data_dir(), progress_line(quiet), from_environment=KEY_VARIABLE in os.environ)
    typer.echo("All pseudonyms are those of the new key. Back up the key, then run 'tingfeng refresh'.")


def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write (tar.gz).")],
    without_key: WithoutKey = False,
    quiet: Quiet = False,
) -> None:
    """Back up what cannot be made again: raw data, labels, models, quarantine, publications, reports, listening.yaml.

    With the key of the pseudonyms in it the archive is as secret as the key: with --without-key, keep that apart. A key
    from TINGFENG_PSEUDONYM_KEY is never in the archive.

    Example: tingfeng backup tingfeng.tar.gz
    """
    from core.environment import data_dir
    from core.listening import listening_path
    from core.storage.pseudonym_key import key_path
    from orchestration.keeping.backup import backup as write_backup

    count = write_backup(data_dir(), listening_path(), file, progress_line(quiet), with_key=not without_key)
    has_key = not without_key and key_path(data_dir()).exists()
    typer.echo(f"{file}: {count:,} files.{'' if has_key else ' The key of the pseudonyms is not among them.'}")


def restore(file: Annotated[Path, typer.Argument(help="An archive of 'tingfeng backup'.")]) -> None:
    """Restore a backup into an empty data folder; 'tingfeng refresh' then makes the rest.

    The archive is compared with its checksums before anything is written.

    Example: tingfeng restore tingfeng.tar.gz
    """
    from core.environment import data_dir
    from core.listening import listening_path
    from orchestration.keeping.backup import restore as read_backup

    lost = read_backup(data_dir(), listening_path(), file)
    if lost:
        typer.echo(
            f"{len(lost)} raw files had been lost or damaged before the backup was made, such as {lost[0]}: their days "
            "are incomplete ('tingfeng doctor' lists them)."
        )
    typer.echo(f"Restored to {data_dir()}. Run 'tingfeng refresh' to make the marts.")
