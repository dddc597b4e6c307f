"""``tingfeng person`` and ``tingfeng forget``: what is held of people, and its deletion."""

from typing import Annotated

import typer

from orchestration.cli.terminal import Quiet, progress_line

AuthorOption = Annotated[str | None, typer.Option("--author", help="The site's id (with --platform), or a pseudonym.")]
PlatformOption = Annotated[str | None, typer.Option("--platform", help="The platform of --author.")]
PostOption = Annotated[str | None, typer.Option("--post", help="PLATFORM:ID of a post.")]
UrlOption = Annotated[str | None, typer.Option("--url", help="The address of a landed post.")]
NoRefresh = Annotated[bool, typer.Option("--no-refresh", help="Leave building the marts again to 'tingfeng refresh'.")]


def register(app: typer.Typer) -> None:
    app.command()(person)
    app.command()(forget)


def person(
    author: AuthorOption = None, platform: PlatformOption = None, post: PostOption = None, url: UrlOption = None
) -> None:
    """Say what is held of a person or a post, without changing anything.

    Example: tingfeng person --platform weibo --author 1000000001
    """
    from core.environment import data_dir
    from orchestration.keeping.held import held, subject_of

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
    no_refresh: NoRefresh = False,
    quiet: Quiet = False,
) -> None:
    """Delete a person or a post from all data, and keep crawls and imports from bringing it back.

    Files are written again without the rows, and the marts are built again. Figures of past reports that change by it
    are marked in their ledgers. A deletion cannot be undone.

    Example: tingfeng forget --post weibo:5252110000000001
    """
    from core.environment import data_dir
    from core.listening import load_listening
    from core.problems import Problem
    from orchestration.cli.refresh import refreshed
    from orchestration.keeping.forget import forget as forget_subject
    from orchestration.keeping.held import subject_of

    subject = subject_of(data_dir(), author=author, post=post, url=url, platform=platform)
    for account in load_listening().accounts_of(subject.platform):
        if account.id in subject.words:
            raise Problem(
                f"{account.platform} {account.id} is listed under accounts in listening.yaml; remove it there first."
            )
    forget_subject(data_dir(), subject, progress_line(quiet))
    typer.echo("Deleted. No crawl or import lands it again.")
    if not no_refresh and any((data_dir() / "raw/posts").glob("*/*/*.parquet")):
        refreshed(None, None, quiet)
