"""Options of a pipeline: who it is to its brokers, and how the connection is protected."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pg_tide.config.option import Format, Secret, Section


class Security(Section):
    """Login and encryption. Every option here may be a reference."""

    title: ClassVar[str] = "Security"
    references: ClassVar[bool] = True

    sasl_mechanism: (
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "AWS_MSK_IAM"] | None
    ) = Field(None, description="how to log in; unset: without a login")
    sasl_username: str | None = Field(
        None, min_length=1, max_length=1000, description="the user of PLAIN and SCRAM"
    )
    sasl_password: Annotated[str | None, Secret()] = Field(
        None,
        min_length=1,
        max_length=10_000,
        repr=False,
        description="the password of PLAIN and SCRAM",
    )
    oauth_token_url: Annotated[str | None, Format("url")] = Field(
        None,
        description="where OAUTHBEARER gets its tokens, with client credentials",
    )
    oauth_client_id: str | None = Field(
        None, min_length=1, max_length=1000, description="the client that asks for tokens"
    )
    oauth_client_secret: Annotated[str | None, Secret()] = Field(
        None, min_length=1, max_length=10_000, repr=False, description="that client's secret"
    )
    oauth_scope: str | None = Field(
        None, min_length=1, max_length=1000, description="the scope to ask for; unset: none"
    )
    aws_region: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="the region of AWS_MSK_IAM; credentials are found as AWS's own tools find them",
    )
    tls_enabled: bool = Field(False, description="encrypt, and know the brokers by certificate")
    tls_ca_cert: Annotated[str | None, Format("path")] = Field(
        None,
        description="file with the PEM certificates to trust; unset: those of the system",
    )
    tls_client_cert: Annotated[str | None, Format("path")] = Field(
        None, description="file with the PEM certificate to show to brokers (mTLS)"
    )
    tls_client_key: Annotated[str | None, Format("path")] = Field(
        None, description="file with its PEM key"
    )
    tls_client_key_password: Annotated[str | None, Secret()] = Field(
        None,
        min_length=1,
        max_length=10_000,
        repr=False,
        description="the password of an encrypted key",
    )
    tls_verify: bool = Field(
        True,
        description="false takes any certificate of anybody: whoever is in between reads all",
    )
