"""LangChain's clients of OpenAI (chat, Responses, embeddings) and Anthropic see no difference."""

import unittest

from conformance import pair_case


class LangChain(pair_case.PairCase):
    kind = "langchain"
    program = "client_langchain.py"


if __name__ == "__main__":
    unittest.main()
