"""`sam package`, which is the first half of `sam deploy`, against S3 as moto simulates it: all functions and nested stacks
go up, and but for the addresses of these the templates stay as they are."""

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
    """Returns a template without what packaging changes: notes of the SAM CLI, and the address of each function's code."""
    for resource in template["Resources"].values():
        resource.pop("Metadata", None)
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"].pop("CodeUri")
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
        for path in (*ROOT.glob("infra/**/*.yaml"), ROOT / "template.yaml", ROOT / "samconfig.toml"):
            copy = self.root / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)

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

    def test_all_functions_and_nested_stacks_go_up(self):
        names = [path.stem for path in (ROOT / "functions/src/bin").glob("*.rs")]
        for name in names:
            binary = self.root / "target/lambda" / name / "bootstrap"
            binary.parent.mkdir(parents=True)
            binary.write_text(name)
        done = self.package()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        packaged = yaml_parse((self.root / "packaged.yaml").read_text())["Resources"]
        original = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
        code = []
        for name, stack in packaged.items():
            if stack["Type"] != "AWS::CloudFormation::Stack":
                continue
            key = stack["Properties"]["TemplateURL"].rsplit("/", 1)[1]
            nested = yaml_parse(self.s3.get_object(Bucket="packages", Key=key)["Body"].read().decode())
            functions = [of for of in nested["Resources"].values() if of["Type"] == "AWS::Serverless::Function"]
            code += [of["Properties"]["CodeUri"] for of in functions]
            written = yaml_parse((ROOT / original[name]["Properties"]["TemplateURL"]).read_text())
            self.assertEqual(plain(nested), plain(written), "as it was written")
        self.assertEqual(len(code), len(names), "all functions")
        self.assertEqual(len(set(code)), len(names), "a package each")
        self.assertTrue(all(uri.startswith("s3://packages/") for uri in code))

    def test_a_function_that_was_not_built_stops_it(self):
        self.assertNotEqual(self.package().returncode, 0)


if __name__ == "__main__":
    unittest.main()
