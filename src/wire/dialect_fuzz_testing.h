// What must hold of every dialect, whatever bytes it is given: for fuzzers.
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "json/scan.h"
#include "wire/chat_answer.h"
#include "wire/chat_request.h"
#include "wire/dialect.h"

namespace weir::wire {

class DialectFuzz {
  public:
    explicit DialectFuzz(const Dialect& dialect) : dialect_(dialect) {
        echo_.request_id = "00000000000000ab";
        echo_.created_unix_s = 1;
    }

    // The first byte says what the rest is: a request, the body of an answer, or a stream, and how that is cut.
    void run(const std::uint8_t* data, std::size_t size) {
        if (size == 0) return;
        const std::vector<char> exact(data + 1, data + size);
        const std::string_view input =
            exact.empty() ? std::string_view("") : std::string_view(exact.data(), exact.size());
        switch (data[0] % 4) {
            case 0:
            case 1:
                return request(input);
            case 2:
                return body(input);
            default:
                return stream(input, 1 + data[0] / 4);
        }
    }

  private:
    static void require(bool condition) {
        if (!condition) std::abort();
    }
    // What was nested as deep as it may be is nested deeper in another form.
    static void require_object(std::string_view text) {
        std::vector<json::Member> members;
        const Result<void> checked = json::members(text, members);
        require(checked || checked.error().code == ErrorCode::too_large);
    }
    static void require_events(std::string_view text) {
        http::SseSplitter splitter;
        splitter.feed(text);
        http::SseSplitter::Event event;
        while (splitter.next(event) == http::SseSplitter::State::event) {
            if (!event.data.empty() && event.data != "[DONE]") require_object(event.data);
        }
        require(splitter.pending() == 0);
    }

    void request(std::string_view input) {
        std::string chat, param;
        Echo echo = echo_;
        const Result<void> done = dialect_.request_to_chat(input, param, chat, echo);
        if (!done) {
            require(done.error().code == ErrorCode::invalid && !done.error().message.empty() && chat.empty());
            return;
        }
        require_object(chat);
        require(chat.size() <= kMaxGrowth * (input.size() + 64));
        std::string chat_param;
        // What a dialect leaves to be checked there is the model, and members that both APIs have.
        const Result<ChatRequest> parsed = parse_chat_request(chat, chat_param);
        require(parsed.has_value() || chat_param != "messages");
        echo_.notes = echo.notes;
        body(R"({"id":"chatcmpl-1","choices":[{"message":{"content":"a"},"finish_reason":"stop"}]})");
    }

    void body(std::string_view input) {
        std::string out;
        if (!dialect_.body_from_chat(input, echo_, out)) return;
        require_object(out);
        std::string events;
        if (body_to_dialect_stream(dialect_, input, echo_, events)) require_events(events);
    }

    std::string translated(std::string_view input, std::size_t piece) {
        const auto translator = dialect_.stream_from_chat(echo_, std::nullopt);
        std::string out;
        bool fed = true;
        while (!input.empty() && fed) {
            const std::size_t size = std::min(piece, input.size());
            const std::vector<char> bytes(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
            input.remove_prefix(size);
            fed = translator->feed({bytes.data(), bytes.size()}, out).has_value();
        }
        if (!fed) translator->break_off({502, "gone", "server_error", "", ""}, out);
        return out;
    }

    void stream(std::string_view input, std::size_t piece) {
        const std::string whole = translated(input, input.size());
        require(whole == translated(input, piece));
        // Comments pass as they are, and may be anything.
        bool comments = input.starts_with(':');
        for (const std::string_view end : {"\n:", "\r:"}) comments |= input.find(end) != std::string_view::npos;
        if (!comments) require_events(whole);
    }

    const Dialect& dialect_;
    Echo echo_;
};

}  // namespace weir::wire
