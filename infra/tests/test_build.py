"""`infra/build` lets no function of another architecture into a deployment."""

import os
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

from transformed import ROOT

ARM64, X86_64 = 183, 62
NAMES = sorted(path.stem for path in (ROOT / "functions/src/bin").glob("*.rs"))


class Build(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.built = Path(folder.name)
        for name in NAMES:
            self.put(name, ARM64)

    def put(self, name, machine):
        binary = self.built / name / "bootstrap"
        binary.parent.mkdir(exist_ok=True)
        binary.write_bytes(b"\x7fELF".ljust(18, b"\0") + struct.pack("<H", machine) + b"\0" * 4000)

    def check(self, architecture):
        command = [ROOT / "infra/build", "--check", architecture]
        environment = os.environ | {"LAMBDA_DIR": str(self.built)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def test_all_of_one_architecture_are_listed_with_their_sizes(self):
        done = self.check("arm64")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([line.split()[0] for line in done.stdout.splitlines()[1:]], NAMES)

    def test_one_of_another_architecture_is_refused(self):
        self.put("login", X86_64)
        done = self.check("arm64")
        self.assertEqual(done.returncode, 1)
        self.assertIn("login/bootstrap is not for arm64", done.stderr)
        self.assertEqual(self.check("x86_64").returncode, 1)

    def test_one_that_is_missing_or_no_program_is_refused(self):
        (self.built / "jwks/bootstrap").unlink()
        (self.built / "login/bootstrap").write_text("not built")
        done = self.check("arm64")
        self.assertEqual(done.returncode, 1)
        self.assertIn("jwks/bootstrap is missing", done.stderr)
        self.assertIn("login/bootstrap is not for arm64", done.stderr)
