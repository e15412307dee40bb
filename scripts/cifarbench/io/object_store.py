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
# The plugin's default.
REGION = "us-east-1"
ATTEMPTS = 5
ACCESS_CHECK_KEY = ".tried"
# Error codes of servers for wrong keys and missing buckets.
FORBIDDEN = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "Forbidden"}
FORBIDDEN |= {"401", "403"}
MISSING = {"NoSuchBucket", "InvalidBucketName", "NoSuchKey", "404", "400"}


def open_store(root: str | Path) -> "LocalStore | S3Store":
    """Return the store of a folder, or of an address `s3://...`."""
    return S3Store(str(root)) if str(root).startswith(SCHEME) else LocalStore(Path(root))


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
        """Write a file, completely or not at all."""
        with atomic_write(self.path / name) as file:
            file.write(content)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.path / name).unlink(missing_ok=True)


class S3Store:
    """Objects whose names begin with a prefix, `s3://bucket/prefix`, in the storage that the environment names.

    Wrong keys, an unreachable server and a full bucket raise UserError.
    """

    def __init__(self, prefix: str):
        self.name, _, within = prefix.removeprefix(SCHEME).partition("/")
        self.within = within.strip("/")

    def __truediv__(self, name: str) -> Self:
        """Return the store of the objects below a name."""
        return type(self)(f"{SCHEME}{self.name}/{self._key(name)}")

    def __str__(self) -> str:
        return f"{SCHEME}{self.name}/{self.within}".rstrip("/")

    @cached_property
    def _client(self) -> Any:
        # Not at the top, since runs on disks do not need it.
        import boto3
        from botocore.config import Config

        settings = {name: os.environ.get(f"{ENVIRONMENT}{name.upper()}") for name in SETTINGS}
        return boto3.client(
            "s3",
            endpoint_url=settings["endpoint_url"],
            region_name=settings["region"] or REGION,
            aws_access_key_id=settings["access_key"],
            aws_secret_access_key=settings["secret_key"],
            aws_session_token=settings["token"],
            # Some servers do not support the newer checksums.
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
        with self._user_errors("list"):
            try:
                pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=start)
                objects = (entry for page in pages for entry in page.get("Contents", []))
                return sorted(
                    entry["Key"].removeprefix(start) for entry in objects if entry["Size"] <= largest
                )
            except self._client.exceptions.NoSuchBucket:
                return []

    def read(self, name: str) -> bytes:
        """Return the content of an object."""
        with self._user_errors("read"):
            return self._client.get_object(Bucket=self.name, Key=self._key(name))["Body"].read()

    def write(self, name: str, content: bytes) -> None:
        """Write an object, completely or not at all."""
        with self._user_errors("write"):
            self._client.put_object(Bucket=self.name, Key=self._key(name), Body=content)

    def remove(self, name: str) -> None:
        """Remove an object."""
        with self._user_errors("remove from"):
            self._client.delete_object(Bucket=self.name, Key=self._key(name))

    def check_access(self) -> None:
        """Write an object and remove it. A missing bucket is created, as jobs do."""
        with self._user_errors("write"):
            try:
                self._client.head_bucket(Bucket=self.name)
            except self._client.exceptions.ClientError as error:
                if error.response["Error"]["Code"] != "404":
                    raise
                region = self._client.meta.region_name
                # S3 refuses the default region as a constraint.
                constraint = {"CreateBucketConfiguration": {"LocationConstraint": region}}
                self._client.create_bucket(Bucket=self.name, **({} if region == REGION else constraint))
        self.write(ACCESS_CHECK_KEY, bytes(1))
        self.remove(ACCESS_CHECK_KEY)

    def _key(self, name: str) -> str:
        return f"{self.within}/{name}" if self.within else name

    @contextlib.contextmanager
    def _user_errors(self, operation: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        try:
            yield
        except NoCredentialsError:
            raise UserError(f"The storage of {self} requires keys; set {KEYS}.") from None
        except ClientError as error:
            details = error.response["Error"]
            message = format_s3_error(str(self), operation, details["Code"], details.get("Message", ""))
            raise UserError(message) from error
        except BotoCoreError as error:
            raise UserError(
                f"The storage of {self} can't be reached ({error}); check that it runs and that "
                f"{ENVIRONMENT}ENDPOINT_URL is its address."
            ) from error


def format_s3_error(where: str, operation: str, code: str, message: str) -> str:
    """Return the sentence for a server's error, of which `code` and `message` are parts."""
    reason = f"{code}: {message}".rstrip(": .")
    if code in FORBIDDEN:
        return f"The keys may not {operation} {where} ({reason}); correct {KEYS}."
    if code in MISSING or operation != "write":
        return f"The storage can't {operation} {where} ({reason}); check that the prefix names your bucket."
    # Servers have different codes for a full disk, and some report an internal error.
    return (
        f"The storage can't store more in {where} ({reason}); free space in it or raise its quota, and run the same "
        "command again."
    )
