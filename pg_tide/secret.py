"""Secrets as the database holds them: encrypted with AES-256-GCM by keys that it never sees.

Door to cryptography. The name is authenticated with the value, so that a ciphertext is good for
its own name alone. No error shows a value or a key.
"""

import base64
import binascii
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from pg_tide import small_file
from pg_tide.errors import FatalError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12  # random: one key may encrypt 2**32 values (NIST SP 800-38D, 8.3)
HOW_TO_GIVE = "Give it with --secret-key-file or PG_TIDE_SECRET_KEY"


@dataclass(frozen=True, slots=True)
class Encrypted:
    """A secret as the database holds it; `ciphertext` begins with its nonce."""

    name: str
    key_id: str
    ciphertext: bytes


class Keys:
    """The keys of a process: the first encrypts, all decrypt."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {key_id(key): key for key in keys}

    @classmethod
    def read(cls, text: str) -> Self:
        """Read keys, each of 32 bytes in base64, on lines of their own or with commas between.

        A line that begins with # is a remark. ValueError says which key cannot be one.
        """
        lines = (line.strip() for line in text.replace(",", "\n").splitlines())
        written = [line for line in lines if line and not line.startswith("#")]
        if not written:
            raise ValueError('holds no key; "pg-tide secret key" makes one')
        return cls([_key(line, number) for number, line in enumerate(written, 1)])

    @property
    def ids(self) -> list[str]:
        """The ids of the keys, the one that encrypts first."""
        return list(self._keys)

    def __add__(self, more: "Keys") -> "Keys":
        """These keys, and then those."""
        return Keys([*self._keys.values(), *more._keys.values()])

    def encrypt(self, name: str, value: str) -> Encrypted:
        """Encrypt the value of a secret, for this name alone."""
        first = self.ids[0]
        nonce = os.urandom(NONCE_BYTES)
        sealed = _cipher(self._keys[first]).encrypt(nonce, value.encode(), _bound_to(name))
        return Encrypted(name, first, nonce + sealed)

    def decrypt(self, secret: Encrypted) -> str:
        """Return a secret's value; FatalError when these are not its keys, or it was changed."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see _cipher

        key = self._keys.get(secret.key_id)
        if key is None:
            raise FatalError(
                f'secret "{secret.name}" is encrypted with key {secret.key_id}, which is not '
                f"among the keys given here: {', '.join(self.ids)}",
                reason="secret_key_wrong",
                hint=f"{HOW_TO_GIVE} (several may be given). Where it is lost, set the secret "
                f'anew: "pg-tide secret set {secret.name}".',
            )
        nonce, sealed = secret.ciphertext[:NONCE_BYTES], secret.ciphertext[NONCE_BYTES:]
        try:
            return _cipher(key).decrypt(nonce, sealed, _bound_to(secret.name)).decode()
        except (InvalidTag, ValueError):
            raise FatalError(
                f'secret "{secret.name}" is not what was encrypted under this name: '
                "it was changed, cut or renamed in the database",
                reason="secret_damaged",
                hint=f'Set it anew: "pg-tide secret set {secret.name}".',
            ) from None


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where a process has its keys from: a file, its environment, or both, the file's first.

    They are read anew whenever they are needed, so that the file may change meanwhile.
    """

    file: str | None = None
    text: str | None = field(default=None, repr=False)

    def keys(self) -> Keys:
        """Read the keys; FatalError when there are none, or they cannot be read."""
        if self.file is None and self.text is None:
            raise FatalError(
                "no key for secrets is given here",
                reason="secret_key_missing",
                hint=f'{HOW_TO_GIVE}; "pg-tide secret key" makes a new one.',
            )
        try:
            found = [Keys.read(small_file.read(self.file))] if self.file is not None else []
        except ValueError as error:
            raise FatalError(
                f"the file of secret keys, {self.file}, {error}",
                reason="secret_key_missing",
                hint="Put it right, or name another with --secret-key-file.",
            ) from None
        try:
            found += [Keys.read(self.text)] if self.text is not None else []
        except ValueError as error:
            raise FatalError(f"PG_TIDE_SECRET_KEY {error}", reason="secret_key_missing") from None
        return found[0] if len(found) == 1 else found[0] + found[1]


def new_key() -> str:
    """Make a key, as it is written."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def key_id(key: bytes) -> str:
    """Return what a key is known by: 16 hexadecimal digits that tell nothing of it."""
    return hmac.digest(key, b"pg-tide key id", "sha256")[:8].hex()


def _key(line: str, number: int) -> bytes:
    try:
        key = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(
            f"has no key in place {number}: a key is {KEY_BYTES} bytes in base64, "
            'as "pg-tide secret key" makes them'
        )
    return key


def _bound_to(name: str) -> bytes:
    return b"pg-tide secret " + name.encode()


def _cipher(key: bytes) -> "AESGCM":
    """Return the cipher; imported when first needed: it takes 9 MB that most relays do without."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - above

    return AESGCM(key)
