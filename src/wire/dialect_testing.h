// For tests of the translated APIs: chat answers through a dialect, whole and as streams.
// Thread rule: pure functions and plain values.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/scan.h"
#include "wire/dialect.h"

namespace weir::wire::testing {

inline Echo echo_of_answer(std::string notes) {
    Echo echo;
    echo.request_id = "00000000000000ab";
    echo.created_unix_s = 77;
    echo.notes = std::move(notes);
    return echo;
}

inline std::string body_of(const Dialect& dialect, std::string_view chat, const Echo& echo) {
    std::string out;
    const Result<void> done = dialect.body_from_chat(chat, echo, out);
    REQUIRE_MESSAGE(done, done.error().message);
    std::vector<json::Member> members;
    REQUIRE_MESSAGE(json::members(out, members), out);
    return out;
}

struct Translated {
    std::string out;
    std::optional<Error> error;
};

// In pieces, up to the first error.
inline Translated feed_all(StreamTranslator& translator, std::string_view events, std::size_t piece) {
    Translated translated;
    while (!events.empty() && !translated.error) {
        const std::string bytes(events.substr(0, piece));
        events.remove_prefix(bytes.size());
        if (Result<void> fed = translator.feed(bytes, translated.out); !fed) translated.error = fed.error();
    }
    return translated;
}

inline const std::string kDone = "data: [DONE]\n\n";

}  // namespace weir::wire::testing
