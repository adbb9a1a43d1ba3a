// Paths and bodies of arbitrary bytes, "PATH\nBODY": no crash, what is found lies in the body, and white space changes
// no key.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "json/scan.h"
#include "wire/field_key.h"

namespace {

using namespace weir;

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const std::size_t line = text.find('\n');
    if (line == std::string::npos) return 0;
    const std::string body = text.substr(line + 1);
    const Result<json::Path> path = json::Path::parse(std::string_view(text).substr(0, line));
    std::vector<json::Member> members;
    if (!path || !json::members(body, members)) return 0;
    std::vector<json::Span> found;
    if (path->find(body, found)) {
        for (const json::Span value : found) require(value.begin < value.end && value.end <= body.size());
    }
    std::string small;
    json::minify(body, small);
    for (const wire::FieldRules& rules :
         {wire::FieldRules{}, wire::FieldRules{{*path}, {}}, wire::FieldRules{{}, {*path}}}) {
        const Result<Digest256> wide = wire::field_digest(body, rules), narrow = wire::field_digest(small, rules);
        require(wide.has_value() == narrow.has_value());
        if (wide) require(*wide == *narrow);
    }
    return 0;
}
