"""CloudFormation's and API Gateway's limits, with room to double: for 120 functions and as many routes again."""

import json
import re
import unittest

from system import ALL, FILES, FUNCTION_STACKS, STACKS, all_of_type, as_list
from transformed import ROOT, names

# CloudFormation's quotas for one template.
RESOURCES = 500
PARAMETERS = 200
OUTPUTS = 200
DYNAMIC_REFERENCES = 60
BYTES = 1_000_000  # from S3, where `sam deploy` puts each template
# In one deployment, over all nested stacks.
RESOURCES_IN_ALL = 2500
# API Gateway's quotas for one HTTP API.
ROUTES = 300
INTEGRATIONS = 300
# IAM's quota for all inline policies of a role, in characters without white space.
INLINE_POLICIES = 10_240


class Limits(unittest.TestCase):
    def test_no_template_is_beyond_half_of_a_limit(self):
        for path in FILES:
            template, text = ALL[path], (ROOT / path).read_text()
            with self.subTest(path):
                self.assertLess(len(template["Resources"]), RESOURCES / 2)
                self.assertLess(len(template.get("Parameters", {})), PARAMETERS / 2)
                self.assertLess(len(template.get("Outputs", {})), OUTPUTS / 2)
                self.assertLess(json.dumps(template).count("{{resolve:"), DYNAMIC_REFERENCES / 2)
                self.assertLess(len(text.encode()), BYTES / 2)
                self.assertLess(len(json.dumps(template, indent=2).encode()), BYTES / 2, "after SAM's transform")

    def test_the_resources_of_all_stacks_are_below_half_of_what_one_deployment_takes(self):
        nested = sum(len(ALL[of["TemplateURL"]]["Resources"]) for of in STACKS.values())
        self.assertLess(len(ALL["template.yaml"]["Resources"]) + nested, RESOURCES_IN_ALL / 2)

    def test_the_api_has_room_for_routes_and_functions(self):
        self.assertLess(len(all_of_type("AWS::ApiGatewayV2::Route")), 0.8 * ROUTES)
        self.assertLess(len(all_of_type("AWS::ApiGatewayV2::Integration")), 0.8 * INTEGRATIONS)

    def test_no_role_is_beyond_half_of_what_its_inline_policies_may_take(self):
        for stack, name, role in all_of_type("AWS::IAM::Role"):
            self.assertLess(len(re.sub(r"\s", "", json.dumps(role["Policies"]))), INLINE_POLICIES / 2, (stack, name))


class Order(unittest.TestCase):
    def sorted(self, resources):
        """The names of resources in an order in which each comes after those that it refers to."""
        waits = {
            name: {other for other in [*names(resource.get("Properties", {})), *as_list(resource.get("DependsOn", []))]}
            & set(resources)
            for name, resource in resources.items()
        }
        order = []
        while free := sorted(name for name, others in waits.items() if not others - set(order)):
            order += free
            waits = {name: others for name, others in waits.items() if name not in free}
        self.assertEqual(waits, {}, "these wait for each other")
        return order

    def test_nothing_waits_for_itself(self):
        for path, template in ALL.items():
            with self.subTest(path):
                self.assertEqual(set(self.sorted(template["Resources"])), set(template["Resources"]))

    def test_no_function_is_deployed_before_the_schema_and_that_not_before_the_database(self):
        order = self.sorted(ALL["template.yaml"]["Resources"])
        functions = set(FUNCTION_STACKS) - {"Schema"}
        self.assertLess(order.index("Database"), order.index("Schema"))
        for stack in functions:
            self.assertLess(order.index("Schema"), order.index(stack), stack)
            waits_for = set(names(STACKS[stack]["Parameters"]))
            self.assertLessEqual({"Schema", "Database", "Network", "Edge", "Monitoring"}, waits_for, stack)
        self.assertFalse(set(names(STACKS["Schema"]["Parameters"])) & functions)

    def test_no_stack_but_the_system_waits_for_functions(self):
        functions = set(FUNCTION_STACKS) - {"Schema"}
        for name, of in STACKS.items():
            self.assertFalse(set(names(of.get("Parameters", {}))) & functions, name)

    def test_a_condition_of_a_stack_of_functions_reads_no_output_of_another_stack(self):
        """CloudFormation knows outputs late, and then takes them as they are: a missing one would be a condition, too."""
        for stack in FUNCTION_STACKS:
            conditions = ALL[STACKS[stack]["TemplateURL"]].get("Conditions", {})
            for parameter in names(conditions):
                self.assertNotIn("Outputs.", str(STACKS[stack]["Parameters"][parameter]), (stack, parameter))


if __name__ == "__main__":
    unittest.main()
