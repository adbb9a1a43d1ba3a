#include "json/span.h"

namespace weir::json {

void splice(std::string_view document, std::span<const Edit> edits, std::string& out) {
    std::size_t growth = document.size();
    for (const Edit& edit : edits) growth += edit.text.size();
    out.reserve(out.size() + growth);
    std::size_t done = 0;
    for (const Edit& edit : edits) {
        out += document.substr(done, edit.span.begin - done);
        out += edit.text;
        done = edit.span.end;
    }
    out += document.substr(done);
}

}  // namespace weir::json
