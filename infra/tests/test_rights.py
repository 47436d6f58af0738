"""What each role may do, against the table of what it needs (`rights.py`)."""

import re
import unittest

from rights import ALONE, NO_CODE, OF_ALL, OVER_DATABASE, RIGHTS, TABLE
from system import ALL, FILES, FUNCTION_STACKS, FUNCTIONS, RESOURCES, STACK_OF, as_list, of_type, policies_in
from transformed import ROOT, names, rendered


def statements(policy):
    return as_list(policy["PolicyDocument"]["Statement"])


def in_network(function):
    return function.get("VpcConfig") not in (None, {"Ref": "AWS::NoValue"})


class Rights(unittest.TestCase):
    maxDiff = None

    def role_of(self, function):
        role = FUNCTIONS[function]["Role"]["Fn::GetAtt"][0]
        self.assertEqual(role, f"{function}Role", "a role of its own")
        return FUNCTION_STACKS[STACK_OF[function]][role]["Properties"]

    def said_of(self, function):
        """All statements about a role: its own, its managed policies', and those of policies that name it."""
        role = self.role_of(function)
        said = [each for policy in role["Policies"] for each in statements(policy)]
        for arn in role["ManagedPolicyArns"]:
            said += statements(RESOURCES[arn["Ref"]]["Properties"])
        for kind in ("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"):
            for policy in of_type(kind, FUNCTION_STACKS[STACK_OF[function]]).values():
                if f"{function}Role" in names(policy.get("Roles", [policy.get("RoleName")])):
                    said += statements(policy)
        return said

    def test_each_role_is_its_row_of_the_table(self):
        self.assertEqual(set(TABLE), set(FUNCTIONS))
        for function, beyond in TABLE.items():
            with self.subTest(function):
                own = OF_ALL + beyond + ([] if function in ALONE else OVER_DATABASE)
                expected = {(action, RIGHTS[right][1]) for right in own for action in RIGHTS[right][0]}
                own_log = f"{function}Logs.Arn"  # whose name another test checks
                found = set()
                denied = []
                for statement in self.said_of(function):
                    if statement["Effect"] == "Deny":
                        denied.append(statement)
                        continue
                    self.assertEqual(set(statement), {"Effect", "Action", "Resource"})
                    for resource in map(rendered, as_list(statement["Resource"])):
                        resource = "the function's own log" if resource == own_log else resource
                        found |= {(action, resource) for action in as_list(statement["Action"])}
                self.assertEqual(found, expected)
                self.assertEqual(denied, [] if function in ALONE else [NO_CODE])

    def test_no_policy_names_a_role_of_another_stack(self):
        for path, template in ALL.items():
            for kind in ("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"):
                for name, policy in of_type(kind, template["Resources"]).items():
                    named = names(policy.get("Roles", [policy.get("RoleName")]))
                    self.assertLessEqual(set(named), set(template["Resources"]), (path, name))

    def test_only_lambda_takes_the_roles_of_functions(self):
        for function in FUNCTIONS:
            trust = self.role_of(function)["AssumeRolePolicyDocument"]["Statement"]
            principals = [(each["Action"], each["Principal"]) for each in trust]
            self.assertEqual(principals, [("sts:AssumeRole", {"Service": "lambda.amazonaws.com"})])

    def test_what_has_no_database_has_no_network(self):
        self.assertEqual({name for name, of in FUNCTIONS.items() if not in_network(of)}, set(ALONE))

    def test_a_wildcard_has_its_reason_beside_it(self):
        wildcard = re.compile(r"""\b(Action|Resource|Principal): ["'\[]*[\w-]*:?\*|Action:.*[\w]\*""")
        for path in FILES:
            deny = False
            for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
                deny = "Effect: Deny" in line or (deny and "Effect:" not in line)
                if wildcard.search(line) and not deny:
                    self.assertIn("#", line, f"{path}:{number}")

    def test_allowed_wildcards_are_few(self):
        for path, template in ALL.items():
            for name, resource in template["Resources"].items():
                for statement in policies_in(resource):
                    actions = as_list(statement["Action"])
                    if statement["Effect"] == "Allow" and any("*" in action for action in actions):
                        self.assertEqual((path, name), ("infra/network.yaml", "S3Endpoint"), actions)
                    self.assertNotIn("*", actions)
                    if statement["Effect"] == "Allow" and "*" in as_list(statement.get("Resource", [])):
                        free = RIGHTS["trace"][0] + RIGHTS["join the network"][0]
                        endpoint = (path, name) == ("infra/network.yaml", "S3Endpoint")
                        self.assertTrue(endpoint or set(actions) <= set(free), (path, name))

    def test_mail_is_sent_as_the_sender_alone(self):
        (send,) = policies_in(ALL["infra/mail.yaml"]["Resources"]["Postman"])
        self.assertEqual(send["Action"], "ses:SendRawEmail")
        allowed = [{"Ref": "Identity"}, {"Fn::Sub": "*@${Identity}"}]
        self.assertEqual(send["Condition"], {"StringLike": {"ses:FromAddress": allowed}})
