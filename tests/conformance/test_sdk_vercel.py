"""The Vercel AI SDK and its providers of OpenAI (chat, Responses, embeddings), OpenAI-compatible servers and Anthropic
see no difference."""

import unittest

from conformance import pair_case


class Vercel(pair_case.PairCase):
    kind = "vercel"
    program = "client_vercel.mjs"


if __name__ == "__main__":
    unittest.main()
