"""Commands that forget a person, and that forbid to. Part of the command line; decides nothing."""

import sys
from typing import Annotated

import typer

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
from satukanal.settings import use
from satukanal.store import holds, run_lock
from satukanal.store.erasure import Found

hold_app = typer.Typer(no_args_is_help=True, help="Complaints that must not be erased (legal hold).")
ReporterOption = Annotated[
    list[str],
    typer.Option(
        "--reporter", help="NIK, phone, e-mail, account:NAME or tracking id; '-' reads them from standard input."
    ),
]


def erase_command(
    reporter: ReporterOption,
    keep: Annotated[
        list[str] | None, typer.Option("--keep", help="Tracking id of a complaint that is somebody else's.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Erase now; without it only what would be erased is shown.")
    ] = False,
    home: HomeOption = None,
    store: StoreOption = None,
    key_file: KeyOption = None,
    actor: ActorOption = None,
    wait: WaitOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget one person everywhere: store, archive, quarantine, matching. First shows what; erases with --yes.

    That there was a complaint stays: its number, times, codes and answers' times, so that every count still holds. What
    the old system still shows is not loaded again. Whoever shares the number or address is shown too: leave a complaint
    out with --keep. Give numbers on standard input to keep them out of the shell's history.

    Example: `echo 081200000000 | satukanal erase --reporter - --yes`
    """
    from flows import erase as flow
    from flows.site import open_existing
    from flows.stages import take_over

    use(home=home, store=store, key_file=key_file, actor=actor, wait=wait)
    given = [
        line for one in reporter for line in (sys.stdin.read().split("\n") if one == "-" else [one]) if line.strip()
    ]
    with open_existing() as site, run_lock(site.store, site.settings.who, site.settings.wait):
        take_over(site)  # what a killed run has left would be out of reach
        found = flow.find(site, given, keep or [])
        told = {"erased": False, **_told(found)}
        if yes and not found.held:
            with err.status("erasing …") as status:
                done = flow.erase(site, found, lambda n, total: status.update(f"erasing … archive {n} of {total}"))
            told |= {"erased": True} | done
    if as_json:
        print_json(told)
    else:
        _show(found, told)
    raise typer.Exit(4 if yes and found.held else 0)


def _told(found: Found) -> dict[str, object]:
    return {
        "complaints": [
            {"tracking_id": one.tracking_id, "channel": one.channel, "held": list(found.held.get(one.tracking_id, ()))}
            for one in found.submissions
        ],
        "quarantined": len(found.notes.get("quarantine", ())),
        "excluded": len(found.notes.get("exclusion", ())),
    }


def _show(found: Found, told: dict[str, object]) -> None:
    for one in found.submissions:
        held = found.held.get(one.tracking_id)
        out.print(f"{one.tracking_id}  {one.channel}{'  HELD' if held else ''}", markup=False)
    notes = f"{told['quarantined']} records in quarantine, {told['excluded']} excluded"
    out.print(f"{len(found.submissions)} complaints, {notes}")
    if told["erased"]:
        out.print(f"erased ({told['erasure']}): {told['objects']} objects of {told['archives']} archives written anew")
    elif found.held:
        err.print("Nothing was erased: a complaint is under legal hold; 'satukanal hold list' says why.", style="red")
    else:
        err.print("Nothing was erased yet. Is all of this theirs? Then call again with --yes.", style="yellow")


@hold_app.command("place")
def hold_place(
    tracking_id: Annotated[str, typer.Argument(help="As in SK-XXXX-XXXX-XXXX-C.")],
    reason: Annotated[str, typer.Option(help="Why, as in a case number; seen by whoever wants to erase.")],
    home: HomeOption = None,
    store: StoreOption = None,
    actor: ActorOption = None,
) -> None:
    """Forbid to erase a complaint.

    Example: `satukanal hold place SK-9X3C-AVM9-QRMM-5 --reason "Ombudsman 12/2026"`
    """
    from flows.site import open_existing

    use(home=home, store=store, actor=actor)
    with open_existing() as site:
        holds.place(site.store, tracking_id, reason, site.settings.who)
    err.print(f"{tracking_id} is held", markup=False)


@hold_app.command("release")
def hold_release(
    tracking_id: Annotated[str, typer.Argument(help="As in SK-XXXX-XXXX-XXXX-C.")],
    home: HomeOption = None,
    store: StoreOption = None,
    actor: ActorOption = None,
) -> None:
    """End every hold of a complaint.

    Example: `satukanal hold release SK-9X3C-AVM9-QRMM-5`
    """
    from flows.site import open_existing

    use(home=home, store=store, actor=actor)
    with open_existing() as site:
        ended = holds.release(site.store, tracking_id, site.settings.who)
    err.print(f"{tracking_id} is no longer held ({ended} ended)", markup=False)


@hold_app.command("list")
def hold_list(home: HomeOption = None, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """The holds that stand, with their reasons.

    Example: `satukanal hold list --json`
    """
    from flows.site import open_existing

    use(home=home, store=store)
    with open_existing() as site:
        found = holds.standing(site.store)
    if as_json:
        print_json(found)
        return
    for one in found:
        out.print(f"{one['tracking_id']}  since {one['since']:%Y-%m-%d}  {one['actor']}: {one['reason']}", markup=False)
    out.print(f"{len(found)} held")
