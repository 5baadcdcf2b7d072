"""Commands that care for the store: its revision, its keys, backups. Part of the command line; decides nothing."""

from pathlib import Path
from typing import Annotated, Any

import typer

from satukanal import __version__
from satukanal.options import (
    ActorOption,
    HomeOption,
    JsonOption,
    KeyOption,
    StoreOption,
    WaitOption,
    err,
    out,
    print_json,
)
from satukanal.settings import Settings, read_settings, use
from satukanal.store import WrongKey, auditors, backup, database, read_or_make, recovery, rotation, run_lock
from satukanal.store.keys import check_file, read_secrets, write_private
from schemas.channel_file import read_channels

db_app = typer.Typer(no_args_is_help=True, help="The revision of the store, and who may read it.")
keys_app = typer.Typer(no_args_is_help=True, help="The key that seals personal values.")


def _existing(settings: Settings) -> str:
    """The revision of the store. Raises ``NotReady`` where there is none."""
    from flows.site import NotReady

    if not database.exists(settings.store_url):
        raise NotReady(f"there is no store under {settings.home_dir}; run 'satukanal demo' or 'satukanal run' first")
    return str(database.revision(settings.store_url))


def _tell(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
    else:
        for name, value in told.items():
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            out.print(f"{name.replace('_', ' '):<16} {'–' if shown in (None, '') else shown}", soft_wrap=True)


@db_app.command("current")
def db_current(home: HomeOption = None, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """The revision of the store here, and the one that this program needs.

    Example: `satukanal db current --json`
    """
    use(home=home, store=store)
    here, needed = _existing(read_settings()), database.newest_revision()
    _tell({"revision": here, "program": needed, "up_to_date": here == needed}, as_json=as_json)


@db_app.command("upgrade")
def db_upgrade(home: HomeOption = None, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Bring the store to the revision of this program, whole or not at all. Make a backup first.

    Example: `satukanal db upgrade`
    """
    use(home=home, store=store)
    settings = read_settings()
    _existing(settings)
    before, after = database.upgrade_store(settings.store_url)
    _tell({"before": before, "after": after}, as_json=as_json)


@db_app.command("auditor")
def db_auditor(
    role: Annotated[str, typer.Option("--grant", help="The role of the database that may read the views.")],
    apply_: Annotated[bool, typer.Option("--apply", help="Grant it now, instead of printing the statements.")] = False,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Let a role of PostgreSQL read the auditors' views and nothing else.

    Example: `satukanal db auditor --grant bpk --apply`
    """
    from flows.site import open_existing

    use(home=home, store=store)
    with open_existing() as site:
        if apply_:
            auditors.grant(site.store, role)
            err.print(f"{role} may read the auditors' views", markup=False)
        else:
            for statement in auditors.statements(site.store, role):
                out.print(f"{statement};", markup=False, soft_wrap=True)


@keys_app.command("check")
def keys_check(
    home: HomeOption = None, store: StoreOption = None, key_file: KeyOption = None, as_json: JsonOption = False
) -> None:
    """Whether the key file is well kept and is the one of this store.

    Example: `satukanal keys check`
    """
    from flows.site import open_existing

    use(home=home, store=store, key_file=key_file)
    with open_existing() as site:  # a key that is not of this store does not get past here
        path, waiting = site.settings.key_path, sum(rotation.stale(site.store).values())
    problems = check_file(path)
    if waiting:
        problems.append(f"{waiting} values are sealed by an older secret; call 'satukanal keys rotate' to go on")
    secrets = [f"v{number}" for number in sorted(read_secrets(path), reverse=True)]
    _tell({"key_file": str(path), "secrets": secrets, "opens_store": True, "problems": problems}, as_json=as_json)
    raise typer.Exit(2 if problems else 0)


@keys_app.command("rotate")
def keys_rotate(
    home: HomeOption = None,
    store: StoreOption = None,
    key_file: KeyOption = None,
    actor: ActorOption = None,
    wait: WaitOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new sealing secret and seal every personal value with it; cut off, call it again and it goes on.

    Example: `satukanal keys rotate`
    """
    from flows.site import open_existing

    use(home=home, store=store, key_file=key_file, actor=actor, wait=wait)
    with (
        open_existing() as site,
        run_lock(site.store, site.settings.who, site.settings.wait),
        err.status("sealing …") as status,
    ):
        done = rotation.rotate(
            site.store,
            site.settings.key_path,
            site.settings.who,
            lambda sealed, total: status.update(f"sealing … {sealed} of {total}"),
        )
    told = {"before": f"v{done.before}", "after": f"v{done.after}", "resealed": done.resealed}
    _tell(told | {"old_key": str(done.old_key) if done.old_key else None}, as_json=as_json)
    err.print("Copies of the key file elsewhere are out of date: renew them.", style="yellow")


@keys_app.command("recovery")
def keys_recovery(
    public_key: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="RSA or X25519 public key, PEM.")],
    to: Annotated[Path, typer.Option("--out", help="File to write.")],
    key_file: KeyOption = None,
) -> None:
    """Wrap the key file for a public key: a copy that only the holder of the private key can open.

    Example: `satukanal keys recovery --public-key diskominfo.pem --out satukanal-key.recovery`
    """
    use(key_file=key_file)
    path = read_settings().key_path
    read_or_make(path, may_make=False)
    _write(to, recovery.wrap(path.read_text(encoding="ascii"), public_key.read_bytes()).decode("ascii"))


@keys_app.command("unwrap")
def keys_unwrap(
    copy: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What 'keys recovery' wrote.")],
    private_key: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The private key, PEM.")],
    to: Annotated[Path, typer.Option("--out", help="Key file to write.")],
    ask: Annotated[bool, typer.Option("--ask-password", help="Ask for the password of the private key.")] = False,
) -> None:
    """Bring a key file back from its recovery copy.

    Example: `satukanal keys unwrap satukanal-key.recovery --private-key private.pem --out key`
    """
    password = typer.prompt("Password of the private key", hide_input=True, err=True).encode() if ask else None
    _write(to, recovery.unwrap(copy.read_bytes(), private_key.read_bytes(), password))
    read_secrets(to)


def _write(path: Path, text: str) -> None:
    try:
        write_private(path, text)
    except OSError as error:
        raise WrongKey(f"{path}: cannot be written ({error.strerror}); name a new file in a folder of yours") from error
    err.print(f"written: {path}", markup=False, soft_wrap=True)


def backup_command(
    to: Annotated[Path, typer.Option("--out", help="File to write; a new one, as in satukanal-20250101.tar.gz.")],
    home: HomeOption = None,
    store: StoreOption = None,
    key_file: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write store and archive into one file that can be checked and restored. The key is not in it.

    Example: `satukanal backup --out /backup/satukanal.tar.gz`
    """
    from flows.site import open_existing

    use(home=home, store=store, key_file=key_file)
    with open_existing() as site, err.status("writing …"):
        channels = {name: file.sha256 for name, file in site.channels().items()}
        archive = site.settings.home_dir / "archive"
        done = backup.write_backup(site.store, archive, channels, __version__, to.expanduser().resolve())
    told = _manifest_told(done) | {"file": str(to), "bytes": to.expanduser().stat().st_size}
    _tell(told | {"missing": done.missing}, as_json=as_json)
    for load_id in done.missing:
        err.print(f"the archive of {load_id} is not there any more", style="yellow", markup=False)
    raise typer.Exit(4 if done.missing else 0)


def restore_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What 'satukanal backup' wrote.")],
    home: HomeOption = None,
    store: StoreOption = None,
    key_file: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a backup back into an empty home and database, whole or not at all.

    Example: `satukanal restore satukanal.tar.gz --home /srv/satukanal`
    """
    from flows.erase import complete
    from flows.site import open_site

    use(home=home, store=store, key_file=key_file)
    settings = read_settings()
    keys, _ = read_or_make(settings.key_path, may_make=False)
    with err.status("restoring …"):
        done = backup.restore(file, settings.store_url, settings.home_dir / "archive", keys)
    with open_site() as site, run_lock(site.store, site.settings.who, site.settings.wait):
        complete(site)  # what was erased after the backup was made must not come back with it
    here = {name: found.sha256 for name, found in read_channels(settings.channels).items()}
    changed = sorted(name for name, digest in done.channels.items() if here.get(name) != digest)
    _tell(_manifest_told(done) | {"channel_files_changed": changed}, as_json=as_json)
    if changed:
        err.print(f"these channel files are not those of the backup: {', '.join(changed)}", style="yellow")


def _manifest_told(manifest: backup.Manifest) -> dict[str, Any]:
    return {
        "made_at": manifest.made_at,
        "digest": manifest.digest,
        "ledger_entries": manifest.ledger_entries,
        "ledger_head": manifest.ledger_head,
        "submissions": manifest.rows["submission"],
        "objects": sum(name.startswith("archive/") for name in manifest.files),
    }
