#include "wire/responses.h"

#include "wire/responses_answer.h"
#include "wire/responses_request.h"

namespace weir::wire {
namespace {

class ResponsesDialect final : public Dialect {
  public:
    std::string_view name() const override { return "openai.responses"; }

    Result<void> request_to_chat(std::string_view body, std::string& error_param, std::string& chat_body,
                                 Echo& echo) const override {
        echo.body = body;
        return responses_to_chat(body, error_param, chat_body, echo.notes);
    }

    Result<void> body_from_chat(std::string_view chat_body, const Echo& echo, std::string& out) const override {
        return response_from_chat(chat_body, echo, out);
    }

    std::unique_ptr<StreamTranslator> stream_from_chat(const Echo& echo, const std::optional<Usage>&) const override {
        return response_stream(echo);
    }

    std::string render_error(const ApiError& error, std::string_view) const override {
        return wire::render_error(error);
    }
};

}  // namespace

const Dialect& responses_dialect() {
    static const ResponsesDialect dialect;
    return dialect;
}

}  // namespace weir::wire
