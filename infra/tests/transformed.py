"""Templates as CloudFormation sees them once SAM's resources are replaced by the resources that they stand for: offline, by
SAM's own translator."""

import re
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).resolve().parents[2]
SAM = "AWS::Serverless-2016-10-31"


def read(path):
    return yaml_parse((ROOT / path).read_text())


def transformed(path, parameters=None):
    """Returns the template after SAM's transform. Parameters that have a value are replaced by it in SAM's resources."""
    template = read(path)
    if template.get("Transform") != SAM:
        return template
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"  # as `sam deploy` leaves it
    translator = Translator(managed_policy_map={}, sam_parser=Parser())
    return translator.translate(template, parameters or {})


def names(node):
    """Yields the names of the resources and parameters that a piece of a template refers to."""
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


def text_of(value):
    """Returns an expression as it would stand inside of an Fn::Sub."""
    match value:
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::Sub": str(text)} | str(text):
            return text
    raise AssertionError(f"not foreseen here: {value}")


def with_values(node, values):
    """Returns a piece of a nested template with its parameters replaced by the expressions that the parent gives."""
    if isinstance(node, list):
        return [with_values(each, values) for each in node]
    if not isinstance(node, dict):
        return node
    match node:
        case {"Ref": name} if name in values:
            return values[name]
        case {"Fn::Sub": str(text)}:
            put = lambda found: text_of(values[found[1]]) if found[1] in values else found[0]
            return {"Fn::Sub": re.sub(r"\$\{([\w:]+)\}", put, text)}
    return {key: with_values(value, values) for key, value in node.items()}


def rendered(value):
    """Returns a resource of a policy as text."""
    match value:
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{name}.{attribute}"
        case {"Ref": text} | {"Fn::Sub": str(text)} | str(text):
            return text
        case {"Fn::If": [_, found, ""]}:
            return rendered(found)
    raise AssertionError(f"not foreseen here: {value}")
