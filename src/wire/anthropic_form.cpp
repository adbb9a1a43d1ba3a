#include "wire/anthropic_form.h"

namespace weir::wire {
namespace {

class Form final : public ProviderForm {
  public:
    std::string_view name() const override { return "anthropic.messages"; }
    void append_path(const ProviderExchange&, std::string&) const override {}
    KeyHeader key_header() const override { return {"x-api-key", ""}; }
    Result<void> request_from_chat(std::string_view, std::string&, ProviderExchange&, std::string&) const override {
        return fail(ErrorCode::invalid, "not there yet");
    }
    Result<void> body_to_chat(std::string_view, const ProviderExchange&, std::string&) const override {
        return fail(ErrorCode::protocol, "not there yet");
    }
    std::unique_ptr<ProviderStream> stream_to_chat(const ProviderExchange&) const override { return nullptr; }
    ApiError error_of(unsigned status, std::string_view body) const override {
        return {status, upstream_message(body), "server_error", "upstream_error", ""};
    }
};

}  // namespace

const ProviderForm& anthropic_form() {
    static const Form form;
    return form;
}

}  // namespace weir::wire
