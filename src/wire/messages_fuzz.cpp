// Requests of Anthropic Messages, and chat bodies and streams on their way into its form, of arbitrary bytes: no crash;
// what is accepted is a chat request of bounded size, and what is told keeps the API's grammar, however it is cut.
#include <cstdint>
#include <cstdlib>

#include "wire/chat_answer.h"
#include "wire/chat_request.h"
#include "wire/messages.h"
#include "wire/messages_testing.h"

namespace {

using namespace weir;
using namespace weir::wire;

void require(bool condition) {
    if (!condition) std::abort();
}

Echo an_echo(std::string_view body) {
    Echo echo;
    echo.request_id = "00000000000000ab";
    echo.body = body;
    return echo;
}

void check_request(std::string_view body) {
    Echo echo = an_echo("");
    std::string param;
    std::string chat;
    const Result<void> done = anthropic_messages().request_to_chat(body, param, chat, echo);
    if (!done) {
        require(done.error().code == ErrorCode::invalid && !done.error().message.empty() && chat.empty());
        return;
    }
    require(chat.size() <= kMaxGrowth * body.size() && echo.body == body);
    std::vector<json::Member> members;
    const Result<void> checked = json::members(chat, members);
    // A schema that was nested as deep as it may be is nested deeper now.
    require(checked || checked.error().code == ErrorCode::too_large);
    if (!checked) return;
    const Result<ChatRequest> parsed = parse_chat_request(chat, param);
    require(parsed || param == "model" || param == "stream" || param == "temperature");
}

void check_answer(std::string_view body) {
    if (!read_chat_answer(body)) return;
    const Echo echo = an_echo(R"({"model":"m"})");
    std::string whole;
    if (!anthropic_messages().body_from_chat(body, echo, whole)) return;
    std::vector<json::Member> members;
    const Result<void> checked = json::members(whole, members);
    require(checked || checked.error().code == ErrorCode::too_large);
    std::string events;
    if (!body_to_dialect_stream(anthropic_messages(), body, echo, events)) return;
    const messages::Accumulated told = messages::Accumulator::run(events);
    require(told.problem.empty() || !checked);
}

void check_stream(std::string_view events) {
    const Echo echo = an_echo(R"({"model":"m"})");
    std::string first;
    for (const std::size_t piece : {events.size() + 1, std::size_t{1}, std::size_t{13}}) {
        const auto translator = anthropic_messages().stream_from_chat(echo, std::nullopt);
        std::string out;
        Result<void> fed;
        for (std::string_view rest = events; !rest.empty() && fed;) {
            fed = translator->feed(rest.substr(0, piece), out);
            rest.remove_prefix(std::min(piece, rest.size()));
        }
        translator->break_off({502, "x", "server_error", "", ""}, out);
        // Where it broke off is told by the same event, but what came before in the same piece may wait or not.
        if (piece > events.size()) first = out;
        require(first == out);
        require(messages::Accumulator::run(out).problem.empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<char> exact;
    exact.reserve(size == 0 ? 1 : size);
    exact.assign(data, data + size);
    const std::string_view bytes(exact.data(), exact.size());
    check_request(bytes);
    check_answer(bytes);
    check_stream(bytes);
    return 0;
}
