"""Read and write files by name in a folder or in S3-compatible object storage."""

import contextlib
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from cifarbench.errors import UserError
from cifarbench.io.atomic import atomic_write

SCHEME = "s3://"
# Prefix of the environment variables in which Snakemake's plugin passes its settings to jobs.
ENVIRONMENT = "SNAKEMAKE_STORAGE_S3_"
SETTINGS = ("endpoint_url", "region", "access_key", "secret_key", "token")
KEYS = f"{ENVIRONMENT}ACCESS_KEY and {ENVIRONMENT}SECRET_KEY"
# The plugin's default, too; it creates a missing bucket when it first stores.
REGION = "us-east-1"
ATTEMPTS = 5
ACCESS_CHECK_KEY = ".tried"
# Error codes of servers for wrong keys and missing buckets.
FORBIDDEN = (
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "Forbidden",
    "401",
    "403",
)
MISSING = ("NoSuchBucket", "InvalidBucketName", "NoSuchKey", "404", "400")


def open_store(root: str | Path) -> "LocalStore | S3Store":
    """Return the store of a folder, or of an address `s3://...`."""
    return S3Store(root) if str(root).startswith(SCHEME) else LocalStore(Path(root))


class LocalStore:
    """Files of a folder, which need not exist yet."""

    def __init__(self, path: Path):
        self.path = path

    def __truediv__(self, name: str) -> Self:
        """Return the store of a subfolder."""
        return type(self)(self.path / name)

    def __str__(self) -> str:
        return str(self.path)

    def list_files(self) -> list[str]:
        """Return the names of all files, sorted."""
        return sorted(path.name for path in self.path.glob("*"))

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        return (self.path / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        with atomic_write(self.path / name) as file:
            file.write(content)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.path / name).unlink(missing_ok=True)


class S3Store:
    """Objects whose names begin with a prefix, `s3://bucket/prefix`, in the storage that the environment names.

    Wrong keys, a wrong address and a full bucket raise UserError.
    """

    def __init__(self, prefix: str):
        name, _, within = prefix.removeprefix(SCHEME).partition("/")
        self.name, self.within = name, within.strip("/")

    def __truediv__(self, name: str) -> Self:
        """Return the store of the objects below a name."""
        return type(self)(f"{SCHEME}{self.name}/{self._key(name)}")

    def __str__(self) -> str:
        return f"{SCHEME}{self.name}/{self.within}".rstrip("/")

    @cached_property
    def _client(self) -> Any:
        # Not at the top: a study on disks needs none of it.
        import boto3
        from botocore.config import Config

        found = {name: os.environ.get(f"{ENVIRONMENT}{name.upper()}") for name in SETTINGS}
        return boto3.client(
            "s3",
            endpoint_url=found["endpoint_url"],
            region_name=found["region"] or REGION,
            aws_access_key_id=found["access_key"],
            aws_secret_access_key=found["secret_key"],
            aws_session_token=found["token"],
            # Not every server knows the newer checksums.
            config=Config(
                retries={"max_attempts": ATTEMPTS, "mode": "standard"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def list_files(self, largest: float = float("inf")) -> list[str]:
        """Return the names of all objects of at most `largest` bytes, without the prefix, sorted.

        The list is empty if the bucket does not exist yet.
        """
        start = self._key("")
        with self._in_a_sentence("list"):
            try:
                pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=start)
                found = (one for page in pages for one in page.get("Contents", []))
                return sorted(one["Key"].removeprefix(start) for one in found if one["Size"] <= largest)
            except self._client.exceptions.NoSuchBucket:
                return []

    def read(self, name: str) -> bytes:
        """Return the content of an object."""
        with self._in_a_sentence("read"):
            return self._client.get_object(Bucket=self.name, Key=self._key(name))["Body"].read()

    def write(self, name: str, content: bytes) -> None:
        """Write an object, whole or not at all."""
        with self._in_a_sentence("write"):
            self._client.put_object(Bucket=self.name, Key=self._key(name), Body=content)

    def remove(self, name: str) -> None:
        """Remove an object."""
        with self._in_a_sentence("remove from"):
            self._client.delete_object(Bucket=self.name, Key=self._key(name))

    def check_access(self) -> None:
        """Write an object and remove it. A missing bucket is created, as by jobs."""
        with self._in_a_sentence("write"):
            try:
                self._client.head_bucket(Bucket=self.name)
            except self._client.exceptions.ClientError as error:
                if error.response["Error"]["Code"] != "404":
                    raise
                region = self._client.meta.region_name
                # S3 refuses the default region as a constraint.
                there = (
                    {} if region == REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
                )
                self._client.create_bucket(Bucket=self.name, **there)
        self.write(ACCESS_CHECK_KEY, bytes(1))
        self.remove(ACCESS_CHECK_KEY)

    def _key(self, name: str) -> str:
        return f"{self.within}/{name}" if self.within else name

    @contextlib.contextmanager
    def _in_a_sentence(self, to: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        try:
            yield
        except NoCredentialsError:
            raise UserError(f"The storage of {self} asks for keys: set {KEYS}.") from None
        except ClientError as error:
            said = error.response["Error"]
            raise UserError(format_s3_error(str(self), to, said["Code"], said.get("Message", ""))) from error
        except BotoCoreError as error:
            raise UserError(
                f"The storage of {self} can't be reached ({error}); see that it runs, and that "
                f"{ENVIRONMENT}ENDPOINT_URL names it."
            ) from error


def format_s3_error(where: str, to: str, code: str, said: str) -> str:
    """Return the sentence on a server's error. to: the operation. code, said: the server's code and message."""
    told = f"{code}: {said}".rstrip(": .")
    if code in FORBIDDEN:
        return f"The storage does not let these keys {to} {where} ({told}); put {KEYS} right."
    if code in MISSING or to != "write":
        return f"The storage can't {to} {where} ({told}); see that the prefix names a bucket of yours."
    # Servers have names of their own for it, and some only say that they have a fault.
    return (
        f"The storage takes no more into {where} ({told}); make room in it or raise its quota, and run the same "
        "command again."
    )
