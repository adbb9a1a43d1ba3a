#include "cli/task_mode_text.h"

#include <doctest/doctest.h>

using weir::cli::with_task_mode;
using weir::store::Mode;

namespace {

const std::string kTask = "0123456789abcdef";

std::string set(const std::string& text, std::optional<Mode> mode, const std::string& cascade = "first") {
    return with_task_mode(text, cascade, kTask, mode).value_or("-");
}

}  // namespace

TEST_CASE("a task's mode in a cascade that has none: beside its own mode") {
    const std::string begin = "# all\ncascades:\n  first:\n    match: { model: [x] }  # these\n";
    const std::string end = "    mode: serve # really\n  second: { match: { model: y }, mode: serve }\n";
    CHECK(set(begin + end, Mode::shadow) == begin + "    tasks:\n      \"" + kTask + "\": { mode: shadow }\n" + end);
    CHECK(set(set(begin + end, Mode::shadow), {}) == begin + end);
    CHECK(set(begin + end, Mode::off, "second") == begin + "    mode: serve # really\n  second: { tasks: { \"" + kTask +
                                                       "\": { mode: off } }, match: { model: y }, mode: serve }\n");
    CHECK(set(begin + end, {}) == begin + end);
    CHECK(set(begin, Mode::shadow) == "# all\ncascades:\n  first:\n    tasks:\n      \"" + kTask +
                                          "\": { mode: shadow }\n    match: { model: [x] }  # these\n");
}

TEST_CASE("beside other tasks, and another one for the same task") {
    const std::string head = "cascades:\n  first:\n    match: { model: x }\n    tasks:\n";
    const std::string other = "      summaries: { mode: observe }  # by name\n";
    CHECK(set(head + other, Mode::serve) == head + "      \"" + kTask + "\": { mode: serve }\n" + other);
    CHECK(set(set(head + other, Mode::serve), Mode::shadow) ==
          head + "      \"" + kTask + "\": { mode: shadow }\n" + other);
    CHECK(set(set(head + other, Mode::serve), {}) == head + other);
    const std::string long_form = "      " + kTask + ":\n        mode: shadow   # for now\n";
    CHECK(set(head + long_form + other, Mode::off) ==
          head + "      " + kTask + ":\n        mode: off   # for now\n" + other);
    CHECK(set(head + long_form + other, {}) == head + other);
    CHECK(set(head + long_form, {}) == "cascades:\n  first:\n    match: { model: x }\n");
}

TEST_CASE("on one line") {
    const std::string begin = "cascades:\n  first: { match: { model: x }, tasks: {";
    CHECK(set(begin + "} }\n", Mode::off) == begin + " \"" + kTask + "\": { mode: off } } }\n");
    CHECK(set(begin + " a: { mode: off } } }\n", Mode::shadow) ==
          begin + " \"" + kTask + "\": { mode: shadow }, a: { mode: off } } }\n");
    CHECK(set(begin + " a: { mode: off }, " + kTask + ": { mode: off } } }\n", Mode::shadow) ==
          begin + " a: { mode: off }, " + kTask + ": { mode: shadow } } }\n");
    CHECK(set(begin + " " + kTask + ": { mode: off }, a: { mode: off } } }\n", {}) ==
          begin + " a: { mode: off } } }\n");
}

TEST_CASE("what is not found is not guessed") {
    CHECK(set("cascades:\n  first:\n    match: { model: x }\n", Mode::off, "third") == "-");
    CHECK(set("listen: 127.0.0.1:0\n", Mode::off) == "-");
    CHECK(set("cascades: [\n", Mode::off) == "-");
    CHECK(set("cascades:\n  first:\n    tasks:\n    match: { model: x }\n", Mode::off) == "-");
}
