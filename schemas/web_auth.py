"""How an API wants to be shown who asks. Values of secrets are never here, only their names."""

from collections.abc import Mapping as AnyMapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Discriminator, Field, Tag, field_validator, model_validator

from schemas.channel_types import Fault, SecretName
from schemas.mapping import Strict


class BearerAuth(Strict):
    """A bearer token, by the name of its secret."""

    bearer: SecretName

    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that are needed."""
        return (self.bearer,)


class UserPassword(Strict):
    """A user and a password."""

    user: SecretName
    password: SecretName


class BasicAuth(Strict):
    """User and password with each request."""

    basic: UserPassword

    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that are needed."""
        return self.basic.user, self.basic.password


class ApiKeyAuth(Strict):
    """A key in a header, or in the query of each address; there it is taken out of all that is kept."""

    api_key: SecretName
    header: str | None = None
    query: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.header is None) == (self.query is None):
            raise ValueError("give one of header and query, as in header: X-API-Key")
        return self

    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that are needed."""
        return (self.api_key,)


class ClientCredentials(Strict):
    """Where a program of its own account gets a token that lasts a while."""

    token: str  # a path below the source's url, or the whole address of another host
    client_id: SecretName
    client_secret: SecretName
    scope: str | None = None
    client_in: Literal["form", "basic"] = "form"  # where the token endpoint looks for the two secrets
    at: str = "access_token"  # dotted path in its answer

    @field_validator("token")
    @classmethod
    def _has_no_query(cls, token: str) -> str:
        if any(sign in token for sign in "?#@"):
            raise Fault("write a path, or a whole address without ?, # and @; what is secret belongs in secrets")
        return token


class OAuthAuth(Strict):
    """OAuth 2 client credentials. The token is renewed when it ends."""

    oauth2: ClientCredentials

    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that are needed."""
        return self.oauth2.client_id, self.oauth2.client_secret


class LoginCall(Strict):
    """A call that answers a token. It is the one request with which the reader enters the system."""

    path: str
    fields: dict[str, SecretName] = Field(min_length=1)  # field: name of a secret
    plain: dict[str, str] = {}  # fields that are no secret, as in device_name: satukanal
    send: Literal["form", "json"] = "json"
    token: str  # dotted path in the answer
    header: str = "Authorization"
    prefix: str = "Bearer "  # before the token in the header


class LoginAuth(Strict):
    """User and password once, for a token that each request carries."""

    login: LoginCall

    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that are needed."""
        return tuple(self.login.fields.values())


_KINDS = ("bearer", "basic", "api_key", "oauth2", "login")


def _kind(value: Any) -> str:
    """The kind of auth that was written, by the key that only it has."""
    keys = value if isinstance(value, AnyMapping) else type(value).model_fields if isinstance(value, BaseModel) else ()
    return next((kind for kind in _KINDS if kind in keys), _KINDS[0])


Auth = Annotated[
    Annotated[BearerAuth, Tag("bearer")]
    | Annotated[BasicAuth, Tag("basic")]
    | Annotated[ApiKeyAuth, Tag("api_key")]
    | Annotated[OAuthAuth, Tag("oauth2")]
    | Annotated[LoginAuth, Tag("login")],
    Discriminator(_kind),
]
