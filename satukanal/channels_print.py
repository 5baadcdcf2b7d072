"""What the data engineer's commands print for people. What came from a source never steers the terminal."""

from typing import Any

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from satukanal.options import out

_NAME, _TYPE, _EXAMPLE = 26, 16, 34  # columns of the terminal
_BAR, _EDGES = 13, 10  # what stands beside them


def print_source(name: str, told: dict[str, Any]) -> None:
    """What ``inspect`` found: a panel for each table, then what is odd."""
    out.print(Text.assemble((clean(name), "bold"), f"  {told['format']}, {told['encoding'] or 'no encoding'}"))
    for line in _of_the_web(told.get("web", {})):
        out.print(Text(clean(line), style="dim"), soft_wrap=True)
    for table in told["tables"]:
        out.print(_table_panel(table))
    for problem in told["problems"]:
        out.print(Text(f"! {clean(problem)}", style="yellow"), soft_wrap=True)


def _of_the_web(web: dict[str, Any]) -> list[str]:
    """Where a web system is entered, and where its lists lie."""
    lines = []
    if login := web.get("login"):
        lines.append(f"login at {login['path']}: form {login['form']}, inputs {', '.join(login['fields'])}")
    for name, table in web.get("tables", {}).items():
        if listing := table.get("listing"):
            detail = f"; details at {table['detail_path']}" if table.get("detail_path") else ""
            lines.append(f"{name}: list at {listing['path']}, rows {listing['row']}{detail}")
        else:
            paging = ", ".join(f"{key} {value}" for key, value in table.get("paging", {}).items()) or "one page"
            records = table.get("records") or "the whole answer"
            lines.append(f"{name}: list at {table['path']}, records {records}; {paging}")
    return lines


def _table_panel(table: dict[str, Any]) -> Panel:
    columns = table["columns"]
    grid = Table(box=None, pad_edge=False, expand=False, header_style="dim")
    for name in ("column", "type", "filled", "examples"):
        grid.add_column(name, no_wrap=True)
    names = [_cut(clean(column["name"]), _NAME) for column in columns]
    types = [_cut(clean(column["type"]), _TYPE) for column in columns]
    room = out.width - max(map(len, (*names, "column"))) - max(map(len, (*types, "type"))) - _BAR - _EDGES
    for column, name, kind in zip(columns, names, types, strict=True):
        share = 1 - column["nulls"] / table["rows"] if table["rows"] else 0.0
        examples = _cut(" · ".join(_cut(clean(example), _EXAMPLE) for example in column["examples"]), room)
        grid.add_row(Text(name, style="cyan"), Text(kind, style="dim"), _bar(share), Text(examples))
    title = Text.assemble((clean(table["name"]), "bold"), f"  {table['rows']:,} rows")
    body = grid if columns else Group(Text("no columns", style="dim"))
    return Panel(body, title=title, title_align="left", border_style="dim")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: max(1, most - 1)]}…"


def _bar(share: float) -> Text:
    full = round(share * 8)
    style = "green" if share > 0.9 else "yellow" if share > 0.3 else "red"
    return Text.assemble(("█" * full, style), ("░" * (8 - full), "dim"), f" {share:>4.0%}")


