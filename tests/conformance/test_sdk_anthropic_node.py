"""Anthropic's official client for TypeScript: Messages to a provider of Messages, of chat and of generateContent."""

import unittest

from conformance import pair_case


class AnthropicNode(pair_case.PairCase):
    kind = "anthropic-node"
    program = "client_anthropic_node.mjs"
    apis = ("anthropic",)
    # It is the gateway's key that the provider refuses there, not the caller's: 502.
    different = ("error 401", "error 403")

    def test_a_refused_key_of_the_gateways_is_no_fault_of_the_callers(self):
        for case in self.different:
            self.assertEqual(self.results["direct"][case]["got"]["status"], int(case[-3:]))
            told = self.results["through"][case]["got"]
            self.assertEqual((told["class"], told["status"]), ("InternalServerError", 502))


if __name__ == "__main__":
    unittest.main()
