#!/usr/bin/env python3
"""Tests of check_layers.py: scripts/check_layers_test.py"""
import os
import tempfile
import unittest

import check_layers


class Layers(unittest.TestCase):
    def problems(self, files):
        with tempfile.TemporaryDirectory() as top:
            for path, text in files.items():
                os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
                with open(os.path.join(top, path), "w") as f:
                    f.write(text)
            return [(path, line) for path, line, _ in check_layers.check(top)]

    def test_down_and_sideways_is_right(self):
        self.assertEqual(self.problems({"base/a.h": "", "http/b.h": '#include "base/a.h"\n', "main.cpp": '#include "http/b.h"\n',
                                        "http/deep/c.cpp": '#include "http/b.h"\n#include <vector>\n'}), [])

    def test_up_is_wrong_wherever_it_stands(self):
        self.assertEqual(self.problems({"base/a.h": '\n  #  include "http/b.h"\n', "http/b.h": ""}), [("base/a.h", 2)])
        self.assertEqual(self.problems({"store/x_test.cpp": '#include "admin/y.h"\n', "admin/y.h": ""}),
                         [("store/x_test.cpp", 1)])

    def test_what_is_not_there(self):
        self.assertEqual(self.problems({"base/a.cpp": '#include "a.h"\n#include "base/none.h"\n'}),
                         [("base/a.cpp", 1), ("base/a.cpp", 2)])
        self.assertEqual(self.problems({"cellar/a.cpp": ""}), [("cellar/a.cpp", 1)])

    def test_asio_in_net_only(self):
        self.assertEqual(self.problems({"net/a.h": "#include <boost/asio.hpp>\n#include <boost/beast/http.hpp>\n"}), [])
        for name in ("boost/asio.hpp", "boost/asio/ip/tcp.hpp", "boost/beast/http/parser.hpp", "asio.hpp"):
            self.assertEqual(self.problems({"http/a.h": "#include <%s>\n" % name}), [("http/a.h", 1)], name)

    def test_coroutines_that_are_compiled_wrongly(self):
        for code in ("if (co_await f()) g();", "while (!co_await f(a(b))) {}", "x = co_await f(a ? b : c);", "co_await f(a &&\n b);"):
            self.assertEqual(self.problems({"net/a.cpp": "\n" + code + "\n"}), [("net/a.cpp", 2)], code)
        fine = 'if (a && b) co_await f(c);\nconst bool d = co_await g("a ? b");  // co_await x ? y : z;\nif (d) co_return co_await h();\n'
        self.assertEqual(self.problems({"net/a.cpp": fine}), [])

    def test_slow_libraries_in_one_cpp(self):
        self.assertEqual(self.problems({"cli/a.cpp": "#include <CLI/CLI.hpp>\n#include <CLI/App.hpp>\n"}), [])
        self.assertEqual(self.problems({"cli/a.h": "#include <spdlog/spdlog.h>\n"}), [("cli/a.h", 1)])
        self.assertEqual(self.problems({"cli/a.cpp": "#include <yaml-cpp/yaml.h>\n", "cli/b.cpp": "#include <yaml-cpp/yaml.h>\n"}),
                         [("cli/b.cpp", 1)])


if __name__ == "__main__":
    unittest.main()
