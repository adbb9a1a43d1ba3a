// Random well-formed JSON for property tests and benchmarks: the same seed gives the same text.
// Thread rule: one generator a thread.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace weir::json {

class RandomJson {
  public:
    explicit RandomJson(std::uint64_t seed, bool spaces = true) : engine_(seed), spaces_(spaces) {}

    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(engine_() % bound); }

    std::string space() {
        std::string out;
        if (!spaces_) return out;
        while (below(4) == 0) out += " \n\r\t"[below(4)];
        return out;
    }

    // With its quotes; escapes, non-ASCII text and everything that has a meaning outside strings occur in it.
    std::string string() {
        static constexpr std::array<std::string_view, 24> kPieces = {"a",
                                                                     "bc",
                                                                     " ",
                                                                     ",",
                                                                     ":",
                                                                     "{",
                                                                     "}",
                                                                     "[",
                                                                     "]",
                                                                     "\\\"",
                                                                     "\\\\",
                                                                     "\\n",
                                                                     "\\/",
                                                                     "(x)",
                                                                     "\\u0041",
                                                                     "\\u00e9",
                                                                     "\\u4E2D",
                                                                     "\xC3\xA9",
                                                                     "\xE4\xB8\xAD",
                                                                     "\xF0\x9F\x98\x80",
                                                                     "C++",
                                                                     "null",
                                                                     "usage\\\":",
                                                                     "\\ud83d\\ude00"};
        std::string out = "\"";
        for (std::size_t left = below(3) == 0 ? below(40) : below(6); left > 0; --left)
            out += kPieces[below(kPieces.size())];
        return out + '"';
    }

    std::string number() {
        static constexpr std::array<std::string_view, 12> kNumbers = {"0",   "-0",   "1",     "42",   "-7",     "0.5",
                                                                      "1e3", "1E-2", "-3.25", "12.0", "123456", "2.50"};
        return std::string(kNumbers[below(kNumbers.size())]);
    }

    std::string value(std::size_t depth = 3) {
        switch (below(depth == 0 ? 5 : 8)) {
            case 0:
                return number();
            case 1:
                return "true";
            case 2:
                return "false";
            case 3:
                return "null";
            case 4:
                return string();
            case 5:
                return array(depth);
            default:
                return object(depth);
        }
    }

    std::string array(std::size_t depth = 3) {
        std::string out = "[" + space();
        for (std::size_t i = 0, count = below(5); i < count; ++i) {
            if (i > 0) out += "," + space();
            out += value(depth - 1) + space();
        }
        return out + "]";
    }

    std::string object(std::size_t depth = 3) {
        std::string out = "{" + space();
        for (std::size_t i = 0, count = below(5); i < count; ++i) {
            if (i > 0) out += "," + space();
            out += string() + space() + ":" + space() + value(depth - 1) + space();
        }
        return out + "}";
    }

    // One to three small damages (or none that matters).
    std::string mutate(std::string text) {
        static constexpr std::string_view kBytes = "{}[]\",:\\0123456789.eE+-ntfu x\n\x01\x80\xC3\xFF";
        for (std::size_t count = 1 + below(3); count > 0 && !text.empty(); --count) {
            const std::size_t at = below(text.size());
            switch (below(5)) {
                case 0:
                    text.erase(at, 1);
                    break;
                case 1:
                    text.insert(at, 1, kBytes[below(kBytes.size())]);
                    break;
                case 2:
                    text[at] = kBytes[below(kBytes.size())];
                    break;
                case 3:
                    text.insert(at, text.substr(at, 1 + below(8)));
                    break;
                default:
                    if (below(4) == 0) text.resize(at);
            }
        }
        return text;
    }

  private:
    std::mt19937_64 engine_;
    bool spaces_;
};

}  // namespace weir::json
