"""The official OpenAI client for Node sees no difference between the provider and the gateway."""

import os

from conformance import sdk_case


class Node(sdk_case.SdkCase):
    kind = "node"

    @classmethod
    def command(cls, base_url):
        return ["node", os.path.join(sdk_case.HERE, "client_node.mjs"), base_url, cls.installed]


if __name__ == "__main__":
    import unittest

    unittest.main()
