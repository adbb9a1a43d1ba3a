#include "wire/errors.h"

#include "json/scan.h"

namespace weir::wire {
namespace {

constexpr std::size_t kMaxMessageBytes = 2000;
constexpr std::size_t kMaxWordBytes = 128;  // of a type or a code

void write_or_null(std::string_view text, std::string& out) {
    if (text.empty()) {
        out += "null";
    } else {
        json::write_string(text, out);
    }
}

void write_model(const ModelEntry& model, std::int64_t created_unix_s, std::string& out) {
    out += R"({"id":)";
    json::write_string(model.id, out);
    out += R"(,"object":"model","created":)" + std::to_string(created_unix_s) + R"(,"owned_by":)";
    json::write_string(model.owned_by, out);
    out += '}';
}

void write_anthropic_model(const ModelEntry& model, std::string& out) {
    out += R"({"type":"model","id":)";
    json::write_string(model.id, out);
    out += R"(,"display_name":)";
    json::write_string(model.id, out);
    out += R"(,"created_at":"1970-01-01T00:00:00Z"})";
}

// The text of the first of `names` that says something, looked for in objects in `value`, in the first element of an
// array, and taken as it is from a string.
std::string first_text(std::string_view document, json::Span value, std::size_t depth) {
    const std::string_view raw = value.of(document);
    if (json::is_string(raw)) return json::as_string(raw).value_or("");
    if (depth == 0) return "";
    if (json::is_array(raw)) {
        json::Walk first(document, value);
        return first.next() ? first_text(document, first.value(), depth - 1) : "";
    }
    for (const std::string_view name : {"error", "message", "detail", "msg"}) {
        if (const auto found = json::find_member(document, value, name)) {
            std::string text = first_text(document, *found, depth - 1);
            if (!text.empty()) return text;
        }
    }
    return "";
}

void cut(std::string& text) {
    if (text.size() > kMaxMessageBytes) {
        std::size_t end = kMaxMessageBytes;
        while (end > kMaxMessageBytes - 4 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
        text.resize(end);
    }
    for (char& byte : text) {
        if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F) byte = ' ';
    }
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string::npos) {
        text.clear();
        return;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text.erase(0, begin);
}

}  // namespace

std::string render_error(const ApiError& error) {
    std::string out = R"({"error":{"message":)";
    json::write_string(error.message, out);
    out += R"(,"type":)";
    json::write_string(error.type, out);
    out += R"(,"param":)";
    write_or_null(error.param, out);
    out += R"(,"code":)";
    write_or_null(error.code, out);
    out += "}}";
    return out;
}

std::string render_error_event(const ApiError& error) {
    return "data: " + render_error(error) + "\n\n";
}

std::string upstream_message(std::string_view body) {
    // Wrapped, so that a body that is an array or a string is read by the same scan.
    const std::string document = "{\"body\":" + std::string(body) + "}";
    std::vector<json::Member> members;
    std::string text;
    if (json::members(document, members) && members.size() == 1) {
        text = first_text(document, members[0].value, 5);
    }
    if (text.empty()) text = body;
    cut(text);
    return text;
}

void take_type_and_code(std::string_view body, ApiError& error) {
    std::vector<json::Member> members;
    if (!json::members(body, members)) return;
    for (const json::Member& member : members) {
        if (member.key != "error") continue;
        for (json::Walk part(body, member.value); part.next();) {
            std::string* const to = part.key_is("type") ? &error.type : part.key_is("code") ? &error.code : nullptr;
            if (to == nullptr || !json::is_string(part.raw()) || part.raw().size() > kMaxWordBytes) continue;
            std::string said = json::as_string(part.raw()).value_or("");
            if (!said.empty()) *to = std::move(said);
        }
    }
}

std::string render_models(std::span<const ModelEntry> models, std::int64_t created_unix_s) {
    std::string out = R"({"object":"list","data":[)";
    for (const ModelEntry& model : models) {
        if (&model != models.data()) out += ',';
        write_model(model, created_unix_s, out);
    }
    out += "]}";
    return out;
}

std::string render_model(const ModelEntry& model, std::int64_t created_unix_s) {
    std::string out;
    write_model(model, created_unix_s, out);
    return out;
}

std::string render_anthropic_models(std::span<const ModelEntry> models) {
    std::string out = R"({"data":[)";
    for (const ModelEntry& model : models) {
        if (&model != models.data()) out += ',';
        write_anthropic_model(model, out);
    }
    out += R"(],"has_more":false,"first_id":)";
    write_or_null(models.empty() ? std::string_view() : models.front().id, out);
    out += R"(,"last_id":)";
    write_or_null(models.empty() ? std::string_view() : models.back().id, out);
    out += '}';
    return out;
}

std::string render_anthropic_model(const ModelEntry& model) {
    std::string out;
    write_anthropic_model(model, out);
    return out;
}

}  // namespace weir::wire
