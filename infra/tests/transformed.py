"""Templates as CloudFormation sees them once their loops are unrolled and SAM's resources are replaced by what they stand
for: offline, by SAM's own translator."""

import re
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).resolve().parents[2]
LOOP = "Fn::ForEach::"
SAM = "AWS::Serverless-2016-10-31"


def read(path):
    return yaml_parse((ROOT / path).read_text())


def unrolled(template, parameters=None):
    """AWS::LanguageExtensions' loops, over a list, a parameter or a mapping."""
    values = {name: of.get("Default") for name, of in template.get("Parameters", {}).items()} | (parameters or {})

    def items(collection):
        if isinstance(collection, list):
            return collection
        if "Ref" in collection:
            return [item.strip() for item in values[collection["Ref"]].split(",")]
        mapping, first, second = collection["Fn::FindInMap"]
        return template["Mappings"][mapping][first][second]

    def put(node, name, item):
        if isinstance(node, str):
            return node.replace("${" + name + "}", item).replace("&{" + name + "}", re.sub(r"\W|_", "", item))
        if isinstance(node, list):
            return [put(each, name, item) for each in node]
        if not isinstance(node, dict):
            return node
        if node == {"Ref": name}:
            return item
        if list(node) == ["Fn::Sub"] and isinstance(node["Fn::Sub"], str):
            text = put(node["Fn::Sub"], name, item)
            return {"Fn::Sub": text} if "${" in text else text
        return {put(key, name, item): put(value, name, item) for key, value in node.items()}

    def unroll(section):
        result = {}
        for key, value in section.items():
            made = {key: value}
            if key.startswith(LOOP):
                name, collection, body = value
                made = {}
                for item in items(collection):
                    made |= unroll(put(body, name, item))
            twice = result.keys() & made.keys()
            assert not twice, f"made twice: {twice}"
            result |= made
        return result

    # CloudFormation is sure to look for loops here, and not deeper.
    return template | {part: unroll(template[part]) for part in ("Conditions", "Resources", "Outputs") if part in template}


def transformed(path, parameters=None):
    template = unrolled(read(path), parameters)
    assert LOOP not in str(template), f"{path}: a loop where CloudFormation does not look for one"
    if SAM not in template.get("Transform", []):
        return template
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"  # as `sam deploy` leaves it
    given = {name: of["Default"] for name, of in template["Parameters"].items() if "Default" in of}
    translator = Translator(managed_policy_map={}, sam_parser=Parser())
    return translator.translate(template, {**given, **(parameters or {})})


def names(node):
    """What a piece of a template refers to, by name."""
    if isinstance(node, list):
        for each in node:
            yield from names(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value[0] if isinstance(value, list) else value.split(".")[0]
            elif key == "Fn::Sub":
                text, given = value if isinstance(value, list) else (value, {})
                yield from (name for name in re.findall(r"\$\{(\w+)[.\w]*\}", text) if name not in given)
                yield from names(given)
            else:
                yield from names(value)


def rendered(value):
    """A resource of a policy, as text."""
    match value:
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{name}.{attribute}"
        case {"Ref": text} | {"Fn::Sub": text} | str(text):
            return text
    raise AssertionError(f"not foreseen here: {value}")
