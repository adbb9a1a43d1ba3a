// Errors of Messages, in OpenAI's words.
#include <array>
#include <vector>

#include "json/scan.h"
#include "wire/anthropic_answer.h"
#include "wire/anthropic_form.h"

namespace weir::wire::anthropic {
namespace {

struct Row {
    std::string_view theirs, type, code;
    unsigned status;  // that they go with
};
constexpr std::array<Row, 11> kRows = {{
    {"invalid_request_error", "invalid_request_error", "", 400},
    {"authentication_error", "authentication_error", "invalid_api_key", 401},
    {"billing_error", "insufficient_quota", "insufficient_quota", 402},
    {"permission_error", "permission_error", "", 403},
    {"not_found_error", "invalid_request_error", "model_not_found", 404},
    {"conflict_error", "invalid_request_error", "", 409},
    {"request_too_large", "invalid_request_error", "request_too_large", 413},
    {"rate_limit_error", "rate_limit_error", "rate_limit_exceeded", 429},
    {"api_error", "server_error", "upstream_error", 500},
    {"timeout_error", "server_error", "timeout", 504},
    {"overloaded_error", "server_error", "overloaded", 529},
}};

const Row* row_of_status(unsigned status) {
    for (const Row& row : kRows) {
        if (row.status == status) return &row;
    }
    return status >= 400 && status < 500 ? &kRows.front() : nullptr;
}

// error.type, raw; empty: there is none.
std::string_view type_in(std::string_view document) {
    std::vector<json::Member> members;
    if (!json::members(document, members)) return {};
    for (const json::Member& member : members) {
        if (member.key != "error" || !json::is_object(member.raw(document))) continue;
        if (const auto type = json::find_member(document, member.value, "type")) return type->of(document);
    }
    return {};
}

}  // namespace

ApiError error_in(unsigned status, std::string_view document) {
    const std::string_view type = type_in(document);
    const Row* row = nullptr;
    for (const Row& one : kRows) {
        if (json::string_equals(type, one.theirs)) row = &one;
    }
    if (row == nullptr) row = row_of_status(status);
    ApiError error{status, upstream_message(document), "server_error", "upstream_error", ""};
    if (row != nullptr) {
        error.type = row->type;
        error.code = row->code;
        if (status == 0) error.status = row->status;
    }
    // What OpenAI's clients look for.
    if (error.message.starts_with("prompt is too long")) error.code = "context_length_exceeded";
    if (error.status == 0) error.status = 502;
    if (error.status == 529) error.status = 503;  // which the callers' libraries know, and try again
    return error;
}

ApiError error_of(unsigned status, std::string_view body) {
    return error_in(status, body);
}

}  // namespace weir::wire::anthropic
