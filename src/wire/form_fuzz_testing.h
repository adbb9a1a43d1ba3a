// What must hold of a provider's form, whatever bytes its provider sends: for fuzzers.
// Thread rule: one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/sse.h"
#include "json/scan.h"
#include "wire/chat_answer.h"
#include "wire/provider_form.h"

namespace weir::wire {

class FormFuzz {
  public:
    explicit FormFuzz(const ProviderForm& form) : form_(form) {}

    static void require(bool condition) {
        if (!condition) std::abort();
    }
    // What was nested as deep as it may be is nested deeper in another form. false: so it is.
    static bool require_object(std::string_view text) {
        std::vector<json::Member> members;
        const Result<void> checked = json::members(text, members);
        require(checked || checked.error().code == ErrorCode::too_large);
        return checked.has_value();
    }
    static ProviderExchange an_exchange() {
        ProviderExchange exchange;
        exchange.request_id = "00000000000000ab";
        exchange.created_unix_s = 1;
        exchange.model = "m";
        return exchange;
    }

    // A body is a chat answer, or an error and nothing. Returns the answer; empty: there is none that can be read.
    std::string body(std::string_view input) const {
        std::string out;
        const Result<void> done = form_.body_to_chat(input, an_exchange(), out);
        if (!done) {
            require(done.error().code == ErrorCode::protocol && out.empty());
            return "";
        }
        if (!require_object(out)) return "";
        require(read_chat_answer(out).has_value());
        return out;
    }

    // A stream is the same however it is cut, and has a [DONE], its last event, only where it is whole; what is whole
    // is a chat answer, which is returned (else nothing).
    std::string stream(std::string_view input, std::size_t piece) const {
        const Told told = translated(input, input.size());
        require(told == translated(input, piece));
        http::SseSplitter splitter;
        splitter.feed(told.out);
        http::SseSplitter::Event event;
        bool done = false;
        bool shallow = true;
        while (splitter.next(event) == http::SseSplitter::State::event) {
            if (event.data.empty()) continue;
            require(!done);
            done = event.data == "[DONE]";
            if (!done) shallow &= require_object(event.data);
        }
        require(splitter.pending() == 0 && done == told.whole);
        ChatStream chat({.keep = true});
        std::string relayed;
        const Result<void> fed = chat.feed(told.out, relayed);
        require((fed && relayed == told.out) || !shallow);
        if (!told.whole || !shallow) return "";
        const Result<std::string> body = chat.body();
        if (!body || !require_object(*body)) return "";
        require(read_chat_answer(*body).has_value());
        return *body;
    }

  private:
    struct Told {
        std::string out;
        bool fed = true, whole = false;
        friend bool operator==(const Told&, const Told&) = default;
    };

    Told translated(std::string_view input, std::size_t piece) const {
        const ProviderExchange exchange = an_exchange();
        const auto stream = form_.stream_to_chat(exchange);
        Told told;
        while (!input.empty() && told.fed) {
            const std::size_t size = std::min(piece, input.size());
            // Pieces of exactly this size, so that AddressSanitizer sees what is read behind them.
            const std::vector<char> bytes(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
            input.remove_prefix(size);
            told.fed = stream->feed({bytes.data(), bytes.size()}, told.out).has_value();
        }
        told.whole = told.fed && stream->end(told.out).has_value();
        return told;
    }

    const ProviderForm& form_;
};

}  // namespace weir::wire
