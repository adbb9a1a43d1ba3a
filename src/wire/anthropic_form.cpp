#include "wire/anthropic_form.h"

namespace weir::wire {
namespace {

class Form final : public ProviderForm {
  public:
    std::string_view name() const override { return "anthropic.messages"; }
    void append_path(const ProviderExchange&, std::string& path) const override { path += "/messages"; }
    KeyHeader key_header() const override { return {"x-api-key", ""}; }
    std::string_view head_lines() const override { return "anthropic-version: 2023-06-01\r\n"; }

    bool is_last_event(const http::SseSplitter::Event& event) const override {
        const std::string type = event_type(event);
        return type == "message_stop" || type == "error";
    }

    Result<void> request_from_chat(std::string_view chat_body, std::string& error_param, ProviderExchange& exchange,
                                   std::string& out) const override {
        return anthropic::request_from_chat(chat_body, error_param, exchange, out);
    }
    Result<void> body_to_chat(std::string_view body, const ProviderExchange& exchange,
                              std::string& chat_body) const override {
        return anthropic::body_to_chat(body, exchange, chat_body);
    }
    std::unique_ptr<ProviderStream> stream_to_chat(const ProviderExchange& exchange) const override {
        return anthropic::stream_to_chat(exchange);
    }
    ApiError error_of(unsigned status, std::string_view body) const override {
        return anthropic::error_of(status, body);
    }
};

}  // namespace

const ProviderForm& anthropic_form() {
    static const Form form;
    return form;
}

}  // namespace weir::wire
