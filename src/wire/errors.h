// Errors in OpenAI's form, and the list of models.
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::wire {

struct ApiError {
    unsigned status = 500;
    std::string message = {};
    std::string type = {};   // invalid_request_error, authentication_error, rate_limit_error, server_error ...
    std::string code = {};   // empty: null
    std::string param = {};  // empty: null
};

// {"error":{"message":..,"type":..,"param":..,"code":..}}
std::string render_error(const ApiError& error);
// The same as an event of a stream: "data: {...}\n\n".
std::string render_error_event(const ApiError& error);

// The message inside an upstream's error body, whatever its form ({"error":{"message"}}, {"error":"..."}, {"message"},
// {"detail"}, any of them in an array, plain text; where none is found, the body as it is); cut at 2,000 bytes on a
// UTF-8 border, control bytes replaced by spaces, white space around it dropped.
std::string upstream_message(std::string_view body);

// The type and the code that a body or an event in OpenAI's form states of its error, into `error`, where they are
// non-empty strings: clients look for them. Its param names a member of the request that the upstream got.
void take_type_and_code(std::string_view body, ApiError& error);

struct ModelEntry {
    std::string id;
    std::string owned_by;
};
// GET /v1/models: {"object":"list","data":[{"id","object":"model","created","owned_by"}]}
std::string render_models(std::span<const ModelEntry> models, std::int64_t created_unix_s);
// GET /v1/models/{id}
std::string render_model(const ModelEntry& model, std::int64_t created_unix_s);
// The same as Anthropic tells them: all on one page, made at the epoch, which is its word for a time not known.
std::string render_anthropic_models(std::span<const ModelEntry> models);
std::string render_anthropic_model(const ModelEntry& model);

}  // namespace weir::wire
