"""The cipher and the signatures of the event callback.

AES-256-CBC with PKCS7 padding, the first half of the key as initial vector, base64; signatures are
SHA-1 over plain concatenation, with the key as the console shows it. SHA-1 and the fixed vector
are the vendor's. Source: reference section 5.1 `[code][vector]`.
"""

from base64 import b64decode, b64encode
from hashlib import sha1

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

__all__ = ["decrypt", "encrypt", "signature"]

_VECTOR_BYTES = 16


def encrypt(plain: bytes, key_text: str) -> str:
    """Return the base64 text of the encrypted bytes."""
    padder = PKCS7(AES.block_size).padder()
    encryptor = _cipher(key_text).encryptor()
    padded = padder.update(plain) + padder.finalize()
    return b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def decrypt(encrypted: str, key_text: str) -> bytes:
    """Return what was encrypted.

    Raises:
        ValueError: the text is no base64, or was encrypted with another key.
    """
    decryptor = _cipher(key_text).decryptor()
    padded = decryptor.update(b64decode(encrypted, validate=True)) + decryptor.finalize()
    unpadder = PKCS7(AES.block_size).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def signature(*parts: object) -> str:
    """Return the signature over the parts, in this order."""
    joined = "".join(map(str, parts)).encode()
    return sha1(joined, usedforsecurity=False).hexdigest()


def _cipher(key_text: str) -> Cipher[CBC]:
    key = b64decode(key_text)
    return Cipher(AES(key), CBC(key[:_VECTOR_BYTES]))
