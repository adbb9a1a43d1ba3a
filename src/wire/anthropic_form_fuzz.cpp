// Chat requests on their way into Anthropic's form, and its bodies and streams on their way into chat and from there
// into Messages, of arbitrary bytes: no crash; what is accepted is well-formed and of bounded size.
#include "wire/anthropic_form.h"
#include "wire/chat_request.h"
#include "wire/dialect.h"
#include "wire/form_fuzz_testing.h"
#include "wire/messages.h"
#include "wire/strict_object.h"

namespace {

using namespace weir;
using namespace weir::wire;

void require(bool condition) {
    FormFuzz::require(condition);
}

void check_request(std::string_view input, bool drop) {
    std::string param;
    if (!parse_chat_request(input, param)) return;
    ProviderExchange exchange = FormFuzz::an_exchange();
    exchange.drop_unsupported = drop;
    std::string out;
    const Result<void> done = anthropic_form().request_from_chat(input, param, exchange, out);
    if (!done) {
        require(done.error().code == ErrorCode::invalid && !done.error().message.empty() && out.empty());
        return;
    }
    FormFuzz::require_object(out);
    require(out.size() <= kMaxGrowth * (input.size() + 64));
    require(exchange.dropped.size() <= (drop ? StrictReader::kMaxDropped : 0));
    for (const std::string& name : exchange.dropped) {
        for (const char byte : name) require(byte > ' ' && byte <= '~');
    }
}

void check_chat(std::string_view body) {
    if (body.empty()) return;
    Echo echo;
    echo.request_id = "00000000000000ab";
    std::string message;
    if (anthropic_messages().body_from_chat(body, echo, message)) FormFuzz::require_object(message);
}

}  // namespace

// The first byte says what the rest is, and how a stream is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::vector<char> exact(data + 1, data + size);
    const std::string_view input = exact.empty() ? std::string_view("") : std::string_view(exact.data(), exact.size());
    switch (data[0] % 4) {
        case 0:
        case 1:
            check_request(input, data[0] % 4 == 1);
            break;
        case 2:
            check_chat(FormFuzz(anthropic_form()).body(input));
            break;
        default:
            check_chat(FormFuzz(anthropic_form()).stream(input, 1 + data[0] / 4));
    }
    return 0;
}
