#include "wire/gemini_form.h"

#include <algorithm>
#include <array>
#include <vector>

#include "json/scan.h"
#include "wire/gemini.h"

namespace weir::wire {
namespace gemini {
namespace {

// Names that say where the model stands are part of the path as they are; no segment of theirs leads elsewhere.
bool is_path(std::string_view model) {
    constexpr std::array<std::string_view, 4> kPlaces = {"models/", "tunedModels/", "publishers/", "endpoints/"};
    const bool begins =
        std::any_of(kPlaces.begin(), kPlaces.end(), [&](std::string_view place) { return model.starts_with(place); });
    if (!begins) return false;
    while (true) {
        const std::size_t slash = model.find('/');
        const std::string_view segment = model.substr(0, slash);
        if (segment.find_first_not_of('.') == std::string_view::npos) return false;
        if (slash == std::string_view::npos) return true;
        model.remove_prefix(slash + 1);
    }
}

void append_encoded(std::string_view text, bool with_slashes, std::string& out) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    for (const char byte : text) {
        const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
        if (plain || (with_slashes && byte == '/')) {
            out += byte;
            continue;
        }
        const auto value = static_cast<unsigned char>(byte);
        out += '%';
        out += kHex[value >> 4U];
        out += kHex[value & 15U];
    }
}

struct Told {
    std::string_view status, type, code;
};
// google.rpc.Code in OpenAI's words.
constexpr std::array<Told, 12> kTold = {{
    {"INVALID_ARGUMENT", "invalid_request_error", "invalid_argument"},
    {"FAILED_PRECONDITION", "invalid_request_error", "failed_precondition"},
    {"OUT_OF_RANGE", "invalid_request_error", "out_of_range"},
    {"NOT_FOUND", "invalid_request_error", "model_not_found"},
    {"UNAUTHENTICATED", "authentication_error", "invalid_api_key"},
    {"PERMISSION_DENIED", "permission_error", "permission_denied"},
    {"RESOURCE_EXHAUSTED", "rate_limit_error", "rate_limit_exceeded"},
    {"UNAVAILABLE", "server_error", "unavailable"},
    {"INTERNAL", "server_error", "internal_error"},
    {"DEADLINE_EXCEEDED", "server_error", "timeout"},
    {"CANCELLED", "server_error", "cancelled"},
    {"UNKNOWN", "server_error", "unknown"},
}};

ApiError by_status(unsigned status, std::string message) {
    ApiError error{status, std::move(message), "server_error", "upstream_error", ""};
    if (status == 429) error.type = "rate_limit_error";
    if (status == 401) error.type = "authentication_error";
    if (status == 403) error.type = "permission_error";
    if (status == 400 || status == 404 || status == 413) error.type = "invalid_request_error";
    return error;
}

// Google tells of a wrong key with status 400: the gateway's own, as no other goes up.
bool is_wrong_key(std::string_view document, json::Span details) {
    if (!json::is_array(details.of(document))) return false;
    for (json::Walk detail(document, details); detail.next();) {
        const auto reason = json::find_member(document, detail.value(), "reason");
        if (reason && json::string_equals(reason->of(document), "API_KEY_INVALID")) return true;
    }
    return false;
}

}  // namespace

void append_path(const ProviderExchange& exchange, std::string& path) {
    const bool whole = is_path(exchange.model);
    path += whole ? "/" : "/models/";
    append_encoded(exchange.model, whole, path);
    path += exchange.stream ? ":streamGenerateContent?alt=sse" : ":generateContent";
}

ApiError error_of(unsigned status, std::string_view body) {
    ApiError error = by_status(status, upstream_message(body));
    // Streams tell their errors in an array.
    const std::string document = "{\"body\":" + std::string(body) + "}";
    std::vector<json::Member> members;
    if (!json::members(document, members) || members.size() != 1) return error;
    json::Span at = members[0].value;
    if (json::is_array(at.of(document))) {
        json::Walk first(document, at);
        if (!first.next()) return error;
        at = first.value();
    }
    const auto told = json::find_member(document, at, "error");
    if (!told || !json::is_object(told->of(document))) return error;
    for (json::Walk member(document, *told); member.next();) {
        if (member.key_is("code")) {
            const std::int64_t code = json::as_int64(member.raw()).value_or(0);
            if (code >= 400 && code < 600) error.status = static_cast<unsigned>(code);
        } else if (member.key_is("status")) {
            const auto* const known = std::find_if(kTold.begin(), kTold.end(), [&](const Told& one) {
                return json::string_equals(member.raw(), one.status);
            });
            if (known == kTold.end()) continue;
            error.type = known->type;
            error.code = known->code;
        } else if (member.key_is("details") && is_wrong_key(document, member.value())) {
            return {502, "The provider refused the gateway's credentials: " + error.message, "server_error",
                    "upstream_auth", ""};
        }
    }
    return error;
}

}  // namespace gemini

namespace {

class Form final : public ProviderForm {
  public:
    std::string_view name() const override { return "gemini.generate_content"; }
    void append_path(const ProviderExchange& exchange, std::string& path) const override {
        gemini::append_path(exchange, path);
    }
    KeyHeader key_header() const override { return {"x-goog-api-key", ""}; }
    Result<void> request_from_chat(std::string_view chat_body, std::string& error_param, ProviderExchange& exchange,
                                   std::string& out) const override {
        return gemini::request_from_chat(chat_body, error_param, exchange, out);
    }
    Result<void> body_to_chat(std::string_view body, const ProviderExchange& exchange,
                              std::string& chat_body) const override {
        return gemini::body_to_chat(body, exchange, chat_body);
    }
    std::unique_ptr<ProviderStream> stream_to_chat(const ProviderExchange& exchange) const override {
        return gemini::stream_to_chat(exchange);
    }
    ApiError error_of(unsigned status, std::string_view body) const override { return gemini::error_of(status, body); }
};

}  // namespace

const ProviderForm& gemini_form() {
    static const Form form;
    return form;
}

}  // namespace weir::wire
