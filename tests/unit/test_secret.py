"""Stored secrets: their own key alone opens them, under their own name; errors show none."""

import base64
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pg_tide import small_file
from pg_tide.errors import FatalError
from pg_tide.secret import Encrypted, Keys, KeySource, key_id, new_key

VALUE = "hunter2-ünter"
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER = "/////////////////////////////////////////w8="


def refused(keys: Keys, secret: Encrypted) -> FatalError:
    """Decrypt what cannot be, and return the error."""
    with pytest.raises(FatalError) as caught:
        keys.decrypt(secret)
    assert VALUE not in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint is not None
    return caught.value


def test_what_is_encrypted_is_decrypted() -> None:
    keys = Keys.read(KEY)
    secret = keys.encrypt("kafka", VALUE)
    assert secret.key_id == keys.ids[0]
    assert VALUE.encode() not in secret.ciphertext
    assert keys.decrypt(secret) == VALUE


def test_every_nonce_is_fresh() -> None:
    keys = Keys.read(KEY)
    assert len({keys.encrypt("kafka", VALUE).ciphertext[:12] for _ in range(100)}) == 100


def test_it_is_aes_256_gcm_bound_to_the_name() -> None:
    """As docs/how-to/keep-secrets.md says, so that others can read it."""
    secret = Keys.read(KEY).encrypt("kafka", VALUE)
    nonce, sealed = secret.ciphertext[:12], secret.ciphertext[12:]
    cipher = AESGCM(base64.b64decode(KEY))
    assert cipher.decrypt(nonce, sealed, b"pg-tide secret kafka") == VALUE.encode()


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    before = Keys.read(OTHER).encrypt("kafka", VALUE)
    both = Keys.read(f"{KEY}\n{OTHER}")
    assert both.decrypt(before) == VALUE
    assert both.encrypt("kafka", VALUE).key_id == Keys.read(KEY).ids[0]
    assert (Keys.read(KEY) + Keys.read(OTHER)).ids == both.ids


def test_another_key_is_named_and_shows_nothing() -> None:
    secret = Keys.read(OTHER).encrypt("kafka", VALUE)
    error = refused(Keys.read(KEY), secret)
    assert error.reason == "secret_key_wrong"
    assert secret.key_id in error.message
    assert Keys.read(KEY).ids[0] in error.message
    assert '"kafka"' in error.message


def test_a_ciphertext_is_no_other_secrets() -> None:
    keys = Keys.read(KEY)
    secret = keys.encrypt("kafka", VALUE)
    moved = Encrypted("billing", secret.key_id, secret.ciphertext)
    assert refused(keys, moved).reason == "secret_damaged"


@pytest.mark.parametrize("place", [0, 11, 12, -1])
def test_a_ciphertext_that_was_changed_is_refused(place: int) -> None:
    keys = Keys.read(KEY)
    secret = keys.encrypt("kafka", VALUE)
    changed = bytearray(secret.ciphertext)
    changed[place] ^= 1
    damaged = Encrypted("kafka", secret.key_id, bytes(changed))
    assert refused(keys, damaged).reason == "secret_damaged"


@pytest.mark.parametrize("length", [0, 5, 12, 27])
def test_a_ciphertext_that_was_cut_is_refused(length: int) -> None:
    keys = Keys.read(KEY)
    secret = keys.encrypt("kafka", VALUE)
    cut = Encrypted("kafka", secret.key_id, secret.ciphertext[:length])
    assert refused(keys, cut).reason == "secret_damaged"


def test_new_keys_are_keys_and_differ() -> None:
    assert len({new_key() for _ in range(10)}) == 10
    assert len(Keys.read(new_key()).ids) == 1


def test_a_key_id_stays_what_it_is() -> None:
    """Databases hold it."""
    assert key_id(bytes(32)) == "1e4fbf1cd36c4ca9"
    assert key_id(bytes(31) + b"\x01") != key_id(bytes(32))


@pytest.mark.parametrize(
    "text", [f"{KEY},{OTHER}", f"{KEY}\n{OTHER}\n", f"# of January\r\n {KEY} \r\n\r\n{OTHER}"]
)
def test_keys_are_written_on_lines_or_with_commas(text: str) -> None:
    assert Keys.read(text).ids == [*Keys.read(KEY).ids, *Keys.read(OTHER).ids]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds no key"),
        ("# only a remark\n", "holds no key"),
        ("hunter2", "has no key in place 1"),
        (KEY[:-4], "has no key in place 1"),
        (f"{KEY}\n{KEY}{KEY}", "has no key in place 2"),
        (f"{KEY}\nh\xfcnter2", "has no key in place 2"),
    ],
)
def test_what_is_no_key_is_not_shown(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        Keys.read(text)
    assert "nter2" not in str(caught.value)
    assert KEY[:8] not in str(caught.value)


def test_keys_come_from_a_file_first_and_are_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(KEY)
    source = KeySource(str(file), OTHER)
    assert source.keys().ids == Keys.read(f"{KEY},{OTHER}").ids
    file.write_text(f"{OTHER}\n{KEY}\n")
    assert source.keys().ids == Keys.read(f"{OTHER},{KEY}").ids
    assert KeySource(None, KEY).keys().ids == Keys.read(KEY).ids


def test_where_keys_are_missing_is_said(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    for source, words in (
        (KeySource(), "no key for secrets"),
        (KeySource(str(file)), "No such file"),
        (KeySource(None, "hunter2"), "PG_TIDE_SECRET_KEY has no key in place 1"),
    ):
        with pytest.raises(FatalError, match=words) as caught:
            source.keys()
        assert caught.value.reason == "secret_key_missing"
    file.write_text("hunter2")
    with pytest.raises(FatalError, match="has no key in place 1") as caught:
        KeySource(str(file)).keys()
    assert "hunter2" not in caught.value.message


def test_nothing_shows_a_key() -> None:
    keys = Keys.read(KEY)
    shown = f"{keys!r} {KeySource(None, KEY)!r} {vars(keys).keys()}"
    assert KEY not in shown
    assert repr(base64.b64decode(KEY)) not in shown


def test_a_small_file_is_read_to_its_last_line_end(tmp_path: Path) -> None:
    file = tmp_path / "password"
    for written, text in (
        (b"a b\n", "a b"),
        (b"\xef\xbb\xbfa\r\n", "a"),
        (b"a\n\n", "a\n"),  # one line end and no more: a secret may have one of its own
        (b"a\r\n\r\n", "a\r\n"),
        (b"a\r", "a\r"),
        (b" a\nb ", " a\nb "),
    ):
        file.write_bytes(written)
        assert small_file.read(str(file)) == text


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "password"
    for written, problem in (
        (b"hunter2\xff", r"is not UTF-8 \(byte 8\)"),
        (b"hunter2\0", "has a NUL character"),
        (b"x" * 65_537, "has more than 65536 bytes"),
    ):
        file.write_bytes(written)
        with pytest.raises(ValueError, match=problem) as caught:
            small_file.read(str(file))
        assert "hunter2" not in str(caught.value)
    file.write_bytes(b"x" * 65_536)
    assert len(small_file.read(str(file))) == 65_536


def test_what_is_no_file_never_makes_one_wait(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(ValueError, match="is not a regular file"):
            small_file.read(str(path))
    with pytest.raises(ValueError, match="is a directory; name the file in it"):
        small_file.read(str(tmp_path))
    with pytest.raises(ValueError, match="cannot be read: No such file or directory"):
        small_file.read(str(tmp_path / "missing"))
    with pytest.raises(ValueError, match="cannot be read: Not a directory"):
        small_file.read(f"{pipe}/a")
