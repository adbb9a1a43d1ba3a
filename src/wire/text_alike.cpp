#include "wire/text_alike.h"

#include <functional>
#include <optional>

#include "json/bytes.h"
#include "json/scan.h"
#include "json/utf8.h"

namespace weir::wire {
namespace {

// The characters of a string that needs no further look: UTF-8, simple escapes alone.
std::optional<std::size_t> simple_characters(std::string_view text) {
    if (!json::valid_utf8(text)) return std::nullopt;
    std::size_t count = 0;
    for (const char byte : text) count += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80;
    for (std::size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at + 2)) {
        if (at + 1 == text.size() || !json::bytes::kSimpleEscapes[static_cast<unsigned char>(text[at + 1])]) {
            return std::nullopt;
        }
        --count;
    }
    return count;
}

}  // namespace

void TextAlike::learn(const http::SseSplitter::Event& event, json::Span text) {
    const std::string_view raw = event.raw;
    const std::string_view data = event.data;
    const std::less_equal<const char*> at_most;
    const bool inside = at_most(raw.data(), data.data()) && at_most(data.data() + data.size(), raw.data() + raw.size());
    if (!inside || !raw.ends_with("\n\n") || raw.find('\r') != std::string_view::npos) return;
    const auto offset = static_cast<std::size_t>(data.data() - raw.data());
    before_ = raw.substr(0, offset + text.begin + 1);
    behind_ = raw.substr(offset + text.end - 1);
}

TextAlike::Match TextAlike::match(std::string_view bytes) const {
    if (!bytes.starts_with(before_)) return {};
    const std::size_t begin = before_.size();
    const std::size_t end = json::string_end(bytes, begin);
    if (end == std::string_view::npos || end == begin || !bytes.substr(end).starts_with(behind_)) return {};
    const std::string_view text = bytes.substr(begin, end - begin);
    const std::optional<std::size_t> characters = simple_characters(text);
    if (!characters) return {};
    return {end + behind_.size(), text, *characters};
}

}  // namespace weir::wire
