"""LiteLLM's SDK as a client of OpenAI's APIs (chat, Responses, embeddings) and Anthropic's sees no difference."""

import unittest

from conformance import pair_case


class LiteLlm(pair_case.PairCase):
    kind = "litellm"
    program = "client_litellm.py"


if __name__ == "__main__":
    unittest.main()
