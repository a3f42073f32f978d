"""The callback's cipher, against the vectors of the reference (section 5.1)."""

import pytest

from anji_common.errors import ConfigurationError, UndecodableError
from anji_fxiaoke.crypto import CallbackCipher

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PLAIN = (
    b'{"tenantId":90001,"eventType":"update","apiName":"AccountObj",'
    b'"dataId":"65f000000000000000000001","timestamp":1700000000000,"messageId":"M0001"}'
)
ENCRYPTED = (
    "R1xkBZvukEkJBVAvuJyLBrBEL07oWVCkYSzbrGHOHZSBRusHl5C7DVDmiAFvDPYhLNbTWQy+YEKqcEFodXh99teZOhAf"
    "im+mXPQvKgDGEnWmMHPEXwiT5emi/sXIczvY7KKEBAA6BfnOGIqP3H5Gmwd/hWBfwUqa6JkFxgJJtHmA/jtc+GnN9I6e"
    "1gctDKldXg6ozcc4zaUQtbogGTVuKw=="
)


def test_the_published_event_is_decrypted() -> None:
    assert CallbackCipher(KEY).decrypted(ENCRYPTED) == PLAIN


def test_the_published_event_is_encrypted() -> None:
    assert CallbackCipher(KEY).encrypted(PLAIN) == ENCRYPTED


@pytest.mark.parametrize(
    ("retry", "signature"),
    [
        ((), "c501d3d551b5ad71c5c25cfc388fdf8a8e779b1a"),
        ((1,), "c0c52e34a699c37d106be1039729892a76639dd8"),
    ],
    ids=["first", "retried"],
)
def test_the_published_signatures_are_made(retry: tuple[int, ...], signature: str) -> None:
    parts = (1_700_000_001_000, "n1", "M0001", *retry, "demoea", ENCRYPTED)

    assert CallbackCipher(KEY).signature(*parts) == signature
    assert CallbackCipher(KEY).is_signed(signature, *parts)
    assert not CallbackCipher(KEY).is_signed(signature, *parts, "more")


def test_the_published_reply_is_made() -> None:
    cipher = CallbackCipher(KEY)

    encrypted = cipher.encrypted(b"success")

    assert encrypted == "ArsKAyhvk7QKghXe0zdCeQ=="
    assert (
        cipher.signature(1_700_000_001_000, "n1", encrypted)
        == "14df8f780e35554536923e67594cfd1cb9c5ff00"
    )


@pytest.mark.parametrize("text", ["", "no base64!", "AAAA", ENCRYPTED[:-8] + "AAAAAAA="])
def test_what_is_not_encrypted_with_our_key_is_undecodable(text: str) -> None:
    with pytest.raises(UndecodableError):
        CallbackCipher(KEY).decrypted(text)


@pytest.mark.parametrize("key", ["", "no base64!", "AAAA"])
def test_a_key_of_another_form_is_refused_by_its_setting(key: str) -> None:
    with pytest.raises(ConfigurationError, match="ANJI_FXIAOKE_CALLBACK_AES_KEY"):
        CallbackCipher(key)
