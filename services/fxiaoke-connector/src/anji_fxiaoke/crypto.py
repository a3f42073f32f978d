"""The callback's cipher and signature. Pure.

AES-256-CBC with PKCS7, the IV being the key's first 16 bytes; SHA-1 over the parts joined without
anything between, the key's text last. Both are the vendor's choice, not ours.

Source: docs/vendors/fxiaoke.md, section 5.1, whose vectors are this module's tests.
"""

import binascii
import hmac
from base64 import b64decode, b64encode
from hashlib import sha1

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from anji_common.errors import ConfigurationError, UndecodableError

__all__ = ["CallbackCipher"]

_KEY_BYTES = 32
_IV_BYTES = 16
_BLOCK_BITS = 128


class CallbackCipher:
    """Encrypts, decrypts and signs with one tenant's key."""

    def __init__(self, key_text: str) -> None:
        """Take the key as the console shows it.

        Raises:
            ConfigurationError: it is not base64 of 32 bytes.
        """
        try:
            key = b64decode(key_text, validate=True)
        except (binascii.Error, ValueError) as error:
            msg = "ANJI_FXIAOKE_CALLBACK_AES_KEY is not base64"
            raise ConfigurationError(msg) from error
        if len(key) != _KEY_BYTES:
            msg = f"ANJI_FXIAOKE_CALLBACK_AES_KEY is {len(key)} bytes, not {_KEY_BYTES}"
            raise ConfigurationError(msg)
        self._key_text = key_text
        self._cipher = Cipher(AES256(key), CBC(key[:_IV_BYTES]))

    def encrypted(self, plain: bytes) -> str:
        """Return `plain`, encrypted, in base64."""
        padder = PKCS7(_BLOCK_BITS).padder()
        encryptor = self._cipher.encryptor()
        padded = padder.update(plain) + padder.finalize()
        return b64encode(encryptor.update(padded) + encryptor.finalize()).decode()

    def decrypted(self, encrypted: str) -> bytes:
        """Return what `encrypted` hides.

        Raises:
            UndecodableError: it is not base64, or not encrypted with this key.
        """
        decryptor = self._cipher.decryptor()
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        try:
            padded = decryptor.update(b64decode(encrypted, validate=True)) + decryptor.finalize()
            return unpadder.update(padded) + unpadder.finalize()
        except (binascii.Error, ValueError) as error:
            msg = "the callback is not encrypted with our key"
            raise UndecodableError(msg) from error

    def signature(self, *parts: object) -> str:
        """Return the signature of `parts`: lower-case hex."""
        text = "".join([*map(str, parts), self._key_text])
        return sha1(text.encode(), usedforsecurity=False).hexdigest()

    def is_signed(self, signature: str, *parts: object) -> bool:
        """Whether `signature` is that of `parts`; takes equally long for any wrong one."""
        return hmac.compare_digest(signature.encode(), self.signature(*parts).encode())
