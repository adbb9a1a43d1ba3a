"""The official OpenAI client for Node sees no difference between the provider and the gateway, and the same whichever API
is behind it."""

import os
import unittest

from conformance import pair_case, sdk_case


class Node(sdk_case.SdkCase):
    kind = "node"

    @classmethod
    def command(cls, base_url):
        return ["node", os.path.join(sdk_case.HERE, "client_node.mjs"), base_url, cls.installed]


class Pairs(pair_case.PairCase):
    kind = "node"
    program = "client_node_pairs.mjs"
    apis = ("openai",)


if __name__ == "__main__":
    unittest.main()
