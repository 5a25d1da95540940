"""Tokens for Amazon MSK: a request to connect, signed with AWS credentials (AWS_MSK_IAM).

MSK takes them by OAUTHBEARER. The token is that of AWS's own signers
(https://github.com/aws/aws-msk-iam-sasl-signer-python), which a test compares; theirs would bring
boto3 along, and errors of anybody's.
"""

import asyncio
import base64
from typing import Any

from pg_tide import __version__
from pg_tide.aside import aside
from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.kafka.tokens import Token

LIFE = 900  # seconds, the most that MSK takes
FOUND_WITHIN = 3.5
SERVICE = "kafka-cluster"
HINT = (
    "Give the relay credentials as AWS's own tools find them: environment, files in ~/.aws, "
    "a role of the container or the machine."
)


class Signer:
    """Makes one token at a call, for brokers in one region, with credentials as they are then."""

    def __init__(self, region: str | None) -> None:
        self._region = region

    async def __call__(self) -> Token:
        """Sign a token.

        Raises FatalError `aws_extra_missing` without botocore; without credentials TransientError
        `aws_credentials_missing` or `aws_credentials_unavailable`, for where a machine's role is
        to give them, they may come.
        """
        try:
            async with asyncio.timeout(FOUND_WITHIN):
                return Token(await aside(("AWS", self._region), self._sign), LIFE)
        except TimeoutError as error:
            raise TransientError(
                f"no AWS credentials were found within {FOUND_WITHIN:g} seconds",
                reason="aws_credentials_unavailable",
                hint=HINT,
            ) from error

    def _sign(self) -> str:
        try:
            from botocore.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415
                BotoCoreError,
                ClientError,
            )
        except ImportError as error:
            raise FatalError(
                "sasl_mechanism: AWS_MSK_IAM needs botocore, which is not installed",
                reason="aws_extra_missing",
                hint="Install it where the relay runs: pip install 'pg-tide[aws]'",
            ) from error
        try:
            return signed(self._found(), self._region or "")
        except (BotoCoreError, ClientError) as error:
            raise unavailable(error) from error

    def _found(self) -> Any:
        import botocore.session  # type: ignore[import-untyped] # noqa: PLC0415

        credentials = botocore.session.Session().get_credentials()
        if credentials is None:
            raise TransientError(
                "no AWS credentials were found", reason="aws_credentials_missing", hint=HINT
            )
        return credentials.get_frozen_credentials()


def signed(credentials: Any, region: str) -> str:
    """The token of these credentials for brokers in a region, valid from now on."""
    from botocore.auth import SigV4QueryAuth  # type: ignore[import-untyped] # noqa: PLC0415
    from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped] # noqa: PLC0415

    request = AWSRequest(
        method="GET",
        url=f"https://kafka.{region}.amazonaws.com/",
        params={"Action": "kafka-cluster:Connect"},
    )
    SigV4QueryAuth(credentials, SERVICE, region, expires=LIFE).add_auth(request)
    url = f"{request.url}&User-Agent=pg-tide%2F{__version__}"  # not part of what is signed
    return base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def unavailable(error: Exception) -> PgTideError:
    """What botocore says when it found where credentials are, and could not get them."""
    return TransientError(
        f"the AWS credentials can not be had: {error}",
        reason="aws_credentials_unavailable",
        hint=HINT,
    )
