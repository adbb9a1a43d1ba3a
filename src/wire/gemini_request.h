// Internal to the Gemini form: what its requests are made of.
// Thread rule: plain values and pure functions. Limits: names of functions kMaxFunctionName bytes.
#pragma once

#include <string>
#include <string_view>

#include "wire/strict_object.h"

namespace weir::wire::gemini {

// Gemini's own limit. It also bounds the request: a name is repeated with each of its results.
constexpr std::size_t kMaxFunctionName = 128;

// The members of an object under construction.
class Fields {
  public:
    // The caller appends the value.
    std::string& name(std::string_view key) {
        if (!text_.empty()) text_ += ',';
        text_ += '"';
        text_ += key;
        text_ += "\":";
        return text_;
    }
    void add(std::string_view key, std::string_view raw) { name(key) += raw; }
    // Where there is one.
    void copy(std::string_view key, std::string_view raw) {
        if (!raw.empty()) add(key, raw);
    }
    bool empty() const { return text_.empty(); }
    const std::string& text() const { return text_; }  // without the braces

  private:
    std::string text_;
};

// A string's inside, as it is spelled.
inline std::string_view inside(std::string_view raw) {
    return raw.substr(1, raw.size() - 2);
}

// Null, false, "", [] and {}: members that say nothing.
bool says_nothing(std::string_view raw);

// extra_content.google.thought_signature as it is spelled; empty where there is none.
std::string_view signature_in(std::string_view document, json::Span extra_content);

// `contents` and, without their braces, the parts of systemInstruction (none: empty).
Result<void> write_conversation(StrictReader& in, json::Span messages, std::string_view model, std::string& contents,
                                std::string& system_parts);

// A part of a user's content: text, image_url, input_audio, file. Appends one part of Gemini's, or nothing where it is
// left out.
Result<void> write_part(StrictReader& in, json::Walk& part, const Path& path, std::string& out);
// An image among the assistant's own (`images`), with its signature.
Result<void> write_image(StrictReader& in, json::Walk& image, const Path& path, std::string& out);

// The members that tools are asked with, empty where there are none.
struct ToolMembers {
    json::Span tools, choice, parallel, web_search;
    json::Span native;  // extra_body.google.tools, at native_path
    const Path* native_path = nullptr;
};
// Values of `tools` and `toolConfig`; empty: none. `own`: there are tools of Google's own.
Result<void> write_tools(StrictReader& in, const ToolMembers& given, std::string& tools, std::string& config,
                         bool& own);

}  // namespace weir::wire::gemini
