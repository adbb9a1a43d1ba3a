#include "cli/log_sink.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <regex>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace weir::cli;

namespace {

// What is written to stderr while `body` runs.
template <class Body>
std::string captured(const Body& body) {
    std::FILE* const file = std::tmpfile();
    REQUIRE(file != nullptr);
    std::fflush(stderr);
    const int before = dup(2);
    dup2(fileno(file), 2);
    body();
    std::fflush(stderr);
    dup2(before, 2);
    close(before);
    std::rewind(file);
    std::string text(1 << 20, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    return text;
}

}  // namespace

TEST_CASE("log lines carry time and level, and the least level holds") {
    const std::string text = captured([] {
        const LogOutput output(LogLevel::info);
        log(LogLevel::debug, "unseen");
        log_info("one {} %v");
        log_warning("two");
        log_error("three");
    });
    const std::string time = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z )";
    CHECK(std::regex_match(
        text, std::regex(time + R"(info one \{\} %v\n)" + time + "warning two\n" + time + "error three\n")));
}

TEST_CASE("a message is one line of bounded length") {
    const std::string text = captured([] {
        const LogOutput output(LogLevel::info);
        log_info("forged\n2025-01-01T00:00:00.000Z error \x1B[31mred\r\x7F");
        log_info(std::string(100'000, 'x'));
    });
    CHECK(std::count(text.begin(), text.end(), '\n') == 2);
    CHECK(text.find("info forged 2025-01-01T00:00:00.000Z error  [31mred  \n") != std::string::npos);
    CHECK(text.find(std::string(4096, 'x') + "\n") != std::string::npos);
    CHECK(text.find(std::string(4097, 'x')) == std::string::npos);
}

TEST_CASE("nothing waits for the writer: what is too much is lost and counted") {
    constexpr int kThreads = 4, kLines = 5'000;
    const std::string text = captured([] {
        const LogOutput output(LogLevel::info);
        std::vector<std::jthread> threads;
        for (int i = 0; i < kThreads; ++i) {
            threads.emplace_back([] {
                for (int n = 0; n < kLines; ++n) log_info("line");
            });
        }
    });
    const auto written = std::count(text.begin(), text.end(), '\n');
    std::smatch lost;
    if (std::regex_search(text, lost, std::regex(R"((\d+) log lines were lost)"))) {
        // The line that tells may itself push out one more.
        const long known = written - 1 + std::stol(lost[1]);
        CHECK(known >= kThreads * kLines - 1);
        CHECK(known <= kThreads * kLines);
    } else {
        CHECK(written == kThreads * kLines);
    }
}

TEST_CASE("without an output, messages go nowhere") {
    const std::string text = captured([] {
        { const LogOutput output(LogLevel::error); }
        log_error("after");
    });
    CHECK(text.empty());
}