def clean(text: str) -> str:
    """``text`` in one line, without signs that steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def print_trial(told: dict[str, Any]) -> None:
    """What ``check`` found, the faults that stop a load last."""
    rows = ", ".join(f"{clean(name)} {count:,}" for name, count in told["sample"]["rows"].items())
    out.print(
        Text.assemble(
            (told["channel"], "bold"),
            f"  {told['reader']}: {rows} rows",
            "" if told["sample"]["whole"] else " (a sample)",
        )
    )
    counts = Table(box=None, pad_edge=False, show_header=False)
    counts.add_row("accepted", f"{told['accepted']:,}")
    for kind in ("quarantined", "excluded"):
        for why, count in told[kind].items():
            counts.add_row(f"{kind}: {why}", f"{count:,}")
    counts.add_row("answers", f"{told['answers']:,}")
    out.print(counts)
    for field, labels in told["unknown_codes"].items():
        table = Table(title=f"unknown {field}", title_justify="left", box=None, pad_edge=False)
        for name in ("label", "rows", "perhaps"):
            table.add_column(name, justify="right" if name == "rows" else "left")
        for row in labels[:20]:
            table.add_row(Text(clean(row["label"])), f"{row['count']:,}", Text(row["suggestion"] or "–"))
        out.print(table)
    for date in told["dates"]:
        would = f"; {', '.join(date['formats'])} would" if date["formats"] else ""
        said = f"{date['field']}: {date['failed']:,} dates of {', '.join(date['columns'])} fit no format"
        said += f", as {date['example']}{would}"
        out.print(Text(f"! {clean(said)}", style="yellow"), soft_wrap=True)
    empty = ", ".join(f"{name} {share:.0%}" for name, share in told["null_rates"].items() if share >= 0.5)
    if empty:
        out.print(Text(f"mostly empty: {empty}"), soft_wrap=True)
    drift = [f"{text}: neither mapped nor ignored" for text in told["neither_mapped_nor_ignored"]]
    for line in (*drift, *told["warnings"], *told["problems"]):
        out.print(Text(f"! {clean(line)}", style="yellow"), soft_wrap=True)
    for line in told["stops"]:
        out.print(Text(f"stops a load: {clean(line)}", style="red"), soft_wrap=True)
    if not told["stops"]:
        out.print("a load would go through")


def print_channel(told: dict[str, Any]) -> None:
    """A channel as understood."""
    made = told["channel"]
    out.print(
        Text.assemble(
            (made["id"], "bold"),
            f"  {made['title']}, {made['government']}, region {made['region']}, {made['time_zone']}, ",
            "live" if made["live"] else "not live",
        )
    )
    for source_name, source in made["sources"].items():
        where = source.get("path") or source.get("url", "")
        out.print(Text(f"source {source_name}: {source['reader']} {where}"), soft_wrap=True)
        for stream, mapping in source["streams"].items():
            out.print(_mapping_panel(stream, mapping))
    for name, codes in made.get("codes", {}).items():
        out.print(
            Text(
                f"{name}: " + ", ".join(f"{k} → {v if isinstance(v, str) else v['status']}" for k, v in codes.items())
            ),
            soft_wrap=True,
        )
    for one in told["secrets"]:
        out.print(
            Text(f"secret {one['name']}: {'set' if one['set'] else 'NOT SET'}", style="" if one["set"] else "red")
        )


def _mapping_panel(stream: str, mapping: dict[str, Any]) -> Panel:
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("field", "from", "how"):
        grid.add_column(name)
    for field, origin in mapping["columns"].items():
        grid.add_row(Text(field, style="cyan"), *_origin(origin))
    for event in mapping.get("events", ()):
        grid.add_row(
            Text(f"{event.get('kind', 'answer')}s", style="magenta"),
            Text(event["table"]),
            Text(f"by {', '.join(event['complaint'])}"),
        )
    if mapping.get("ignore"):
        grid.add_row(Text("ignored", style="dim"), Text(", ".join(mapping["ignore"]), style="dim"))
    for rule in mapping.get("exclude", ()):
        grid.add_row(Text("excluded", style="dim"), Text(rule["rule"]), Text(f"by {rule['when']['column']}"))
    key = ", ".join(mapping.get("key", ())) or "content"
    return Panel(grid, title=f"{stream}: {mapping['table']}, key {key}", title_align="left", border_style="dim")


def _origin(origin: str | dict[str, Any]) -> tuple[Text, Text]:
    if isinstance(origin, str):
        return Text(origin), Text("")
    columns = origin.get("column") or " + ".join(origin.get("join", ())) or f"always {origin.get('value')!r}"
    how = [", ".join(origin["formats"])] if origin.get("formats") else []
    how += [origin["time_zone"]] if origin.get("time_zone") else []
    return Text(columns), Text("; ".join(how), style="dim")
