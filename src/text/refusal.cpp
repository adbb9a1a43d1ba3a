#include "text/refusal.h"

#include <algorithm>
#include <array>
#include <string>

namespace weir::text {
namespace {

// Small letters, one blank for a run of white space, the typographic apostrophe as the plain one.
std::string start_of(std::string_view answer) {
    constexpr std::string_view kApostrophe = "\u2019";
    std::string start;
    for (std::size_t at = 0; at < answer.size() && start.size() < kRefusalBytes; ++at) {
        const char byte = answer[at];
        if (answer.substr(at).starts_with(kApostrophe)) {
            start += '\'';
            at += kApostrophe.size() - 1;
        } else if (byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r') {
            if (!start.empty() && start.back() != ' ') start += ' ';
        } else {
            start += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
        }
    }
    return start;
}

bool is_word_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || static_cast<unsigned char>(byte) >= 0x80;
}

// Whether the phrase stands there as words of its own.
bool says(std::string_view start, std::string_view phrase) {
    for (std::size_t at = start.find(phrase); at != std::string_view::npos; at = start.find(phrase, at + 1)) {
        const std::size_t end = at + phrase.size();
        const bool begins = at == 0 || !is_word_byte(start[at - 1]);
        if (begins && (end == start.size() || !is_word_byte(start[end]))) return true;
    }
    return false;
}

}  // namespace

bool refuses(std::string_view answer) {
    constexpr std::array<std::string_view, 8> kSaid{"i'm sorry, but",      "i am sorry, but",     "i'm unable to",
                                                    "i am unable to",      "i'm not able to",     "i am not able to",
                                                    "i don't have access", "i do not have access"};
    constexpr std::array<std::string_view, 3> kUnable{"i can't ", "i cannot ", "i can not "};
    constexpr std::array<std::string_view, 16> kDeeds{"help",    "assist",  "provide", "answer", "fulfill",  "fulfil",
                                                      "comply",  "do that", "do this", "create", "generate", "write",
                                                      "discuss", "access",  "browse",  "engage"};
    constexpr std::array<std::string_view, 3> kMachines{"as an ai", "as a language model",
                                                        "as an artificial intelligence"};
    const std::string start = start_of(answer);
    const auto stands = [&start](std::string_view phrase) { return says(start, phrase); };
    if (std::any_of(kSaid.begin(), kSaid.end(), stands) || std::any_of(kMachines.begin(), kMachines.end(), stands)) {
        return true;
    }
    for (const std::string_view unable : kUnable) {
        for (const std::string_view deed : kDeeds) {
            if (stands(std::string(unable) + std::string(deed))) return true;
        }
    }
    return false;
}

}  // namespace weir::text
