"""The official OpenAI client for Python sees no difference between the provider and the gateway."""

import os

from conformance import sdk_case


class Python(sdk_case.SdkCase):
    kind = "python"

    @classmethod
    def command(cls, base_url):
        return [cls.installed, os.path.join(sdk_case.HERE, "client_python.py"), base_url]


if __name__ == "__main__":
    import unittest

    unittest.main()
