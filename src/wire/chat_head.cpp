#include "wire/chat_head.h"

#include "json/scan.h"
#include "wire/raw_text.h"

namespace weir::wire {
void append_chat_head(std::string_view object, const ChatHead& head, const ProviderExchange& exchange,
                      std::string& out) {
    out += R"({"id":)";
    if (is_text(head.raw_id)) {
        out += head.raw_id;
    } else {
        out += R"("chatcmpl-)" + exchange.request_id + '"';
    }
    out += R"(,"object":")";
    out += object;
    out += R"(","created":)" + std::to_string(exchange.created_unix_s) + R"(,"model":)";
    if (is_text(head.raw_model)) {
        out += head.raw_model;
    } else {
        json::write_string(exchange.model, out);
    }
    out += ',';
    if (is_text(head.raw_tier)) {
        out += R"("service_tier":)";
        out += head.raw_tier;
        out += ',';
    }
}

}  // namespace weir::wire
