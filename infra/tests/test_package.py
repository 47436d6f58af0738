"""`sam package`, which is the first half of `sam deploy`, against S3 as moto simulates it: all functions and nested stacks
go up, and the loops stay as they are, for CloudFormation."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from samcli.yamlhelper import yaml_parse
from transformed import ROOT

TOOLS = Path(sys.executable).parent


def plain(template):
    """Without what the SAM CLI notes beside each resource, and without an order."""
    for resource in template["Resources"].values():
        if isinstance(resource, dict):
            resource.pop("Metadata", None)
    return json.loads(json.dumps(template))


class Package(unittest.TestCase):
    def setUp(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        moto = [TOOLS / "moto_server", "--host", "127.0.0.1", "--port", str(port)]
        server = subprocess.Popen(moto, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                urllib.request.urlopen(self.url, timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)  # until its port is open
        self.s3 = boto3.client(
            "s3", endpoint_url=self.url, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        self.s3.create_bucket(Bucket="packages", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "infra").mkdir()
        for path in (*ROOT.glob("infra/*.yaml"), ROOT / "template.yaml", ROOT / "samconfig.toml"):
            shutil.copy(path, self.root / path.relative_to(ROOT))

    def package(self):
        environment = os.environ | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "SAM_CLI_TELEMETRY": "0",
        }
        command = [TOOLS / "sam", "package", "--s3-bucket", "packages", "--output-template-file", "packaged.yaml"]
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)

    def test_all_goes_up_and_the_loops_stay(self):
        names = [path.stem for path in (ROOT / "functions/src/bin").glob("*.rs")]
        for name in names:
            binary = self.root / "target/lambda" / name / "bootstrap"
            binary.parent.mkdir(parents=True)
            binary.write_text(name)
        done = self.package()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        packaged = yaml_parse((self.root / "packaged.yaml").read_text())["Resources"]
        functions = [of for of in packaged.values() if isinstance(of, dict) and of["Type"] == "AWS::Serverless::Function"]
        code = [of["Properties"]["CodeUri"] for of in functions]
        self.assertEqual(len(set(code)), len(names), "a package each")
        self.assertTrue(all(uri.startswith("s3://packages/") for uri in code))
        self.assertIn("Fn::ForEach::EachCalled", packaged)
        for name, loops in {"Routes": 2, "Monitoring": 3, "Network": 0}.items():
            key = packaged[name]["Properties"]["TemplateURL"].rsplit("/", 1)[1]
            nested = self.s3.get_object(Bucket="packages", Key=key)["Body"].read().decode()
            self.assertEqual(nested.count("Fn::ForEach::"), loops, name)
            original = yaml_parse((ROOT / f"infra/{name.lower()}.yaml").read_text())
            self.assertEqual(plain(yaml_parse(nested)), plain(original), "as it was written")

    def test_a_function_that_was_not_built_stops_it(self):
        self.assertNotEqual(self.package().returncode, 0)


if __name__ == "__main__":
    unittest.main()
