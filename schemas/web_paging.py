"""How an API hands out a long list in pieces."""

from collections.abc import Mapping as AnyMapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Discriminator, Field, Tag, model_validator

from schemas.channel_types import Fault
from schemas.mapping import Strict


class Sized(Strict):
    """What every paging has. Paths are dotted; names are those of parameters."""

    size: str | None = None  # the parameter that says how many records a page has
    per_page: int = Field(default=100, gt=0)
    total: str | None = None  # path of the number of all records, by which a list that changes is noticed


class Paging(Sized):
    """Page numbers: up to the one that the answer names, or until a page is empty or shorter than those before."""

    kind: Literal["pages"] = "pages"
    page: str = "page"
    first: int = Field(default=1, ge=0)
    last: str | None = None


class Offsets(Sized):
    """How many records to leave out: up to the total, or until a page is empty or shorter than those before."""

    kind: Literal["offset"]
    offset: str = "offset"
    size: str | None = "limit"


class Cursors(Sized):
    """Each answer holds what to ask the next page with; the last one holds nothing, or what was asked."""

    kind: Literal["cursor"]
    cursor: str = "cursor"
    next: str


class Links(Sized):
    """Each answer holds the address of the next page, in itself or in the HTTP header Link."""

    kind: Literal["link"]
    next: str | None = None
    header: bool = False

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.next is None) != self.header:
            raise ValueError("give next, the path of the address in the answer, or header: true; not both")
        return self


class Laravel(Sized):
    """``paginate()``, ``simplePaginate()`` and ``cursorPaginate()`` of Laravel, bare or as API resources."""

    kind: Literal["laravel"]
    page: str = "page"
    size: str | None = "per_page"


class DataTables(Sized):
    """The server side of DataTables; rows that are lists of cells are named by ``columns`` of the table."""

    kind: Literal["datatables"]
    order: str | None = None  # one of the table's columns: a stable order
    per_page: int = Field(default=500, gt=0)


AnyPaging = Paging | Offsets | Cursors | Links | Laravel | DataTables
_KINDS = ("pages", "offset", "cursor", "link", "laravel", "datatables")


def _kind(value: Any) -> str:
    written = value.get("kind", "pages") if isinstance(value, AnyMapping) else getattr(value, "kind", "pages")
    if written not in _KINDS and not isinstance(value, BaseModel):
        raise Fault(f"write one of {', '.join(_KINDS)}", "kind")
    return str(written)


HowPaged = Annotated[
    Annotated[Paging, Tag("pages")]
    | Annotated[Offsets, Tag("offset")]
    | Annotated[Cursors, Tag("cursor")]
    | Annotated[Links, Tag("link")]
    | Annotated[Laravel, Tag("laravel")]
    | Annotated[DataTables, Tag("datatables")],
    Discriminator(_kind),
]
